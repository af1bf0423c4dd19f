using System.Globalization;

namespace Streaming.Core.Models.Encoders;

/// <summary>How a family's checkpoints name an encoder's tensors: with the family's prefix or without, LayerNorm's scale and shift by either of their names.</summary>
public sealed class CheckpointNames
{
    private static readonly string[] Prefixes = ["", "bert.", "roberta.", "distilbert.", "electra.", "deberta."];

    private readonly string _prefix;
    private readonly bool _isDistilled;
    private readonly bool _isDisentangled;

    private CheckpointNames(string prefix, BertConfig config, string scale, string shift)
    {
        (_prefix, _isDistilled, _isDisentangled) = (prefix, config.Family == "distilbert", config.Relative is not null);
        (NormScale, NormShift) = (scale, shift);
    }

    /// <summary>Word table, [vocabulary, embedding].</summary>
    public string Words => $"{_prefix}embeddings.word_embeddings.weight";

    /// <summary>Position table, [positions, embedding].</summary>
    public string Positions => $"{_prefix}embeddings.position_embeddings.weight";

    /// <summary>Segment table, [types, embedding].</summary>
    public string TokenTypes => $"{_prefix}embeddings.token_type_embeddings.weight";

    /// <summary>Stem of the normalisation behind the embeddings.</summary>
    public string EmbeddingNorm => $"{_prefix}embeddings.LayerNorm";

    /// <summary>Stem of the projection from embeddings to hidden states (ELECTRA).</summary>
    public string EmbeddingProjection => $"{_prefix}embeddings_project";

    /// <summary>Table of distances, [2 · span, hidden] (DeBERTa).</summary>
    public string Distances => $"{_prefix}encoder.rel_embeddings.weight";

    /// <summary>Stem of the normalisation of the table of distances.</summary>
    public string DistanceNorm => $"{_prefix}encoder.LayerNorm";

    /// <summary>Last part of the name of a normalisation's scale.</summary>
    public string NormScale { get; }

    /// <summary>Last part of the name of a normalisation's shift.</summary>
    public string NormShift { get; }

    /// <summary>Finds out how a checkpoint names its tensors.</summary>
    /// <param name="config">Its configuration.</param>
    /// <param name="has">Whether it has a tensor of that name.</param>
    public static CheckpointNames Of(BertConfig config, Func<string, bool> has)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(has);
        var prefix = Array.Find(Prefixes, prefix => has($"{prefix}embeddings.word_embeddings.weight")) ?? "";
        return has($"{prefix}embeddings.LayerNorm.gamma") ? new CheckpointNames(prefix, config, "gamma", "beta") : new CheckpointNames(prefix, config, "weight", "bias");
    }

    /// <summary>Stem of a projection of a layer's attention.</summary>
    /// <param name="layer">From 0.</param>
    /// <param name="part"><c>query</c>, <c>key</c> or <c>value</c>.</param>
    public string Attention(int layer, string part) => _isDistilled ? Layer(layer, $"attention.{part[0]}_lin") : Layer(layer, _isDisentangled ? $"attention.self.{part}_proj" : $"attention.self.{part}");

    /// <summary>Stem of the projection of distances, where they have their own (DeBERTa).</summary>
    /// <param name="layer">From 0.</param>
    /// <param name="part"><c>query</c> or <c>key</c>.</param>
    public string DistanceAttention(int layer, string part) => Layer(layer, $"attention.self.pos_{part}_proj");

    /// <summary>Stem of the projection behind a layer's attention.</summary>
    public string AttentionOutput(int layer) => Layer(layer, _isDistilled ? "attention.out_lin" : "attention.output.dense");

    /// <summary>Stem of the normalisation behind it.</summary>
    public string AttentionNorm(int layer) => Layer(layer, _isDistilled ? "sa_layer_norm" : "attention.output.LayerNorm");

    /// <summary>Stem of the first feed-forward projection.</summary>
    public string Up(int layer) => Layer(layer, _isDistilled ? "ffn.lin1" : "intermediate.dense");

    /// <summary>Stem of the second feed-forward projection.</summary>
    public string Down(int layer) => Layer(layer, _isDistilled ? "ffn.lin2" : "output.dense");

    /// <summary>Stem of a layer's last normalisation.</summary>
    public string OutputNorm(int layer) => Layer(layer, _isDistilled ? "output_layer_norm" : "output.LayerNorm");

    private string Layer(int layer, string part) =>
        string.Create(CultureInfo.InvariantCulture, $"{_prefix}{(_isDistilled ? "transformer" : "encoder")}.layer.{layer}.{part}");
}
