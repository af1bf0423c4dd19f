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
    private const int MaxTokenTypes = 256;

    /// <summary>Family: <c>bert</c>, <c>distilbert</c>, <c>roberta</c>, <c>xlm-roberta</c>, <c>electra</c> or <c>deberta-v2</c>. MiniLM is a BERT or, in its multilingual form, an XLM-RoBERTa.</summary>
    public required string Family { get; init; }

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

    /// <summary>Width of an embedding; below <see cref="Hidden"/> a projection follows (ELECTRA).</summary>
    public required int Embedding { get; init; }

    /// <summary>Rows of the position table; with <see cref="Relative"/> the longest sequence it was trained on.</summary>
    public required int Positions { get; init; }

    /// <summary>Row of the first token's position: 0, or one behind the padding id in the RoBERTa family.</summary>
    public int PositionOffset { get; init; }

    /// <summary>Whether positions are added to the embeddings; not in DeBERTa-v3, which has them in its attention.</summary>
    public bool HasPositionTable { get; init; } = true;

    /// <summary>Kinds of segment; 0: the encoder has no table of them.</summary>
    public required int TokenTypes { get; init; }

    /// <summary>How attention reads distances between tokens (DeBERTa); null: it does not.</summary>
    public RelativePositions? Relative { get; init; }

    /// <summary>Longest sequence, special tokens included.</summary>
    public int MaxSequence => Positions - PositionOffset;

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
        if (!System.Text.Unicode.Utf8.IsValid(json.Span))
            throw Invalid("it is not UTF-8");
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
            var config = Text(root, "model_type", "") switch
            {
                "distilbert" => Distilled(root),
                "deberta-v2" => Disentangled(root),
                "bert" => Plain(root, "bert"),
                "electra" => Plain(root, "electra") with { Embedding = NumberOr(root, "embedding_size", MaxWidth, Number(root, "hidden_size", MaxWidth)) },
                "roberta" or "xlm-roberta" or "camembert" => Shifted(root),
                var other => throw Unsupported("model_type", other, "bert, distilbert, roberta, xlm-roberta, electra, deberta-v2"),
            };
            if (config.Hidden % config.Heads != 0)
                throw Invalid("the width of a hidden state is not a multiple of the number of heads");
            return config.MaxSequence >= 3 ? config : throw Invalid("it has no room for a token between the first and the last one");
        }
    }

    private static BertConfig Plain(JsonElement root, string family)
    {
        var position = Text(root, "position_embedding_type", "absolute");
        if (position != "absolute")
            throw Unsupported("position_embedding_type", position, "absolute");
        return new BertConfig
        {
            Family = family,
            Hidden = Number(root, "hidden_size", MaxWidth),
            Embedding = Number(root, "hidden_size", MaxWidth),
            Layers = Number(root, "num_hidden_layers", MaxLayers),
            Heads = Number(root, "num_attention_heads", MaxWidth),
            Intermediate = Number(root, "intermediate_size", MaxWidth),
            Vocabulary = Number(root, "vocab_size", MaxVocabulary),
            Positions = Number(root, "max_position_embeddings", MaxPositions),
            TokenTypes = Number(root, "type_vocab_size", MaxTokenTypes),
            Epsilon = ReadEpsilon(root),
            Activation = ReadActivation(root, "hidden_act"),
        };
    }

    /// <summary>RoBERTa counts positions from one behind the id of padding.</summary>
    private static BertConfig Shifted(JsonElement root)
    {
        var family = Text(root, "model_type", "") == "roberta" ? "roberta" : "xlm-roberta";
        return Plain(root, family) with { PositionOffset = NumberOr(root, "pad_token_id", 1_000, 1) + 1 };
    }

    private static BertConfig Distilled(JsonElement root) => new()
    {
        Family = "distilbert",
        Hidden = Number(root, "dim", MaxWidth),
        Embedding = Number(root, "dim", MaxWidth),
        Layers = Number(root, "n_layers", MaxLayers),
        Heads = Number(root, "n_heads", MaxWidth),
        Intermediate = Number(root, "hidden_dim", MaxWidth),
        Vocabulary = Number(root, "vocab_size", MaxVocabulary),
        Positions = Number(root, "max_position_embeddings", MaxPositions),
        TokenTypes = 0,
        Epsilon = 1e-12f,
        Activation = ReadActivation(root, "activation"),
    };

    private static BertConfig Disentangled(JsonElement root)
    {
        if (!Flag(root, "relative_attention"))
            throw Unsupported("relative_attention", "false", "true");
        if (root.TryGetProperty("conv_kernel_size", out var kernel) && kernel.ValueKind == JsonValueKind.Number && !(kernel.TryGetInt32(out var size) && size == 0))
            throw Unsupported("conv_kernel_size", kernel.GetRawText(), "0");
        var plain = Plain(root, "deberta-v2") with
        {
            Embedding = NumberOr(root, "embedding_size", MaxWidth, Number(root, "hidden_size", MaxWidth)),
            HasPositionTable = !root.TryGetProperty("position_biased_input", out _) || Flag(root, "position_biased_input"),
        };
        if (plain.Embedding != plain.Hidden)
            throw Unsupported("embedding_size", "other than hidden_size", "the same");
        return plain with { Relative = RelativePositions.Parse(root, plain.Positions) };
    }

    internal static string Text(JsonElement root, string name, string absent) =>
        !root.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null ? absent
        : value.ValueKind == JsonValueKind.String ? value.GetString()!
        : throw Invalid($"{name} is not a string");

    internal static bool Flag(JsonElement root, string name) =>
        root.TryGetProperty(name, out var value) && value.ValueKind is not JsonValueKind.Null
        && (value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : throw Invalid($"{name} is neither true nor false"));

    internal static StreamingException Invalid(string reason) =>
        new("model_config_invalid", $"config.json is refused: {reason}.");

    internal static StreamingException Unsupported(string name, string value, string known) =>
        new("model_unsupported", $"config.json has {name} '{value}'; this program imports: {known}.");

    private static string ReadActivation(JsonElement root, string name) => Text(root, name, "gelu") switch
    {
        "gelu" => "gelu",
        "gelu_new" or "gelu_pytorch_tanh" => "gelu_new",
        "relu" => "relu",
        var other => throw Unsupported(name, other, "gelu, gelu_new, gelu_pytorch_tanh, relu"),
    };

    private static int Number(JsonElement root, string name, int most) =>
        root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number
        && value.TryGetInt32(out var number) && number >= (name == "type_vocab_size" ? 0 : 1) && number <= most
            ? number
            : throw Invalid($"{name} must be a whole number from 1 to {most}");

    private static int NumberOr(JsonElement root, string name, int most, int absent)
    {
        if (!root.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null)
            return absent;
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number >= 0 && number <= most
            ? number
            : throw Invalid($"{name} must be a whole number from 0 to {most}");
    }

    private static float ReadEpsilon(JsonElement root)
    {
        if (!root.TryGetProperty("layer_norm_eps", out var value))
            return 1e-12f;
        return value.ValueKind == JsonValueKind.Number && value.TryGetSingle(out var epsilon) && epsilon is > 0 and < 1
            ? epsilon
            : throw Invalid("layer_norm_eps must be above 0 and below 1");
    }
}
