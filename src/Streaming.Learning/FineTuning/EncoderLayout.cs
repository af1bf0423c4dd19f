using Streaming.Core;
using Streaming.Core.Models.Encoders;

namespace Streaming.Learning.FineTuning;

/// <summary>What an encoder is made of and how its checkpoint names the parts.</summary>
public sealed class EncoderLayout
{
    private const string Query = "query", Key = "key", Value = "value";

    private readonly CheckpointNames _names;

    private EncoderLayout(BertConfig config, CheckpointNames names) => (Config, _names) = (config, names);

    /// <summary>Roles of a layer's matrices, in the order in which they are used.</summary>
    public static IReadOnlyList<string> Matrices { get; } = [Query, Key, Value, "attention_output", "up", "down"];

    /// <summary>Roles of a layer's normalisations.</summary>
    public static IReadOnlyList<string> Norms { get; } = ["attention_norm", "output_norm"];

    /// <summary>Its shape.</summary>
    public BertConfig Config { get; }

    /// <summary>Word table, [vocabulary, embedding].</summary>
    public string Words => _names.Words;

    /// <summary>Position table, [positions, embedding]; the first token's row is the configuration's offset.</summary>
    public string PositionTable => _names.Positions;

    /// <summary>Segment table, [types, embedding]; null where the family has none.</summary>
    public string? TypeTable => Config.TokenTypes == 0 ? null : _names.TokenTypes;

    /// <summary>Stem of the normalisation behind the embeddings, [embedding].</summary>
    public string EmbeddingNorm => _names.EmbeddingNorm;

    /// <summary>Stem of the projection behind that, [hidden, embedding]; null where embeddings are as wide as hidden states.</summary>
    public string? EmbeddingProjection => Config.Embedding == Config.Hidden ? null : _names.EmbeddingProjection;

    /// <summary>Last part of the name of a normalisation's scale.</summary>
    public string NormScale => _names.NormScale;

    /// <summary>Last part of the name of a normalisation's shift.</summary>
    public string NormShift => _names.NormShift;

    /// <summary>Reads configuration and names.</summary>
    /// <exception cref="StreamingException"><c>model_config_invalid</c>, <c>model_unsupported</c>.</exception>
    public static EncoderLayout Of(EncoderCheckpoint checkpoint)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        var config = BertConfig.Parse(checkpoint.Config);
        if (config.Relative is not null || !config.HasPositionTable)
            throw new StreamingException("model_unsupported", $"The encoder is of the family '{config.Family}', whose attention reads distances; this program fine-tunes: bert, distilbert, roberta, xlm-roberta, electra. Train heads on its frozen features instead.");
        return new EncoderLayout(config, CheckpointNames.Of(config, checkpoint.Tensors.ContainsKey));
    }

    /// <summary>Stem of a part of a layer.</summary>
    public string Part(int layer, string role) => role switch
    {
        "attention_output" => _names.AttentionOutput(layer),
        "attention_norm" => _names.AttentionNorm(layer),
        "up" => _names.Up(layer),
        "down" => _names.Down(layer),
        "output_norm" => _names.OutputNorm(layer),
        _ => _names.Attention(layer, role),
    };

    /// <summary>Outputs and inputs of a matrix.</summary>
    public (int Outputs, int Inputs) SizeOf(string role) => role switch
    {
        "up" => (Config.Intermediate, Config.Hidden),
        "down" => (Config.Hidden, Config.Intermediate),
        _ => (Config.Hidden, Config.Hidden),
    };
}
