using System.Globalization;
using Streaming.Core;
using Streaming.Core.Models.Encoders;

namespace Streaming.Learning.FineTuning;

/// <summary>What an encoder is made of and how its checkpoint names the parts.</summary>
public sealed class EncoderLayout
{
    private const string Query = "query", Key = "key", Value = "value";

    private readonly string _layerStem;
    private readonly IReadOnlyDictionary<string, string> _roles;

    private EncoderLayout(BertConfig config, string prefix, bool oldNorms)
    {
        Config = config;
        (NormScale, NormShift) = oldNorms ? ("gamma", "beta") : ("weight", "bias");
        Words = $"{prefix}embeddings.word_embeddings.weight";
        PositionTable = $"{prefix}embeddings.position_embeddings.weight";
        TypeTable = $"{prefix}embeddings.token_type_embeddings.weight";
        EmbeddingNorm = $"{prefix}embeddings.LayerNorm";
        _layerStem = $"{prefix}encoder.layer.";
        _roles = BertRoles;
    }

    /// <summary>Roles of a layer's matrices, in the order in which they are used.</summary>
    public static IReadOnlyList<string> Matrices { get; } = [Query, Key, Value, "attention_output", "up", "down"];

    /// <summary>Roles of a layer's normalisations.</summary>
    public static IReadOnlyList<string> Norms { get; } = ["attention_norm", "output_norm"];

    private static Dictionary<string, string> BertRoles { get; } = new(StringComparer.Ordinal)
    {
        [Query] = "attention.self.query",
        [Key] = "attention.self.key",
        [Value] = "attention.self.value",
        ["attention_output"] = "attention.output.dense",
        ["attention_norm"] = "attention.output.LayerNorm",
        ["up"] = "intermediate.dense",
        ["down"] = "output.dense",
        ["output_norm"] = "output.LayerNorm",
    };

    /// <summary>Its shape.</summary>
    public BertConfig Config { get; }

    /// <summary>Word table, [vocabulary, embedding].</summary>
    public string Words { get; }

    /// <summary>Position table, [positions, embedding].</summary>
    public string PositionTable { get; }

    /// <summary>Segment table, [types, embedding].</summary>
    public string TypeTable { get; }

    /// <summary>Stem of the normalisation behind the embeddings.</summary>
    public string EmbeddingNorm { get; }

    /// <summary>Last part of the name of a normalisation's scale.</summary>
    public string NormScale { get; }

    /// <summary>Last part of the name of a normalisation's shift.</summary>
    public string NormShift { get; }

    /// <summary>Reads configuration and names.</summary>
    /// <exception cref="StreamingException"><c>model_config_invalid</c>, <c>model_unsupported</c>.</exception>
    public static EncoderLayout Of(EncoderCheckpoint checkpoint)
    {
        var config = BertConfig.Parse(checkpoint.Config);
        if (config.Family != "bert")
            throw new StreamingException("model_unsupported", $"The encoder is of the family '{config.Family}'; this program fine-tunes: bert.");
        var names = checkpoint.Tensors;
        var prefix = names.ContainsKey("bert.embeddings.word_embeddings.weight") ? "bert." : "";
        return new EncoderLayout(config, prefix, names.ContainsKey($"{prefix}embeddings.LayerNorm.gamma"));
    }

    /// <summary>Stem of a part of a layer.</summary>
    public string Part(int layer, string role) => string.Create(CultureInfo.InvariantCulture, $"{_layerStem}{layer}.{_roles[role]}");

    /// <summary>Outputs and inputs of a matrix.</summary>
    public (int Outputs, int Inputs) SizeOf(string role) => role switch
    {
        "up" => (Config.Intermediate, Config.Hidden),
        "down" => (Config.Hidden, Config.Intermediate),
        _ => (Config.Hidden, Config.Hidden),
    };
}
