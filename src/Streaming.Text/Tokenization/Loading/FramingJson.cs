using System.Text.Json;

namespace Streaming.Text.Tokenization.Loading;

/// <summary>The post-processor of <c>tokenizer.json</c>: which tokens frame a text and a pair.</summary>
internal static class FramingJson
{
    /// <summary>Reads it.</summary>
    /// <returns>The framing, and for byte-level tokens whether offsets leave spaces out (not null) and whether the first space was added.</returns>
    internal static (SpecialTokens Special, bool? TrimFirstIsAdded) Read(JsonElement processor, Vocabulary vocabulary, int unknown, int padding)
    {
        SpecialTokens? special = null;
        bool? trim = null;
        foreach (var part in JsonParts.Flatten(processor, "post_processor", "processors"))
        {
            switch (JsonParts.TypeOf(part, "post_processor"))
            {
                case "RobertaProcessing":
                    special = new SpecialTokens(Named(part, "cls", vocabulary), Named(part, "sep", vocabulary), unknown, padding) { PairSeparators = 2, SecondType = 0 };
                    if (JsonParts.Flag(part, "trim_offsets", true))
                        trim = JsonParts.Flag(part, "add_prefix_space", true);
                    break;
                case "BertProcessing":
                    special = new SpecialTokens(Named(part, "cls", vocabulary), Named(part, "sep", vocabulary), unknown, padding);
                    break;
                case "TemplateProcessing":
                    special = ReadTemplate(part, vocabulary, unknown, padding);
                    break;
                case "ByteLevel":
                    if (JsonParts.Flag(part, "trim_offsets", true))
                        trim = JsonParts.Flag(part, "add_prefix_space", true);
                    break;
                case var other:
                    throw JsonParts.Unsupported("post_processor", $"is '{other}'");
            }
        }

        return (special ?? throw JsonParts.Unsupported("post_processor", "does not frame a text with a first and a last token"), trim);
    }

    private static int Named(JsonElement part, string name, Vocabulary vocabulary) =>
        JsonParts.Part(part, name) is { ValueKind: JsonValueKind.Array } pair && pair.GetArrayLength() == 2 && pair[0].ValueKind == JsonValueKind.String
            ? vocabulary.Require(pair[0].GetString()!)
            : throw WordPieceFile.Invalid($"post_processor of tokenizer.json has no '{name}'");

    private static SpecialTokens ReadTemplate(JsonElement part, Vocabulary vocabulary, int unknown, int padding)
    {
        if (Items(part, "single") is not [(true, var start, _), (false, "A", _), (true, var end, _)])
            throw JsonParts.Unsupported("post_processor", "frames a text otherwise than with a first and a last token");
        var special = new SpecialTokens(vocabulary.Require(start), vocabulary.Require(end), unknown, padding);
        var pair = Items(part, "pair");
        var isKnown = pair.Count is 5 or 6 && pair[0] == (true, start, 0) && pair[1] is (false, "A", 0) && pair[^2] is (false, "B", _) && pair[^1] == (true, end, pair[^2].Type)
            && pair.Skip(2).Take(pair.Count - 4).All(item => item == (true, end, 0)) && pair[^1].Type is 0 or 1;
        return isKnown
            ? special with { PairSeparators = pair.Count - 4, SecondType = pair[^1].Type }
            : throw JsonParts.Unsupported("post_processor", "joins a pair otherwise than with last tokens between");
    }

    private static List<(bool IsToken, string Id, int Type)> Items(JsonElement part, string name)
    {
        var items = new List<(bool, string, int)>();
        if (JsonParts.Part(part, name) is not { ValueKind: JsonValueKind.Array } list)
            return items;
        foreach (var item in list.EnumerateArray())
        {
            var isToken = JsonParts.Part(item, "SpecialToken") is { ValueKind: JsonValueKind.Object };
            var inner = JsonParts.Part(item, isToken ? "SpecialToken" : "Sequence");
            items.Add((isToken, JsonParts.Text(inner, "id") ?? "", Math.Max(0, JsonParts.Id(inner, "type_id"))));
        }

        return items;
    }
}
