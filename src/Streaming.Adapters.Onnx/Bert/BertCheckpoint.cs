using Streaming.Core;
using Streaming.Core.Models.Bundle;
using Streaming.Core.Models.Encoders;

namespace Streaming.Adapters.Onnx.Bert;

/// <summary>Weights of a BERT-family checkpoint, read by role. Names with and without the <c>bert.</c> prefix are known, and the older <c>gamma</c>/<c>beta</c>.</summary>
public sealed class BertCheckpoint
{
    private readonly SafetensorsFile _file;
    private readonly string _prefix;

    /// <summary>A checkpoint; the file stays the caller's and must stay open while this is used.</summary>
    public BertCheckpoint(BertConfig config, SafetensorsFile file)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(file);
        (Config, _file) = (config, file);
        _prefix = file.Tensors.ContainsKey("bert.embeddings.word_embeddings.weight") ? "bert." : "";
    }

    /// <summary>Its shape.</summary>
    public BertConfig Config { get; }

    /// <summary>Word embeddings, [vocabulary, hidden].</summary>
    public float[] WordEmbeddings() => Read("embeddings.word_embeddings.weight", Config.Vocabulary, Config.Hidden);

    /// <summary>Position embeddings, [positions, hidden].</summary>
    public float[] PositionEmbeddings() => Read("embeddings.position_embeddings.weight", Config.Positions, Config.Hidden);

    /// <summary>Segment embeddings, [token types, hidden].</summary>
    public float[] TokenTypeEmbeddings() => Read("embeddings.token_type_embeddings.weight", Config.TokenTypes, Config.Hidden);

    /// <summary>Scale and shift of the embeddings' layer normalisation.</summary>
    public (float[] Scale, float[] Shift) EmbeddingNorm() => Norm("embeddings.LayerNorm");

    /// <summary>A projection of a layer's attention.</summary>
    /// <param name="layer">From 0.</param>
    /// <param name="part"><c>query</c>, <c>key</c> or <c>value</c>.</param>
    public Dense Attention(int layer, string part) =>
        Linear($"encoder.layer.{layer}.attention.self.{part}", Config.Hidden, Config.Hidden);

    /// <summary>The projection behind a layer's attention.</summary>
    public Dense AttentionOutput(int layer) => Linear($"encoder.layer.{layer}.attention.output.dense", Config.Hidden, Config.Hidden);

    /// <summary>The layer normalisation behind it.</summary>
    public (float[] Scale, float[] Shift) AttentionNorm(int layer) => Norm($"encoder.layer.{layer}.attention.output.LayerNorm");

    /// <summary>The first feed-forward projection.</summary>
    public Dense Up(int layer) => Linear($"encoder.layer.{layer}.intermediate.dense", Config.Hidden, Config.Intermediate);

    /// <summary>The second feed-forward projection.</summary>
    public Dense Down(int layer) => Linear($"encoder.layer.{layer}.output.dense", Config.Intermediate, Config.Hidden);

    /// <summary>A layer's last normalisation.</summary>
    public (float[] Scale, float[] Shift) OutputNorm(int layer) => Norm($"encoder.layer.{layer}.output.LayerNorm");

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

    private (float[] Scale, float[] Shift) Norm(string name)
    {
        var old = _file.Tensors.ContainsKey($"{_prefix}{name}.gamma");
        return (Read($"{name}.{(old ? "gamma" : "weight")}", Config.Hidden), Read($"{name}.{(old ? "beta" : "bias")}", Config.Hidden));
    }

    private float[] Read(string name, params ReadOnlySpan<long> shape)
    {
        var values = _file.ReadSingles(_prefix + name, shape);
        foreach (var value in values)
        {
            if (!float.IsFinite(value))
                throw new StreamingException("model_weights_invalid", $"The tensor '{_prefix}{name}' holds a value that is not finite. Download or train the checkpoint again.");
        }
        return values;
    }
}
