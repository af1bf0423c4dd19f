using System.Text.Json;
using System.Text.RegularExpressions;

namespace Streaming.Core.Tests.Topology;

/// <summary>Holds JSON against the part of JSON Schema 2020-12 that the schemas in <c>schemas/</c> use. A keyword it does not know is an error.</summary>
internal sealed class JsonSchemaValidator(JsonElement root)
{
    private static readonly HashSet<string> Remarks = ["$schema", "$id", "$defs", "title", "description", "default", "format", "contentEncoding"];

    public static JsonSchemaValidator Parse(string schema) => new(JsonDocument.Parse(schema).RootElement.Clone());

    public List<string> Validate(JsonElement value)
    {
        var errors = new List<string>();
        Check(root, value, "$", errors);
        return errors;
    }

    private bool IsValid(JsonElement schema, JsonElement value)
    {
        var errors = new List<string>();
        Check(schema, value, "$", errors);
        return errors.Count == 0;
    }

    private void Check(JsonElement schema, JsonElement value, string at, List<string> errors)
    {
        if (schema.ValueKind is JsonValueKind.True)
            return;
        if (schema.ValueKind is JsonValueKind.False)
        {
            errors.Add($"{at}: not allowed");
            return;
        }

        foreach (var keyword in schema.EnumerateObject())
        {
            if (!Holds(keyword.Name, keyword.Value, schema, value, at, errors))
                errors.Add($"{at}: {keyword.Name} {keyword.Value.GetRawText()[..Math.Min(80, keyword.Value.GetRawText().Length)]}");
        }
    }

    private bool Holds(string keyword, JsonElement argument, JsonElement schema, JsonElement value, string at, List<string> errors)
    {
        var text = value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        double? number = value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null;
        switch (keyword)
        {
            case "$ref":
                return IsValid(root.GetProperty("$defs").GetProperty(argument.GetString()!["#/$defs/".Length..]), value);
            case "type":
                return argument.ValueKind == JsonValueKind.Array
                    ? argument.EnumerateArray().Any(t => IsOfType(t.GetString()!, value))
                    : IsOfType(argument.GetString()!, value);
            case "const":
                return JsonElement.DeepEquals(argument, value);
            case "enum":
                return argument.EnumerateArray().Any(a => JsonElement.DeepEquals(a, value));
            case "anyOf":
                return argument.EnumerateArray().Any(a => IsValid(a, value));
            case "not":
                return !IsValid(argument, value);
            case "pattern":
                return text is null || Regex.IsMatch(text, argument.GetString()!);
            case "minLength":
                return text is null || text.Length >= argument.GetInt32();
            case "maxLength":
                return text is null || text.Length <= argument.GetInt32();
            case "minimum":
                return number is null || number >= argument.GetDouble();
            case "maximum":
                return number is null || number <= argument.GetDouble();
            case "exclusiveMinimum":
                return number is null || number > argument.GetDouble();
            case "minItems":
                return value.ValueKind != JsonValueKind.Array || value.GetArrayLength() >= argument.GetInt32();
            case "maxItems":
                return value.ValueKind != JsonValueKind.Array || value.GetArrayLength() <= argument.GetInt32();
            case "uniqueItems":
                return !argument.GetBoolean() || value.ValueKind != JsonValueKind.Array
                    || value.EnumerateArray().Select(i => i.GetRawText()).Distinct().Count() == value.GetArrayLength();
            case "items":
                foreach (var (item, index) in value.ValueKind == JsonValueKind.Array ? value.EnumerateArray().Select((v, i) => (v, i)) : [])
                    Check(argument, item, $"{at}[{index}]", errors);
                return true;
            case "required":
                return value.ValueKind != JsonValueKind.Object || argument.EnumerateArray().All(n => value.TryGetProperty(n.GetString()!, out _));
            case "maxProperties":
                return value.ValueKind != JsonValueKind.Object || value.EnumerateObject().Count() <= argument.GetInt32();
            case "propertyNames":
                return value.ValueKind != JsonValueKind.Object
                    || value.EnumerateObject().All(p => IsValid(argument, JsonSerializer.SerializeToElement(p.Name)));
            case "properties":
                foreach (var property in value.ValueKind == JsonValueKind.Object ? value.EnumerateObject() : default)
                {
                    if (argument.TryGetProperty(property.Name, out var inner))
                        Check(inner, property.Value, $"{at}.{property.Name}", errors);
                }

                return true;
            case "additionalProperties":
                foreach (var property in value.ValueKind == JsonValueKind.Object ? value.EnumerateObject() : default)
                {
                    if (!schema.TryGetProperty("properties", out var known) || !known.TryGetProperty(property.Name, out _))
                        Check(argument, property.Value, $"{at}.{property.Name}", errors);
                }

                return true;
            default:
                return Remarks.Contains(keyword) ? true : throw new NotSupportedException($"The keyword {keyword} is not known here.");
        }
    }

    private static bool IsOfType(string type, JsonElement value) => type switch
    {
        "object" => value.ValueKind == JsonValueKind.Object,
        "array" => value.ValueKind == JsonValueKind.Array,
        "string" => value.ValueKind == JsonValueKind.String,
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        "null" => value.ValueKind == JsonValueKind.Null,
        "number" => value.ValueKind == JsonValueKind.Number,
        "integer" => value.ValueKind == JsonValueKind.Number && value.GetDouble() == Math.Floor(value.GetDouble()),
        _ => throw new NotSupportedException($"The type {type} is not known here."),
    };
}
