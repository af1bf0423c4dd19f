using System.Text.RegularExpressions;

namespace Streaming.Core.Topology.Language;

/// <summary>What a setting may hold. One description serves the loader, <c>explain</c> and the JSON Schema, so they cannot disagree.</summary>
internal abstract record SettingType
{
    /// <summary>The kind, for messages: "a whole number from 1 to 10".</summary>
    public abstract string Describe();
}

/// <summary>Text.</summary>
internal sealed record TextType(string? Pattern = null, string? PatternInWords = null, int MinLength = 1, int MaxLength = 4096) : SettingType
{
    private readonly Regex? regex = Pattern is null ? null : SettingText.Whole(Pattern);

    public bool Matches(string value) => regex is null || regex.IsMatch(value);

    public override string Describe() => PatternInWords ?? "text";
}

/// <summary>A whole number.</summary>
internal sealed record IntegerType(long Min, long Max) : SettingType
{
    public override string Describe() => $"a whole number from {Min} to {Max}";
}

/// <summary>A number.</summary>
internal sealed record NumberType(double Min, double Max) : SettingType
{
    public override string Describe() => $"a number from {SettingText.Show(Min)} to {SettingText.Show(Max)}";
}

/// <summary>true or false.</summary>
internal sealed record BooleanType : SettingType
{
    public override string Describe() => "`true` or `false`";
}

/// <summary>A duration with its unit.</summary>
internal sealed record DurationType(TimeSpan Min, TimeSpan Max) : SettingType
{
    public override string Describe() => $"a duration from {SettingText.Show(Min)} to {SettingText.Show(Max)}, e.g. `20ms`, `1.5s`, `5m`, `2h`, `7d`";
}

/// <summary>A size in bytes.</summary>
internal sealed record SizeType(long Min, long Max) : SettingType
{
    public override string Describe() => $"a size from {SettingText.ShowSize(Min)} to {SettingText.ShowSize(Max)}, e.g. `512KiB`, `64MiB`, or bytes";
}

/// <summary>One of some words.</summary>
internal sealed record ChoiceType(IReadOnlyList<string> Values) : SettingType
{
    public override string Describe() => $"one of {Quoting.List(Values)}";
}

/// <summary>A list.</summary>
internal sealed record ListType(SettingType Item, int Min, int Max, bool Distinct) : SettingType
{
    public override string Describe() => $"a list; each item {Item.Describe()}";
}

/// <summary>A mapping with known keys.</summary>
internal sealed record MapType(IReadOnlyList<Field> Fields) : SettingType
{
    /// <summary>What people coming from elsewhere write, and what it is called here.</summary>
    public IReadOnlyDictionary<string, string> KnownAs { get; init; } = new Dictionary<string, string>();

    public Field? Find(string name) => Fields.FirstOrDefault(f => f.Name == name);

    public override string Describe()
    {
        var required = Fields.Where(f => f.Required).Select(f => f.Name).ToList();
        return required.Count == 0 ? "a mapping" : $"a mapping with {Quoting.List(required)}";
    }
}

/// <summary>A mapping with free keys and single values.</summary>
/// <param name="KeyPattern">What a key looks like.</param>
/// <param name="KeyInWords">The same for people.</param>
/// <param name="Refused">Keys that must not be set here, and where to set them instead.</param>
/// <param name="MaxKeys">Most keys.</param>
internal sealed record FreeMapType(string KeyPattern, string KeyInWords, IReadOnlyDictionary<string, string> Refused, int MaxKeys = 200) : SettingType
{
    private readonly Regex regex = SettingText.Whole(KeyPattern);

    public bool Matches(string key) => regex.IsMatch(key);

    public override string Describe() => $"a mapping from {KeyInWords} to single values";
}

/// <summary>A list of stages.</summary>
internal sealed record ChainType : SettingType
{
    public override string Describe() => "a list of stages";
}

/// <summary>A key of a mapping.</summary>
/// <param name="Name">The key.</param>
/// <param name="Type">What it holds.</param>
/// <param name="Summary">What it does, in a sentence.</param>
internal sealed record Field(string Name, SettingType Type, string Summary)
{
    /// <summary>Value when not set; null when there is none.</summary>
    public object? Default { get; init; }

    /// <summary>Where the default comes from when it depends on other settings.</summary>
    public string? DefaultInWords { get; init; }

    public bool Required { get; init; }

    public bool Secret { get; init; }
}
