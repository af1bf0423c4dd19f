using Streaming.Core.Models.Bundle;
using Streaming.Learning.Data;
using Streaming.Learning.Recipes;

namespace Streaming.Learning.Evaluating;

/// <summary>What to measure a bundle on.</summary>
public sealed record EvaluationRequest
{
    /// <summary>Which head.</summary>
    public required HeadTask Task { get; init; }

    /// <summary>The data file, or the recipe that <see cref="Sources"/> are from.</summary>
    public required string File { get; init; }

    /// <summary>Its format.</summary>
    public required DataFormat Format { get; init; }

    /// <summary>Which columns are meant.</summary>
    public DataReadOptions Read { get; init; } = new();

    /// <summary>Label in the file → label of the head, or null to leave it out; null: as they are.</summary>
    public IReadOnlyDictionary<string, string?>? Mapping { get; init; }

    /// <summary>File with label names, one a line, where the data has 0-based indices; null: it has names.</summary>
    public string? LabelNames { get; init; }

    /// <summary>File that folds labels into groups (a JSON object, group → labels), instead of <see cref="Mapping"/>; groups that the head does not know are left out.</summary>
    public string? Groups { get; init; }

    /// <summary>Span types that the file annotates; predictions of others are then not counted. Null: every type counts, as seqeval counts.</summary>
    public IReadOnlyList<string>? Types { get; init; }

    /// <summary>Whether a file that gives words is also measured as running text, words found as in serving. Twice the work. Default: yes.</summary>
    public bool RawText { get; init; } = true;

    /// <summary>Data of a recipe, read as training reads it, instead of <see cref="File"/>; null: the file.</summary>
    public IReadOnlyList<DataSource>? Sources { get; init; }

    /// <summary>Folder that <see cref="Sources"/> are relative to.</summary>
    public string? Root { get; init; }

    /// <summary>Seed of the confidence interval.</summary>
    public ulong Seed { get; init; } = 1;
}
