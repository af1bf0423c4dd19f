using System.Globalization;
using System.Text.Json;
using Streaming.Core;
using Streaming.Core.Topology;
using Streaming.Core.Topology.Yaml;
using Streaming.Learning.Data;

namespace Streaming.Learning.Recipes;

/// <summary>A node of a recipe that is asked for what it should be; what it is not is reported with its place and a stand-in is given.</summary>
internal sealed class RecipeNode(ConfigNode node, DiagnosticBag diagnostics)
{
    public bool IsNothing => node is ConfigScalar { IsNull: true };

    public bool IsMapping => node is ConfigMapping;

    public void Error(string message) => diagnostics.Error("recipe_invalid", node.Position, message + ".");

    public void OnlyKeys(params ReadOnlySpan<string> known)
    {
        foreach (var (key, value) in Entries())
        {
            if (!known.Contains(key))
                value.Error($"the key '{DataErrors.Quote(key)}' is not known; there are {string.Join(", ", known.ToArray())}");
        }
    }

    public IEnumerable<(string Key, RecipeNode Value)> Entries()
    {
        if (node is not ConfigMapping mapping)
        {
            Error($"a mapping is expected, this is {node.Kind}");
            return [];
        }

        return mapping.Entries.Select(e => (e.Key.Text, new RecipeNode(e.Value, diagnostics)));
    }

    public IReadOnlyList<RecipeNode> Items()
    {
        if (node is ConfigSequence sequence)
            return [.. sequence.Items.Select(i => new RecipeNode(i, diagnostics))];
        Error($"a list is expected, this is {node.Kind}");
        return [];
    }

    public RecipeNode? Find(string key) =>
        node is ConfigMapping mapping && mapping.Find(key) is { } found ? new RecipeNode(found, diagnostics) : null;

    public RecipeNode Require(string key)
    {
        if (Find(key) is { } found)
            return found;
        Error($"the key '{key}' is missing");
        // A stand-in that is right for whatever is asked next, so that one fault gives one message.
        return new RecipeNode(node, new DiagnosticBag());
    }

    public string Text(string key) => Require(key).Value();

    public IReadOnlyList<string> Texts() => node is ConfigSequence ? [.. Items().Select(i => i.Value())] : [Value()];

    public string Value()
    {
        if (node is ConfigScalar { IsNull: false, Text.Length: > 0 } scalar)
            return scalar.Text;
        Error($"a text is expected, this is {node.Kind}");
        return "";
    }

    public bool Flag()
    {
        if (node is ConfigScalar { Text: "true" or "false" } scalar)
            return scalar.Text == "true";
        Error("true or false is expected");
        return false;
    }

    public long Integer(string key, long least, long most) => Require(key).Number(least, most);

    public long Number(long least, long most)
    {
        if (node is ConfigScalar scalar && long.TryParse(scalar.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most)
            return number;
        Error($"a whole number from {least} to {most} is expected");
        return least;
    }

    public double Real(double least, double most)
    {
        if (node is ConfigScalar scalar && double.TryParse(scalar.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most)
            return number;
        Error(string.Create(CultureInfo.InvariantCulture, $"a number from {least} to {most} is expected"));
        return least;
    }

    public T Choice<T>(string key, T standIn)
        where T : struct, Enum
    {
        var found = Require(key);
        var text = found.Value();
        foreach (var value in Enum.GetValues<T>())
        {
            if (NameOf(value).Equals(text, StringComparison.OrdinalIgnoreCase))
                return value;
        }

        found.Error($"'{DataErrors.Quote(text)}' is not one of {string.Join(", ", Enum.GetValues<T>().Select(NameOf))}");
        return standIn;
    }

    private static string NameOf<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());

    public DataFormat Format(string key)
    {
        var found = Require(key);
        try
        {
            return DataFormats.Parse(found.Value());
        }
        catch (StreamingException e)
        {
            found.Error(e.Message.TrimEnd('.'));
            return default;
        }
    }

    /// <summary>A path that cannot leave the folder it is relative to.</summary>
    public string RelativePath(string key)
    {
        var found = Require(key);
        var path = found.Value();
        if (Path.IsPathRooted(path) || path.Contains('\\') || path.Split('/').Any(p => p is "" or "." or ".."))
            found.Error("a path relative to the data folder, without . or .., is expected");
        return path;
    }
}
