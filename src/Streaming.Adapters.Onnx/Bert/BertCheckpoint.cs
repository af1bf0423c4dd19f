using Streaming.Core;
using Streaming.Core.Models.Bundle;
using Streaming.Core.Models.Encoders;

namespace Streaming.Adapters.Onnx.Bert;

/// <summary>Weights of a checkpoint of the BERT family, read by role, however its family names them.</summary>
public sealed class BertCheckpoint
{
    private readonly ITensorSource _tensors;
    private readonly CheckpointNames _names;

    /// <summary>A checkpoint; the tensors stay the caller's and must stay open while this is used.</summary>
    public BertCheckpoint(BertConfig config, ITensorSource tensors)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(tensors);
        (Config, _tensors) = (config, tensors);
        _names = CheckpointNames.Of(config, tensors.Tensors.ContainsKey);
    }

    /// <summary>Its shape.</summary>
    public BertConfig Config { get; }

    /// <summary>Word embeddings, [vocabulary, embedding].</summary>
    public float[] WordEmbeddings() => Read(_names.Words, Config.Vocabulary, Config.Embedding);

    /// <summary>Position embeddings, [positions, embedding]; only with <see cref="BertConfig.HasPositionTable"/>.</summary>
    public float[] PositionEmbeddings() => Read(_names.Positions, Config.Positions, Config.Embedding);

    /// <summary>Segment embeddings, [token types, embedding]; empty when there are no token types.</summary>
    public float[] TokenTypeEmbeddings() => Config.TokenTypes == 0 ? [] : Read(_names.TokenTypes, Config.TokenTypes, Config.Embedding);

    /// <summary>Scale and shift of the embeddings' layer normalisation.</summary>
    public (float[] Scale, float[] Shift) EmbeddingNorm() => Norm(_names.EmbeddingNorm, Config.Embedding);

    /// <summary>The projection from embeddings to hidden states; null where they are equally wide.</summary>
    public Dense? EmbeddingProjection() => Config.Embedding == Config.Hidden ? null : Linear(_names.EmbeddingProjection, Config.Embedding, Config.Hidden);

    /// <summary>A projection of a layer's attention.</summary>
    /// <param name="layer">From 0.</param>
    /// <param name="part"><c>query</c>, <c>key</c> or <c>value</c>.</param>
    public Dense Attention(int layer, string part) => Linear(_names.Attention(layer, part), Config.Hidden, Config.Hidden);

    /// <summary>The table of distances, [2 · span, hidden], normalised if the family does; only with <see cref="BertConfig.Relative"/>.</summary>
    public float[] Distances()
    {
        var relative = Config.Relative ?? throw new InvalidOperationException("Distances were asked for of an encoder without them: this is a bug.");
        var table = Read(_names.Distances, 2 * relative.Span, Config.Hidden);
        if (!relative.NormalizesTable)
            return table;
        var (scale, shift) = Norm(_names.DistanceNorm, Config.Hidden);
        for (var row = 0; row < table.Length; row += Config.Hidden)
            Normalize(table.AsSpan(row, Config.Hidden), scale, shift);
        return table;
    }

    /// <summary>The projection of distances of a layer: its own or the content's.</summary>
    /// <param name="layer">From 0.</param>
    /// <param name="part"><c>query</c> or <c>key</c>.</param>
    public Dense DistanceAttention(int layer, string part) => Config.Relative is { SharesProjections: false }
        ? Linear(_names.DistanceAttention(layer, part), Config.Hidden, Config.Hidden)
        : Attention(layer, part);

    /// <summary>The projection behind a layer's attention.</summary>
    public Dense AttentionOutput(int layer) => Linear(_names.AttentionOutput(layer), Config.Hidden, Config.Hidden);

    /// <summary>The layer normalisation behind it.</summary>
    public (float[] Scale, float[] Shift) AttentionNorm(int layer) => Norm(_names.AttentionNorm(layer), Config.Hidden);

    /// <summary>The first feed-forward projection.</summary>
    public Dense Up(int layer) => Linear(_names.Up(layer), Config.Hidden, Config.Intermediate);

    /// <summary>The second feed-forward projection.</summary>
    public Dense Down(int layer) => Linear(_names.Down(layer), Config.Intermediate, Config.Hidden);

    /// <summary>A layer's last normalisation.</summary>
    public (float[] Scale, float[] Shift) OutputNorm(int layer) => Norm(_names.OutputNorm(layer), Config.Hidden);

    private void Normalize(Span<float> row, float[] scale, float[] shift)
    {
        double mean = 0, variance = 0;
        foreach (var value in row)
            mean += value;
        mean /= row.Length;
        foreach (var value in row)
            variance += (value - mean) * (value - mean);
        var deviation = Math.Sqrt((variance / row.Length) + Config.Epsilon);
        for (var i = 0; i < row.Length; i++)
            row[i] = (float)(((row[i] - mean) / deviation * scale[i]) + shift[i]);
    }

    private Dense Linear(string name, int inputs, int outputs)
    {
        var weight = Read($"{name}.weight", outputs, inputs);
        var transposed = new float[weight.Length];
        for (var output = 0; output < outputs; output++)
        {
            for (var input = 0; input < inputs; input++)
                transposed[(input * outputs) + output] = weight[(output * inputs) + input];
        }
        return new Dense(inputs, outputs, transposed, Read($"{name}.bias", outputs));
    }

    private (float[] Scale, float[] Shift) Norm(string name, int width) =>
        (Read($"{name}.{_names.NormScale}", width), Read($"{name}.{_names.NormShift}", width));

    private float[] Read(string name, params ReadOnlySpan<long> shape)
    {
        var values = _tensors.ReadSingles(name, shape);
        foreach (var value in values)
        {
            if (!float.IsFinite(value))
                throw new StreamingException("model_weights_invalid", $"The tensor '{name}' holds a value that is not finite. Download or train the checkpoint again.");
        }
        return values;
    }
}
