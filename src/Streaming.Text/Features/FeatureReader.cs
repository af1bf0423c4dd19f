using System.Numerics.Tensors;
using Streaming.Core.Models;
using Streaming.Text.Words;

namespace Streaming.Text.Features;

/// <summary>Gathers a head's input vectors from hidden states. The trainer and the serving model read through this one class.</summary>
public static class FeatureReader
{
    /// <summary>Writes the vector of one word: the hidden states of its first sub-word, then its shape.</summary>
    /// <param name="layout">What to read.</param>
    /// <param name="output">Hidden states of a batch.</param>
    /// <param name="row">The window's row in the batch.</param>
    /// <param name="position">The sub-word's place in the window, framing tokens counted.</param>
    /// <param name="word">The word's surface.</param>
    /// <param name="sentenceInitial">Whether a sentence begins with it.</param>
    /// <param name="destination">Receives <see cref="FeatureLayout.Inputs"/> values.</param>
    public static void ReadWord(
        FeatureLayout layout, EncoderOutput output, int row, int position, ReadOnlySpan<char> word, bool sentenceInitial, Span<float> destination)
    {
        var dimensions = layout.Dimensions;
        var at = 0;
        foreach (var layer in layout.LayerIndices)
        {
            output.Hidden(layer, row).Slice(position * dimensions, dimensions).CopyTo(destination[at..]);
            at += dimensions;
        }

        if (layout.HasWordShape)
            WordShape.Write(word, sentenceInitial, destination[at..]);
    }

    /// <summary>Writes the sum of the hidden states of a stretch of one window; a text's vector is the mean over all its tokens.</summary>
    /// <param name="layout">What to read.</param>
    /// <param name="output">Hidden states of a batch.</param>
    /// <param name="row">The window's row in the batch.</param>
    /// <param name="from">First place in the window, framing tokens counted.</param>
    /// <param name="to">Place after the last.</param>
    /// <param name="destination">Receives <see cref="FeatureLayout.Inputs"/> values.</param>
    public static void SumTokens(FeatureLayout layout, EncoderOutput output, int row, int from, int to, Span<float> destination)
    {
        var dimensions = layout.Dimensions;
        var at = 0;
        foreach (var layer in layout.LayerIndices)
        {
            var hidden = output.Hidden(layer, row);
            var sum = destination.Slice(at, dimensions);
            sum.Clear();
            for (var position = from; position < to; position++)
                TensorPrimitives.Add(sum, hidden.Slice(position * dimensions, dimensions), sum);
            at += dimensions;
        }
    }
}
