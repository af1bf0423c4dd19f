using Streaming.Core.Topology.Language;

namespace Streaming.Core.Topology;

/// <summary>Makes the typed settings of <c>retraining</c>, and checks them against one another.</summary>
internal static class RetrainingBinder
{
    public static RetrainingSettings Bind(SettingMap map, ModelSettings model, DiagnosticBag diagnostics)
    {
        var blend = map.Map("blend");
        var tuning = map.Map("fine_tuning");
        var retraining = new RetrainingSettings
        {
            Enabled = map.Flag("enabled"),
            MinLabels = map.Integer("min_labels"),
            Schedule = map.Text("schedule"),
            TimeZone = map.Text("time_zone"),
            DriftWindow = map.Integer("drift_window"),
            Test = Files(map.Map("test")),
            Originals = Files(map.Map("originals")),
            Blend = new BlendSection
            {
                Strategy = blend.Text("strategy")!,
                Epochs = blend.Integer("epochs"),
                LearningRate = blend.Number("learning_rate")!.Value,
                RateDecay = blend.Number("rate_decay")!.Value,
                K = blend.Number("k")!.Value,
                N = blend.Number("n")!.Value,
            },
            FineTuning = new FineTuningSection { Recipe = tuning.Text("recipe"), Checkpoint = tuning.Text("checkpoint"), Backend = tuning.Text("backend") },
            MaxSourceShare = map.Number("max_source_share")!.Value,
            MaxClassDrop = map.Number("max_class_drop")!.Value,
            MaxCalibrationRise = map.Number("max_calibration_rise")!.Value,
            Significance = map.Number("significance")!.Value,
            MaxReplayChange = map.Number("max_replay_change")!.Value,
            ReplayTexts = map.Integer("replay_texts"),
            EventsTopic = map.Text("events_topic")!,
        };
        if (retraining.Enabled && model.Channel is null)
            diagnostics.Error(TopologyErrorCodes.Conflict, map.PositionOf("enabled"), "`retraining.enabled` is `true`, but the topology follows no channel, so a new model could never be put in force.", "Set `model.channel`, e.g. to `stable`.");
        else if (retraining.Enabled && retraining.Test.IsEmpty)
            diagnostics.Error(TopologyErrorCodes.Conflict, map.PositionOf("enabled"), "`retraining.enabled` is `true`, but there is no frozen test set, so nothing could be proven.", "Set `retraining.test` for at least one task.");
        if (retraining.DriftWindow is > 0 and < 50)
            diagnostics.Error(TopologyErrorCodes.Conflict, map.PositionOf("drift_window"), "`retraining.drift_window` is too small to tell anything.", "Set it to 50 or more, or to 0.");
        if (retraining.TimeZone is not null && retraining.Schedule is null)
            diagnostics.Warning(TopologyErrorCodes.UnusedSetting, map.PositionOf("time_zone"), "`retraining.time_zone` has no effect without a schedule.", "Set `retraining.schedule`, or leave it away.");
        if (retraining.FineTuning is { Recipe: null } section && (section.Checkpoint ?? section.Backend) is not null)
            diagnostics.Error(TopologyErrorCodes.Conflict, tuning.PositionOf(section.Checkpoint is null ? "backend" : "checkpoint"), "`retraining.fine_tuning` names no recipe, so the encoder would not be trained.", "Set `retraining.fine_tuning.recipe`, or leave the section away.");
        return retraining;
    }

    private static TaskFiles Files(SettingMap map) => new()
    {
        Entities = map.Text(StageRegistry.Entities),
        Topics = map.Text(StageRegistry.Topics),
        Sentiment = map.Text(StageRegistry.Sentiment),
        Aspects = map.Text(StageRegistry.Aspects),
    };
}
