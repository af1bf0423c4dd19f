using System.CommandLine;
using Streaming.Cli.CommandLine;
using Streaming.Core;
using Streaming.Learning.Data;

namespace Streaming.Cli.Learning;

/// <summary>Options that say which parts of a data file are meant and what its labels are called here.</summary>
internal sealed class EvaluationColumns
{
    private readonly Option<string[]> _text = new("--text-column") { Description = "Column of the text, by name or 0-based number; several are joined", HelpName = "COLUMN" };
    private readonly Option<string?> _label = new("--label-column") { Description = "Column of the label", HelpName = "COLUMN" };
    private readonly Option<string?> _header = new Option<string?>("--header") { Description = "Whether the first row names the columns; default: told by its names" }.Among("yes", "no", "auto");
    private readonly Option<string?> _labelNames = new("--label-names") { Description = "Labels in the file are 0-based numbers of these: a list, or a file with one a line", HelpName = "A,B,C|FILE" };
    private readonly Option<int> _token = new Option<int>("--token-column") { Description = "CoNLL: column of the word, from 0", DefaultValueFactory = static _ => -1 }.Between(0, 1000);
    private readonly Option<int> _tag = new Option<int>("--tag-column") { Description = "CoNLL: column of the tag, from 0", DefaultValueFactory = static _ => -1 }.Between(0, 1000);
    private readonly Option<string[]> _map = new("--map") { Description = "Label in the file=label of the head; nothing behind = leaves it out", HelpName = "FROM=TO" };
    private readonly Option<string?> _groups = new("--groups") { Description = "Fold labels into groups, instead of --map: a JSON file, group to list of labels", HelpName = "FILE" };
    private readonly Option<string?> _types = new("--types") { Description = "Span types that the file annotates; others are not counted", HelpName = "A,B" };

    /// <summary>All of them.</summary>
    public IReadOnlyList<Symbol> All => [_text, _label, _header, _labelNames, _token, _tag, _map, _groups, _types];

    /// <summary>Which parts of the file are meant.</summary>
    public DataReadOptions Read(ParseResult parsed) => new()
    {
        TextColumns = parsed.GetValue(_text) ?? [],
        LabelColumn = parsed.GetValue(_label),
        Header = parsed.GetValue(_header) switch { "yes" => true, "no" => false, _ => null },
        LabelNames = LabelNamesFile(parsed) is null ? Choice.Words(parsed.GetValue(_labelNames)) : null,
        TokenColumn = parsed.GetValue(_token) is >= 0 and var token ? token : null,
        TagColumn = parsed.GetValue(_tag) is >= 0 and var tag ? tag : null,
    };

    /// <summary>What labels of the file are called here; null: the same.</summary>
    public IReadOnlyDictionary<string, string?>? Mapping(ParseResult parsed)
    {
        if (parsed.GetValue(_map) is not { Length: > 0 } pairs)
            return null;
        var mapping = new Dictionary<string, string?>(StringComparer.Ordinal);
        foreach (var pair in pairs)
        {
            var at = pair.IndexOf('=', StringComparison.Ordinal);
            if (at < 1)
                throw new StreamingException("usage", $"--map takes FROM=TO, not '{pair}'");
            mapping[pair[..at]] = at + 1 == pair.Length ? null : pair[(at + 1)..];
        }

        return mapping;
    }

    /// <summary>File with the labels' names, where one is told instead of a list.</summary>
    public string? LabelNamesFile(ParseResult parsed) => parsed.GetValue(_labelNames) is { } told && File.Exists(told) ? told : null;

    /// <summary>File that folds labels into groups.</summary>
    public string? Groups(ParseResult parsed) => parsed.GetValue(_groups);

    /// <summary>Types the file annotates; null: all count.</summary>
    public IReadOnlyList<string>? Types(ParseResult parsed) => Choice.Words(parsed.GetValue(_types));
}
