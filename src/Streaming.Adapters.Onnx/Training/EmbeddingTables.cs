using System.Numerics.Tensors;
using Streaming.Learning.FineTuning;

namespace Streaming.Adapters.Onnx.Training;

/// <summary>Looks words, positions and segments up, and brings derivatives back to the rows they came from.</summary>
internal sealed class EmbeddingTables(ParameterSet parameters)
{
    private readonly Parameter _words = parameters[parameters.Layout.Words];
    private readonly Parameter _positions = parameters[parameters.Layout.PositionTable];
    private readonly Parameter? _types = parameters.Layout.TypeTable is { } name ? parameters[name] : null;
    private readonly int _offset = parameters.Layout.Config.PositionOffset;
    private readonly int _width = (int)parameters[parameters.Layout.Words].Shape[1];

    /// <summary>Values a token.</summary>
    public int Width => _width;

    /// <summary>Whether they are learnt.</summary>
    public bool Trainable => _words.Trainable;

    /// <summary>Writes the sum of the embeddings of every place; zeros behind a row's length.</summary>
    public void Look(TrainingBatch batch, Span<float> embedded)
    {
        for (var row = 0; row < batch.Rows; row++)
        {
            for (var position = 0; position < batch.Length; position++)
            {
                var place = (row * batch.Length) + position;
                var sum = embedded.Slice(place * _width, _width);
                if (position >= batch.Lengths[row])
                {
                    sum.Clear();
                    continue;
                }
                TensorPrimitives.Add(Row(_words.Values, batch.Ids[place]), Row(_positions.Values, position + _offset), sum);
                if (_types is not null)
                    TensorPrimitives.Add(sum, Row(_types.Values, batch.TokenTypes?[place] ?? 0), sum);
            }
        }
    }

    /// <summary>Adds the derivatives of every place to those of the rows it looked up.</summary>
    public void Return(TrainingBatch batch, ReadOnlySpan<float> derivatives)
    {
        var (words, positions, types) = (_words.Adding(), _positions.Adding(), _types?.Adding());
        for (var row = 0; row < batch.Rows; row++)
        {
            for (var position = 0; position < batch.Lengths[row]; position++)
            {
                var place = (row * batch.Length) + position;
                var derivative = derivatives.Slice(place * _width, _width);
                AddTo(Row(words, batch.Ids[place]), derivative);
                AddTo(Row(positions, position + _offset), derivative);
                if (types is not null)
                    AddTo(Row(types, batch.TokenTypes?[place] ?? 0), derivative);
            }
        }
    }

    private static void AddTo(Span<float> sum, ReadOnlySpan<float> part) => TensorPrimitives.Add(sum, part, sum);

    private Span<float> Row(float[] table, int index) => table.AsSpan(index * _width, _width);
}
