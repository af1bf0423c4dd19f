using Streaming.Core.Models.Registry;

namespace Streaming.Core.Topology.Language;

/// <summary>The keys of <c>model.rollout</c>.</summary>
internal static class RolloutLanguage
{
    private static readonly Dictionary<string, RolloutMode> Modes = new()
    {
        ["direct"] = RolloutMode.Direct,
        ["shadow"] = RolloutMode.Shadow,
        ["canary"] = RolloutMode.Canary,
        ["progressive"] = RolloutMode.Progressive,
    };

    private static readonly DurationType Time = new(TimeSpan.Zero, TimeSpan.FromDays(365));

    /// <summary>The mapping.</summary>
    public static MapType Rollout()
    {
        var plan = new RolloutPlan();
        var share = new NumberType(0, 1);
        var someShare = new NumberType(0.0001, 1);
        var documents = new IntegerType(1, 1_000_000_000);
        return new MapType(
        [
            new("mode", new ChoiceType([.. Modes.Keys]), "How a model that passed the gate comes into force: at once, after computing beside the one in force (`shadow`), after enriching a share of the documents (`canary`), or after both (`progressive`).") { Default = "direct" },
            new("shadow_share", someShare, "Share of the batches of the model in force that the candidate computes too, in the shadow and in the canary.") { Default = plan.ShadowShare },
            new("shadow_rate", new IntegerType(1, 1_000_000), "Most documents a second that a process shadows.") { Default = (long)plan.ShadowRate },
            new("max_overhead", new NumberType(0.001, 10), "Most time of the candidate in the shadow, as a share of the time of the model in force.") { Default = plan.MaxOverhead },
            new("shadow_documents", documents, "Documents that both must have computed before the shadow ends.") { Default = (long)plan.ShadowDocuments },
            new("canary_share", someShare, "Share of the documents that the candidate enriches, by a hash of their ids.") { Default = plan.CanaryShare },
            new("canary_documents", documents, "Documents that the candidate must have enriched before the canary ends.") { Default = (long)plan.CanaryDocuments },
            new("min_duration", Time, "Least time of a stage.") { Default = plan.MinDuration },
            new("max_duration", Time, "Longest time of a stage; a candidate that has not got through by then is withdrawn.") { Default = plan.MaxDuration },
            new("max_failure_rate", share, "Largest share of texts on which the candidate may fail.") { Default = plan.MaxFailureRate },
            new("min_agreement", share, "Least mean agreement with the model in force in any task.") { Default = plan.MinAgreement },
            new("max_confidence_drop", share, "By how much the candidate's mean confidence in any task may be lower.") { Default = plan.MaxConfidenceDrop },
            new("max_label_shift", new NumberType(0, 100), "Largest population stability index between the two distributions of labels in any task.") { Default = plan.MaxLabelShift },
            new("max_latency_ratio", new NumberType(0.1, 1_000), "Largest time of the candidate as a multiple of that of the model in force, for the median batch.") { Default = plan.MaxLatencyRatio },
        ])
        {
            KnownAs = new Dictionary<string, string> { ["strategy"] = "mode", ["percentage"] = "canary_share", ["share"] = "canary_share", ["timeout"] = "max_duration" },
        };
    }

    /// <summary>The plan of validated settings.</summary>
    public static RolloutPlan Bind(SettingMap model, DiagnosticBag diagnostics)
    {
        var map = model.Map("rollout");
        var plan = new RolloutPlan
        {
            Mode = Modes[map.Text("mode")!],
            ShadowShare = map.Number("shadow_share")!.Value,
            ShadowRate = map.Integer("shadow_rate"),
            MaxOverhead = map.Number("max_overhead")!.Value,
            ShadowDocuments = map.Integer("shadow_documents"),
            CanaryShare = map.Number("canary_share")!.Value,
            CanaryDocuments = map.Integer("canary_documents"),
            MinDuration = map.Duration("min_duration")!.Value,
            MaxDuration = map.Duration("max_duration")!.Value,
            MaxFailureRate = map.Number("max_failure_rate")!.Value,
            MinAgreement = map.Number("min_agreement")!.Value,
            MaxConfidenceDrop = map.Number("max_confidence_drop")!.Value,
            MaxLabelShift = map.Number("max_label_shift")!.Value,
            MaxLatencyRatio = map.Number("max_latency_ratio")!.Value,
        };
        if (plan.Mode != RolloutMode.Direct && model.Text("channel") is null)
            diagnostics.Error(TopologyErrorCodes.Conflict, map.PositionOf("mode"), $"`model.rollout.mode` is `{map.Text("mode")}`, but the topology follows no channel, so there is nothing to roll out.", "Set `model.channel`, e.g. to `stable`.");
        if (plan.MaxDuration <= plan.MinDuration)
            diagnostics.Error(TopologyErrorCodes.Conflict, map.PositionOf("max_duration"), "`model.rollout.max_duration` is not longer than `min_duration`, so no candidate could get through.", "Set it longer.");
        if (plan.Mode == RolloutMode.Shadow)
        {
            foreach (var name in new[] { "canary_share", "canary_documents" }.Where(map.IsSet))
                diagnostics.Warning(TopologyErrorCodes.UnusedSetting, map.PositionOf(name), $"`model.rollout.{name}` has no effect: the mode `shadow` has no canary.", "Set `mode` to `progressive`, or leave it away.");
        }

        return plan;
    }
}
