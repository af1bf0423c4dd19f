using System.Text.Json.Nodes;

namespace Streaming.Core.Topology.Language;

/// <summary>Writes a setting's type as JSON Schema.</summary>
internal static class JsonSchemaWriter
{
    /// <summary>Anything that is made with a variable: its value is known only when the topology is loaded.</summary>
    public static JsonObject Variable() => new()
    {
        ["type"] = "string",
        ["pattern"] = "\\$\\{",
        ["description"] = "A value with `${NAME}` or `${NAME:-default}` in it.",
    };

    public static JsonObject Map(MapType type)
    {
        var properties = new JsonObject();
        foreach (var field in type.Fields)
        {
            var schema = Of(field.Type);
            schema["description"] = field.DefaultInWords is null ? field.Summary : $"{field.Summary} Not set: {field.DefaultInWords}.";
            if (Default(field) is { } value)
            {
                schema["default"] = value;
            }

            properties[field.Name] = schema;
        }

        var map = new JsonObject
        {
            ["type"] = "object",
            ["properties"] = properties,
            ["additionalProperties"] = false,
        };
        if (type.Fields.Any(f => f.Required))
        {
            map["required"] = Array(type.Fields.Where(f => f.Required).Select(f => f.Name));
        }

        return map;
    }

    private static JsonObject Of(SettingType type) => type switch
    {
        MapType map => Map(map),
        FreeMapType free => FreeMap(free),
        ChainType => new JsonObject
        {
            ["type"] = "array",
            ["items"] = Stage(),
            ["minItems"] = 1,
            ["maxItems"] = 50,
        },
        ListType { Item: MapType item } list => List(Map(item), list),
        ListType list => AnyOf(Scalar(list.Item), Reference(), List(AnyOf(Scalar(list.Item), Reference()), list)),
        _ => AnyOf(Scalar(type), Reference()),
    };

    private static JsonObject List(JsonObject item, ListType type) => new()
    {
        ["type"] = "array",
        ["items"] = item,
        ["minItems"] = type.Min,
        ["maxItems"] = type.Max,
        ["uniqueItems"] = type.Distinct,
    };

    private static JsonObject Scalar(SettingType type) => type switch
    {
        TextType text => Text(text),
        ChoiceType choice => new JsonObject { ["enum"] = Array(choice.Values) },
        BooleanType => new JsonObject { ["type"] = "boolean" },
        IntegerType integer => new JsonObject { ["type"] = "integer", ["minimum"] = integer.Min, ["maximum"] = integer.Max },
        NumberType number => new JsonObject { ["type"] = "number", ["minimum"] = number.Min, ["maximum"] = number.Max },
        DurationType => AnyOf(new JsonObject { ["type"] = "string", ["pattern"] = SettingText.DurationPattern }, new JsonObject { ["const"] = 0 }),
        SizeType size => AnyOf(
            new JsonObject { ["type"] = "string", ["pattern"] = SettingText.SizePattern },
            new JsonObject { ["type"] = "integer", ["minimum"] = size.Min, ["maximum"] = size.Max }),
        _ => throw new InvalidOperationException($"{type.GetType().Name} is not a scalar type; this is a bug."),
    };

    private static JsonObject Text(TextType text)
    {
        var schema = new JsonObject { ["type"] = "string", ["minLength"] = text.MinLength, ["maxLength"] = text.MaxLength };
        if (text.Pattern is not null)
        {
            schema["pattern"] = text.Pattern;
        }

        return schema;
    }

    private static JsonObject FreeMap(FreeMapType type)
    {
        var names = new JsonObject { ["pattern"] = type.KeyPattern };
        if (type.Refused.Count > 0)
        {
            names["not"] = new JsonObject { ["enum"] = Array(type.Refused.Keys) };
        }

        return new JsonObject
        {
            ["type"] = "object",
            ["propertyNames"] = names,
            ["additionalProperties"] = new JsonObject { ["type"] = Array(["string", "number", "boolean"]) },
            ["maxProperties"] = type.MaxKeys,
        };
    }

    private static JsonObject Stage()
    {
        var forms = new List<JsonObject> { new() { ["enum"] = Array(StageRegistry.All.Select(s => s.Name)) }, Reference() };
        foreach (var stage in StageRegistry.All)
        {
            forms.Add(new JsonObject
            {
                ["type"] = "object",
                ["description"] = stage.Summary,
                ["properties"] = new JsonObject
                {
                    ["stage"] = new JsonObject { ["const"] = stage.Name },
                    ["in"] = ValueName(),
                    ["out"] = stage.IsAnnotation ? new JsonObject { ["const"] = stage.Gives } : ValueName(),
                    ["options"] = Map(TopologyLanguage.OptionsOf(stage.Name)),
                },
                ["required"] = Array(["stage"]),
                ["additionalProperties"] = false,
            });
        }

        return AnyOf([.. forms]);
    }

    private static JsonObject ValueName() => AnyOf(
        new JsonObject { ["type"] = "string", ["pattern"] = TopologyLanguage.ValueNamePattern },
        Reference());

    private static JsonObject Reference() => new() { ["$ref"] = "#/$defs/variable" };

    private static JsonObject AnyOf(params JsonObject[] forms) => new() { ["anyOf"] = new JsonArray([.. forms]) };

    private static JsonArray Array(IEnumerable<string> values) => new([.. values.Select(v => (JsonNode)v)]);

    private static JsonNode? Default(Field field) => field.Default switch
    {
        null => null,
        bool flag => flag,
        double number => number,
        long number when field.Type is not SizeType => number,
        IReadOnlyList<object?> => new JsonArray(),
        var value => SettingText.Show(value, field.Type),
    };
}
