using System.CommandLine;
using Streaming.Cli.CommandLine;
using Streaming.Core;
using Streaming.Learning.Data;

namespace Streaming.Cli.Data;

/// <summary>Options that say what format an annotated file has and which parts of it are meant.</summary>
internal sealed class DataColumns
{
    private readonly Option<string?> _format = new Option<string?>("--format") { Description = "Format of the file; default: by its name" }.Among(DataFormats.Names);
    private readonly Option<string[]> _text = new("--text-column") { Description = "Column of the text, by name or 0-based number; several are joined", HelpName = "COLUMN" };
    private readonly Option<string?> _label = new("--label-column") { Description = "Column of the label", HelpName = "COLUMN" };
    private readonly Option<string?> _header = new Option<string?>("--header") { Description = "Whether the first row names the columns; default: told by its names" }.Among("yes", "no", "auto");
    private readonly Option<string?> _labelNames = new("--label-names") { Description = "Labels in the file are 0-based numbers of these: a list, or a file with one a line", HelpName = "A,B,C|FILE" };
    private readonly Option<int> _token = new Option<int>("--token-column") { Description = "CoNLL: column of the word, from 0", DefaultValueFactory = static _ => -1 }.Between(0, 1000);
    private readonly Option<int> _tag = new Option<int>("--tag-column") { Description = "CoNLL: column of the tag, from 0", DefaultValueFactory = static _ => -1 }.Between(0, 1000);
    private readonly Option<string?> _part = new("--part") { Description = "CLINC: part of the file, such as train, val or test", HelpName = "PART" };

    /// <summary>All of them.</summary>
    public IReadOnlyList<Symbol> All => [_format, _text, _label, _header, _labelNames, _token, _tag, _part];

    /// <summary>The format that was told, or that a file's name tells.</summary>
    /// <exception cref="StreamingException"><c>data_format_unknown</c>.</exception>
    public DataFormat Format(ParseResult parsed, string file) =>
        (parsed.GetValue(_format) is { } told ? DataFormats.Parse(told) : DataFormats.OfName(file))
        ?? throw new StreamingException("data_format_unknown", $"the name of '{Path.GetFileName(file)}' does not tell its format; say --format with one of {string.Join(", ", DataFormats.Names)}");

    /// <summary>Which parts of the file are meant; label names that lie in a file are left to <see cref="LabelNamesFile"/>.</summary>
    public DataReadOptions Read(ParseResult parsed) => new()
    {
        TextColumns = parsed.GetValue(_text) ?? [],
        LabelColumn = parsed.GetValue(_label),
        Header = parsed.GetValue(_header) switch { "yes" => true, "no" => false, _ => null },
        LabelNames = LabelNamesFile(parsed) is null ? Choice.Words(parsed.GetValue(_labelNames)) : null,
        TokenColumn = parsed.GetValue(_token) is >= 0 and var token ? token : null,
        TagColumn = parsed.GetValue(_tag) is >= 0 and var tag ? tag : null,
        Part = parsed.GetValue(_part),
    };

    /// <summary>File with the labels' names, where one is told instead of a list.</summary>
    public string? LabelNamesFile(ParseResult parsed) => parsed.GetValue(_labelNames) is { } told && File.Exists(told) ? told : null;

    /// <summary>All samples of a file.</summary>
    public List<Sample> Load(ParseResult parsed, string file)
    {
        var options = Read(parsed);
        if (LabelNamesFile(parsed) is { } names)
            options = options with { LabelNames = LabelNames.ReadFile(names) };
        return [.. DataReader.Read(file, Format(parsed, file), options)];
    }
}
