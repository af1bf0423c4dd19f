namespace Streaming.Core.Topology.Language;

/// <summary>The keys of <c>retraining</c>.</summary>
internal static class RetrainingLanguage
{
    /// <summary>The mapping.</summary>
    /// <param name="topic">What a topic's name looks like.</param>
    public static MapType Retraining(TextType topic)
    {
        var retraining = new RetrainingSettings();
        var share = new NumberType(0, 1);
        return new MapType(
        [
            new("enabled", new BooleanType(), "Train when there are enough new labels.") { Default = retraining.Enabled },
            new("min_labels", new IntegerType(1, 10_000_000), "New labels of one task that start a training.") { Default = (long)retraining.MinLabels },
            new("schedule", new TextType(MaxLength: 200), "Cron expression of trainings while there is any new label, e.g. `30 3 * * mon-fri`; not set: none."),
            new("time_zone", new TextType("^[A-Za-z][A-Za-z0-9_+/-]{0,63}$", "a time zone such as `Europe/Berlin`", 1, 64), "Time zone of the schedule.") { DefaultInWords = "UTC" },
            new("drift_window", new IntegerType(0, 1_000_000), "Findings that drift is measured between, and trainings are started by; 0: not measured.") { Default = (long)retraining.DriftWindow },
            new("test", Files("Frozen test set"), "Frozen test sets: JSON lines with `text` and `spans` or `label`, never trained on; paths relative to the topology file."),
            new("originals", Files("Texts that people labelled"), "Texts that people labelled beforehand, in the same form."),
            new("blend", Blend(), "How original and distilled labels share the epochs."),
            new("fine_tuning", FineTuning(), "Trains the encoder too, with every head of the bundle; heads alone where it is left away."),
            new("max_source_share", new NumberType(0.01, 1), "Most that one source may be of a task's labels, where there are several.") { Default = retraining.MaxSourceShare },
            new("max_class_drop", share, "By how much the F1 of any class may fall before a new model is refused.") { Default = retraining.MaxClassDrop },
            new("max_calibration_rise", share, "By how much the expected calibration error may rise, above the old one or 0.05, before a new model is refused; on a small test set chance alone moves it.") { Default = retraining.MaxCalibrationRise },
            new("significance", new NumberType(0.0001, 1), "Two-sided p below which a gain on the test set counts as proven; 1 takes any gain.") { Default = retraining.Significance },
            new("max_replay_change", share, "Largest share of recent texts whose annotations may change.") { Default = retraining.MaxReplayChange },
            new("replay_texts", new IntegerType(0, 10_000), "Recent texts that the gate replays.") { Default = (long)retraining.ReplayTexts },
            new("events_topic", topic, "Topic of the decisions.") { Default = retraining.EventsTopic },
        ])
        {
            KnownAs = new Dictionary<string, string> { ["cron"] = "schedule", ["timezone"] = "time_zone", ["tests"] = "test", ["test_set"] = "test" },
        };
    }

    private static MapType Files(string what) => new(
    [
        new(StageRegistry.Entities, new TextType(MaxLength: 500), $"{what} for named entities."),
        new(StageRegistry.Topics, new TextType(MaxLength: 500), $"{what} for topics."),
        new(StageRegistry.Sentiment, new TextType(MaxLength: 500), $"{what} for sentiment."),
        new(StageRegistry.Aspects, new TextType(MaxLength: 500), $"{what} for aspects."),
    ]);

    private static MapType FineTuning() => new(
    [
        new("recipe", new TextType(MaxLength: 500), "Recipe with `fine_tuning` and the heads of the bundle, relative to the topology file; labels and originals take the place of its data."),
        new("checkpoint", new TextType(MaxLength: 500), "Hugging Face folder that every training starts from, relative to the topology file.") { DefaultInWords = "what the recipe names" },
        new("backend", new TextType(MaxLength: 64), "What differentiates: `onnx`, `torch`, or `auto`.") { DefaultInWords = "what the recipe names" },
    ]);

    private static MapType Blend()
    {
        var blend = new BlendSection();
        return new MapType(
        [
            new("strategy", new ChoiceType(BlendSection.Strategies), "Which share of the distilled labels each epoch sees.") { Default = blend.Strategy },
            new("epochs", new IntegerType(1, 1_000), "Passes.") { Default = (long)blend.Epochs },
            new("learning_rate", new NumberType(0.000001, 1), "Rate of the first epoch.") { Default = blend.LearningRate },
            new("rate_decay", new NumberType(0.01, 1), "What the rate is multiplied by after each epoch; 1 keeps it.") { Default = blend.RateDecay },
            new("k", new NumberType(0.01, 10_000), "Steepness of `sigmoid`.") { Default = blend.K },
            new("n", new NumberType(0.001, 100), "Exponent of `power`.") { Default = blend.N },
        ]);
    }
}
