using System.CommandLine;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Data;
using Streaming.Core;

namespace Streaming.Cli.Learning;

/// <summary>Options that say which parts of a data file are meant and what its labels are called here.</summary>
internal sealed class EvaluationColumns
{
    private readonly DataColumns _data = new();
    private readonly Option<string[]> _map = new("--map") { Description = "Label in the file=label of the head; nothing behind = leaves it out", HelpName = "FROM=TO" };
    private readonly Option<string?> _groups = new("--groups") { Description = "Fold labels into groups, instead of --map: a JSON file, group to list of labels", HelpName = "FILE" };
    private readonly Option<string?> _types = new("--types") { Description = "Span types that the file annotates; others are not counted", HelpName = "A,B" };

    /// <summary>All of them.</summary>
    public IReadOnlyList<Symbol> All => [.. _data.All, _map, _groups, _types];

    /// <summary>Format and columns.</summary>
    public DataColumns Data => _data;

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

    /// <summary>File that folds labels into groups.</summary>
    public string? Groups(ParseResult parsed) => parsed.GetValue(_groups);

    /// <summary>Types the file annotates; null: all count.</summary>
    public IReadOnlyList<string>? Types(ParseResult parsed) => Choice.Words(parsed.GetValue(_types));
}
