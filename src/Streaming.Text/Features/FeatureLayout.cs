using Streaming.Core;
using Streaming.Core.Models;
using Streaming.Core.Models.Bundle;
using Streaming.Text.Words;

namespace Streaming.Text.Features;

/// <summary>
/// What a head reads: hidden states of some layers, concatenated, then word-shape features. Equal layouts give equal vectors,
/// so heads that share one share the gathering too.
/// </summary>
public sealed class FeatureLayout : IEquatable<FeatureLayout>
{
    private readonly int[] _layers;

    private FeatureLayout(HeadUnit unit, int[] layers, int dimensions, bool wordShape)
    {
        _layers = layers;
        (Unit, Dimensions, HasWordShape) = (unit, dimensions, wordShape);
        Inputs = layers.Length * dimensions + (wordShape ? WordShape.Dimensions : 0);
    }

    /// <summary>Whether a vector is of a word or of a whole text.</summary>
    public HeadUnit Unit { get; }

    /// <summary>Layers to concatenate, as indices into <see cref="EncoderInfo.Layers"/>.</summary>
    public ReadOnlySpan<int> LayerIndices => _layers;

    /// <summary>Width of one layer's hidden state.</summary>
    public int Dimensions { get; }

    /// <summary>Whether <see cref="WordShape"/> features follow; words only.</summary>
    public bool HasWordShape { get; }

    /// <summary>Length of a vector: layers × dimensions, then the word shape.</summary>
    public int Inputs { get; }

    /// <summary>A layout on an encoder.</summary>
    /// <param name="encoder">What the encoder gives out.</param>
    /// <param name="unit">Word or text.</param>
    /// <param name="layers">Layer numbers as models count them (0: embeddings); each among the encoder's.</param>
    /// <param name="wordShape">Whether word-shape features follow.</param>
    /// <exception cref="StreamingException"><c>head_layer_missing</c>, <c>head_invalid</c>.</exception>
    public static FeatureLayout Create(EncoderInfo encoder, HeadUnit unit, IReadOnlyList<int> layers, bool wordShape)
    {
        ArgumentNullException.ThrowIfNull(encoder);
        ArgumentNullException.ThrowIfNull(layers);
        if (wordShape && unit == HeadUnit.Document)
            throw new StreamingException("head_invalid", "A head on whole texts can't have word_shape; set it to false in its recipe or manifest.");
        var indices = new int[layers.Count];
        for (var i = 0; i < indices.Length; i++)
        {
            var index = -1;
            for (var candidate = 0; candidate < encoder.Layers.Count; candidate++)
                index = encoder.Layers[candidate] == layers[i] ? candidate : index;
            if (index < 0)
            {
                throw new StreamingException("head_layer_missing",
                    $"A head reads layer {layers[i]}, but the encoder gives out {string.Join(", ", encoder.Layers)}; import the model again with that layer, or change the head's layers.");
            }

            indices[i] = index;
        }

        return new FeatureLayout(unit, indices, encoder.Dimensions, wordShape);
    }

    /// <inheritdoc/>
    public bool Equals(FeatureLayout? other) => other is not null && Unit == other.Unit && Dimensions == other.Dimensions
        && HasWordShape == other.HasWordShape && _layers.AsSpan().SequenceEqual(other._layers);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as FeatureLayout);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.Add(Unit);
        hash.Add(HasWordShape);
        foreach (var layer in _layers)
            hash.Add(layer);
        return hash.ToHashCode();
    }
}
