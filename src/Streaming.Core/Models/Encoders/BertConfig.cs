using System.Text.Json;

namespace Streaming.Core.Models.Encoders;

/// <summary>What <c>config.json</c> of a BERT-family checkpoint says of its shape.</summary>
public sealed record BertConfig
{
    private const int MaxConfigBytes = 1 << 20;
    private const int MaxWidth = 65_536;
    private const int MaxLayers = 256;
    private const int MaxPositions = 65_536;
    private const int MaxVocabulary = 4_000_000;

    /// <summary>Width of a hidden state.</summary>
    public required int Hidden { get; init; }

    /// <summary>Number of layers.</summary>
    public required int Layers { get; init; }

    /// <summary>Attention heads a layer.</summary>
    public required int Heads { get; init; }

    /// <summary>Width of the feed-forward part.</summary>
    public required int Intermediate { get; init; }

    /// <summary>Tokens in the vocabulary.</summary>
    public required int Vocabulary { get; init; }

    /// <summary>Longest sequence it has positions for.</summary>
    public required int Positions { get; init; }

    /// <summary>Kinds of segment.</summary>
    public required int TokenTypes { get; init; }

    /// <summary>Added to the variance in layer normalisation.</summary>
    public required float Epsilon { get; init; }

    /// <summary>Activation of the feed-forward part: <c>gelu</c> (exact), <c>gelu_new</c> (tanh) or <c>relu</c>.</summary>
    public required string Activation { get; init; }

    /// <summary>Reads a configuration.</summary>
    /// <exception cref="StreamingException"><c>model_config_invalid</c> or <c>model_unsupported</c>.</exception>
    public static BertConfig Parse(ReadOnlyMemory<byte> json)
    {
        if (json.Length > MaxConfigBytes)
            throw Invalid($"it is larger than {MaxConfigBytes} bytes");
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 16 });
        }
        catch (JsonException e)
        {
            throw new StreamingException("model_config_invalid", $"config.json is refused: {e.Message}", ExitCode.Usage, e);
        }
        using (document)
        {
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
                throw Invalid("it is not an object");
            var family = Text(root, "model_type", "");
            if (family != "bert")
                throw Unsupported("model_type", family, "bert");
            var position = Text(root, "position_embedding_type", "absolute");
            if (position != "absolute")
                throw Unsupported("position_embedding_type", position, "absolute");
            var activation = Text(root, "hidden_act", "gelu") switch
            {
                "gelu" => "gelu",
                "gelu_new" or "gelu_pytorch_tanh" => "gelu_new",
                "relu" => "relu",
                var other => throw Unsupported("hidden_act", other, "gelu, gelu_new, gelu_pytorch_tanh, relu"),
            };
            var config = new BertConfig
            {
                Hidden = Number(root, "hidden_size", MaxWidth),
                Layers = Number(root, "num_hidden_layers", MaxLayers),
                Heads = Number(root, "num_attention_heads", MaxWidth),
                Intermediate = Number(root, "intermediate_size", MaxWidth),
                Vocabulary = Number(root, "vocab_size", MaxVocabulary),
                Positions = Number(root, "max_position_embeddings", MaxPositions),
                TokenTypes = Number(root, "type_vocab_size", 256),
                Epsilon = ReadEpsilon(root),
                Activation = activation,
            };
            if (config.Hidden % config.Heads != 0)
                throw Invalid("hidden_size is not a multiple of num_attention_heads");
            return config;
        }
    }

    private static string Text(JsonElement root, string name, string absent) =>
        !root.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null ? absent
        : value.ValueKind == JsonValueKind.String ? value.GetString()!
        : throw Invalid($"{name} is not a string");

    private static int Number(JsonElement root, string name, int most) =>
        root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number
        && value.TryGetInt32(out var number) && number >= 1 && number <= most
            ? number
            : throw Invalid($"{name} must be a whole number from 1 to {most}");

    private static float ReadEpsilon(JsonElement root)
    {
        if (!root.TryGetProperty("layer_norm_eps", out var value))
            return 1e-12f;
        return value.ValueKind == JsonValueKind.Number && value.TryGetSingle(out var epsilon) && epsilon is > 0 and < 1
            ? epsilon
            : throw Invalid("layer_norm_eps must be above 0 and below 1");
    }

    private static StreamingException Invalid(string reason) =>
        new("model_config_invalid", $"config.json is refused: {reason}.");

    private static StreamingException Unsupported(string name, string value, string known) =>
        new("model_unsupported", $"config.json has {name} '{value}'; this program imports: {known}.");
}
