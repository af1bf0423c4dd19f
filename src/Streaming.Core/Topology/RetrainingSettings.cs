namespace Streaming.Core.Topology;

/// <summary>When and how heads, or the encoder too, are trained again from new labels (<c>retraining:</c>).</summary>
public sealed record RetrainingSettings
{
    /// <summary>Off unless set. Needs a channel to promote to (<see cref="ModelSettings.Channel"/>) and a frozen test set.</summary>
    public bool Enabled { get; init; }

    /// <summary>New labels of one task that start a training, 1–10,000,000.</summary>
    public int MinLabels { get; init; } = 500;

    /// <summary>Cron expression of trainings while there is any new label; null: none.</summary>
    public string? Schedule { get; init; }

    /// <summary>IANA time zone of <see cref="Schedule"/>; null: UTC.</summary>
    public string? TimeZone { get; init; }

    /// <summary>Findings of the reference and of the window that drift is measured between, 50–1,000,000; 0: not measured.</summary>
    public int DriftWindow { get; init; }

    /// <summary>Frozen test sets, JSON lines; never trained on. Paths relative to the topology file.</summary>
    public TaskFiles Test { get; init; } = new();

    /// <summary>Texts that people labelled beforehand, JSON lines. Paths relative to the topology file.</summary>
    public TaskFiles Originals { get; init; } = new();

    /// <summary>How original and distilled labels share the epochs.</summary>
    public BlendSection Blend { get; init; } = new();

    /// <summary>Trains the encoder too; heads alone where no recipe is named.</summary>
    public FineTuningSection FineTuning { get; init; } = new();

    /// <summary>Most that one source may be of a task's labels, where there are several, above 0 to 1.</summary>
    public double MaxSourceShare { get; init; } = 0.5;

    /// <summary>By how much any class may fall before a new model is refused, in F1, 0–1.</summary>
    public double MaxClassDrop { get; init; } = 0.02;

    /// <summary>By how much the expected calibration error may rise before a new model is refused, 0–1.</summary>
    public double MaxCalibrationRise { get; init; } = 0.05;

    /// <summary>Two-sided p below which a gain on the test set counts as proven, 0.0001–1; 1 takes any gain.</summary>
    public double Significance { get; init; } = 0.05;

    /// <summary>Largest share of recent texts whose annotations may change, 0–1.</summary>
    public double MaxReplayChange { get; init; } = 0.6;

    /// <summary>Recent texts that the gate replays, 0–10,000.</summary>
    public int ReplayTexts { get; init; } = 200;

    /// <summary>Topic of the decisions.</summary>
    public string EventsTopic { get; init; } = "models.events";
}

/// <summary>A file for each task; null: none.</summary>
public sealed record TaskFiles
{
    /// <summary>For named entities.</summary>
    public string? Entities { get; init; }

    /// <summary>For topics.</summary>
    public string? Topics { get; init; }

    /// <summary>For sentiment.</summary>
    public string? Sentiment { get; init; }

    /// <summary>For aspects.</summary>
    public string? Aspects { get; init; }

    /// <summary>True when there is none at all.</summary>
    public bool IsEmpty => (Entities ?? Topics ?? Sentiment ?? Aspects) is null;
}

/// <summary>Trains the encoder with all heads (<c>retraining.fine_tuning:</c>).</summary>
public sealed record FineTuningSection
{
    /// <summary>Recipe with a section <c>fine_tuning</c>, relative to the topology file; its data is not read. Null: heads alone are trained.</summary>
    public string? Recipe { get; init; }

    /// <summary>Hugging Face folder that every training starts from, relative to the topology file; null: what the recipe names.</summary>
    public string? Checkpoint { get; init; }

    /// <summary>What differentiates, e.g. <c>onnx</c>; null: what the recipe names.</summary>
    public string? Backend { get; init; }
}

/// <summary>How original and distilled labels share the epochs (<c>retraining.blend:</c>).</summary>
public sealed record BlendSection
{
    /// <summary>Every strategy there is.</summary>
    public static IReadOnlyList<string> Strategies { get; } = ["all", "distilled", "original", "simple_mix", "sigmoid", "cosine", "power"];

    /// <summary>Name of the strategy.</summary>
    public string Strategy { get; init; } = "simple_mix";

    /// <summary>Epochs, 1–1,000.</summary>
    public int Epochs { get; init; } = 12;

    /// <summary>Rate of the first epoch.</summary>
    public double LearningRate { get; init; } = 0.002;

    /// <summary>What the rate is multiplied by after each epoch.</summary>
    public double RateDecay { get; init; } = 0.95;

    /// <summary>Steepness of the sigmoid.</summary>
    public double K { get; init; } = 32;

    /// <summary>Exponent of the power.</summary>
    public double N { get; init; } = 0.2;
}
