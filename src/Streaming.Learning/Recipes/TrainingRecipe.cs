using Streaming.Core.Models.Bundle;
using Streaming.Learning.Data;
using Streaming.Text.Heads;

namespace Streaming.Learning.Recipes;

/// <summary>How to train the heads of a bundle (<c>models/recipes/*.yaml</c>): the same recipe, data and encoder give the same bundle.</summary>
public sealed record TrainingRecipe
{
    /// <summary>Name of the bundle.</summary>
    public required string Name { get; init; }

    /// <summary>Version of the bundle.</summary>
    public required string Version { get; init; }

    /// <summary>Seed of everything random.</summary>
    public required long Seed { get; init; }

    /// <summary>SPDX expression of the whole bundle.</summary>
    public required string Licence { get; init; }

    /// <summary>Who must be named beside the data sets' own attributions.</summary>
    public IReadOnlyList<string> Attribution { get; init; } = [];

    /// <summary>Checkpoint folder or bundle that gives the encoder when the command names none.</summary>
    public string? Encoder { get; init; }

    /// <summary>How the encoder is trained first; null: it stays as it is.</summary>
    public FineTuningSettings? FineTuning { get; init; }

    /// <summary>The heads.</summary>
    public required IReadOnlyList<HeadRecipe> Heads { get; init; }

    /// <summary>SHA-256 of the recipe file.</summary>
    public required string Sha256 { get; init; }
}

/// <summary>How to train one head.</summary>
public sealed record HeadRecipe
{
    /// <summary>Name, unique in the recipe.</summary>
    public required string Name { get; init; }

    /// <summary>What it is for; tells whether it labels words or texts.</summary>
    public required HeadTask Task { get; init; }

    /// <summary>What kind of model.</summary>
    public required HeadKind Kind { get; init; }

    /// <summary>Encoder layers to read, ascending.</summary>
    public required IReadOnlyList<int> Layers { get; init; }

    /// <summary>Whether word-shape features follow.</summary>
    public bool WordShape { get; init; }

    /// <summary>Labels of texts, categories of aspects, or types of spans (tags follow from them).</summary>
    public required IReadOnlyList<string> Labels { get; init; }

    /// <summary>Categories of aspects: the sentiments towards each.</summary>
    public IReadOnlyList<string> Sentiments { get; init; } = ["negative", "neutral", "positive"];

    /// <summary>How it is optimised.</summary>
    public required OptimizerSettings Optimizer { get; init; }

    /// <summary>Sentences a type that are drawn from the training data; 0: all of it is used.</summary>
    public int FewShot { get; init; }

    /// <summary>Data to learn from.</summary>
    public required IReadOnlyList<DataSource> Train { get; init; }

    /// <summary>Data to calibrate on.</summary>
    public required IReadOnlyList<DataSource> Dev { get; init; }

    /// <summary>Held-back data to measure on.</summary>
    public required IReadOnlyList<DataSource> Test { get; init; }

    /// <summary>Whether the head labels words.</summary>
    public bool IsTagger => Task is HeadTask.Ner or HeadTask.Absa;

    /// <summary>Whether the head says which categories a text judges, and how.</summary>
    public bool IsCategorizer => Task is HeadTask.AspectCategory;

    /// <summary>Labels of the head's outputs: <see cref="Labels"/>, or O and two tags a type, or each category's outcomes.</summary>
    public IReadOnlyList<string> Outputs => IsTagger ? ["O", .. Labels.SelectMany(l => new[] { $"B-{l}", $"I-{l}" })]
        : IsCategorizer ? CategorySet.LabelsOf(Labels, Sentiments)
        : Labels;
}

/// <summary>How a head is optimised.</summary>
public sealed record OptimizerSettings
{
    /// <summary>L-BFGS over all data instead of Adam over mini-batches.</summary>
    public bool UseLbfgs { get; init; }

    /// <summary>Adam: passes over the data, 1–1,000.</summary>
    public int Epochs { get; init; } = 10;

    /// <summary>Adam: units a step, 1–65,536.</summary>
    public int BatchSize { get; init; } = 32;

    /// <summary>Adam: rate of the first step.</summary>
    public double LearningRate { get; init; } = 0.002;

    /// <summary>L-BFGS: most iterations, 1–10,000.</summary>
    public int MaxIterations { get; init; } = 200;

    /// <summary>Weight of the squared norm beside the mean loss of a unit.</summary>
    public double L2 { get; init; } = 1e-4;
}

/// <summary>One data file of a head.</summary>
public sealed record DataSource
{
    /// <summary>Name of the data set; sources with one name are reported together.</summary>
    public required string Name { get; init; }

    /// <summary>File, relative to the data folder.</summary>
    public required string File { get; init; }

    /// <summary>Its format.</summary>
    public required DataFormat Format { get; init; }

    /// <summary>Licence of the data.</summary>
    public required string Licence { get; init; }

    /// <summary>Who must be named.</summary>
    public string? Attribution { get; init; }

    /// <summary>Whether a machine made the labels; see <see cref="FineTuningSettings.Blend"/>.</summary>
    public bool IsDistilled { get; init; }

    /// <summary>Columns of the text and label.</summary>
    public DataReadOptions Read { get; init; } = new();

    /// <summary>File with label names, one a line, relative to the data folder.</summary>
    public string? LabelNamesFile { get; init; }

    /// <summary>Label in the file → label of the head, or null to leave it out; null: labels are taken as they are.</summary>
    public IReadOnlyDictionary<string, string?>? Mapping { get; init; }

    /// <summary>File that folds labels into groups (a JSON object, group → labels), instead of <see cref="Mapping"/>, relative to the data folder; groups that the head does not know are left out.</summary>
    public string? GroupsFile { get; init; }

    /// <summary>Types that the data set annotates; a word outside them may be of any other type. Null: all.</summary>
    public IReadOnlyList<string>? Annotates { get; init; }

    /// <summary>Number of folds the file is dealt into: by document number where it has documents, by the text's hash otherwise. 1: not at all.</summary>
    public int Folds { get; init; } = 1;

    /// <summary>Folds to use, from 0.</summary>
    public IReadOnlyList<int> Keep { get; init; } = [0];
}
