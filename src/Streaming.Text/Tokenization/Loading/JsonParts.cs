using System.Text.Json;
using Streaming.Core;

namespace Streaming.Text.Tokenization.Loading;

/// <summary>Reads members of <c>tokenizer.json</c>, strictly.</summary>
internal static class JsonParts
{
    internal static StreamingException Unsupported(string part, string what) =>
        new("tokenizer_unsupported", $"The tokeniser's {part} {what}, which this program does not do. Import another checkpoint of the model, or one of its files vocab.txt, vocab.json with merges.txt, or .model.");

    /// <summary>The type of a part; <c>null</c> where there is none.</summary>
    internal static string? TypeOf(JsonElement part, string name)
    {
        if (part.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null)
            return null;
        return part.ValueKind == JsonValueKind.Object && part.TryGetProperty("type", out var type) && type.ValueKind == JsonValueKind.String
            ? type.GetString()
            : throw WordPieceFile.Invalid($"{name} of tokenizer.json has no type");
    }

    /// <summary>A part that may be missing or null; then undefined.</summary>
    internal static JsonElement Part(JsonElement root, string name) =>
        root.ValueKind == JsonValueKind.Object && root.TryGetProperty(name, out var part) ? part : default;

    internal static bool Flag(JsonElement part, string name, bool otherwise) => Part(part, name).ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.Undefined or JsonValueKind.Null => otherwise,
        _ => throw WordPieceFile.Invalid($"'{name}' of tokenizer.json is neither true nor false"),
    };

    internal static string? Text(JsonElement part, string name)
    {
        var value = Part(part, name);
        return value.ValueKind switch
        {
            JsonValueKind.String => value.GetString(),
            JsonValueKind.Undefined or JsonValueKind.Null => null,
            _ => throw WordPieceFile.Invalid($"'{name}' of tokenizer.json is not a string"),
        };
    }

    /// <summary>An id; −1 where there is none.</summary>
    internal static int Id(JsonElement part, string name)
    {
        var value = Part(part, name);
        if (value.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null)
            return -1;
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var id) && id is >= 0 and <= Vocabulary.MaxId
            ? id
            : throw WordPieceFile.Invalid($"'{name}' of tokenizer.json is no id");
    }

    /// <summary>The items of a list or, for a part alone, the part; none for null. Lists in lists are flattened.</summary>
    internal static List<JsonElement> Flatten(JsonElement part, string name, string list)
    {
        const int most = 64;
        var parts = new List<JsonElement>();
        Add(part, 0);
        return parts;

        void Add(JsonElement item, int depth)
        {
            if (TypeOf(item, name) is not { } type)
                return;
            if (depth > 8 || parts.Count > most)
                throw WordPieceFile.Invalid($"{name} of tokenizer.json is nested too deeply or too long");
            if (type != "Sequence")
            {
                parts.Add(item);
                return;
            }

            if (Part(item, list) is not { ValueKind: JsonValueKind.Array } items)
                throw WordPieceFile.Invalid($"{name} of tokenizer.json is a sequence without '{list}'");
            foreach (var inner in items.EnumerateArray())
                Add(inner, depth + 1);
        }
    }
}
