using Streaming.Core.Topology.Language;

namespace Streaming.Core.Topology;

/// <summary>Makes the typed settings of <c>labelling:</c>.</summary>
internal static class LabellingBinder
{
    public static LabellingSettings Bind(SettingMap map, Func<SettingMap, ThresholdSettings> thresholds, DiagnosticBag diagnostics)
    {
        var labelling = new LabellingSettings
        {
            Enabled = map.Flag("enabled"),
            Topic = map.Text("topic")!,
            LabelledTopic = map.Text("labelled_topic")!,
            BudgetPerHour = map.Integer("budget_per_hour"),
            BudgetPerDay = map.Integer("budget_per_day"),
            BudgetPerSource = map.Integer("budget_per_source"),
            ControlRate = map.Number("control_rate")!.Value,
            RandomShare = map.Number("random_share")!.Value,
            Below = thresholds(map.Map("below")),
            TargetShare = map.Number("target_share")!.Value,
            Measure = map.Text("measure")!,
            NearDuplicate = map.Number("near_duplicate")!.Value,
            SecondBundle = map.Text("second_bundle"),
            DisagreementFrom = map.Number("disagreement_from")!.Value,
            Llm = Llm(map.Map("llm"), diagnostics),
        };
        if (labelling.Topic == labelling.LabelledTopic)
        {
            diagnostics.Error(TopologyErrorCodes.Conflict, map.PositionOf("labelled_topic"), $"requests and answers would both go to {Quoting.Quote(labelling.Topic)}.", "Give `labelling.labelled_topic` a topic of its own.");
        }

        if (labelling.TargetShare > 0 && labelling.Below is { Entities: null, Topics: null, Sentiment: null, Aspects: null })
        {
            diagnostics.Error(TopologyErrorCodes.Conflict, map.PositionOf("target_share"), "a share of documents is asked for, but `labelling.below` names no task.", "Give `labelling.below` a threshold to start with, such as `{entities: 0.6}`.");
        }

        return labelling;
    }

    private static LlmSettings Llm(SettingMap map, DiagnosticBag diagnostics)
    {
        var llm = new LlmSettings
        {
            Url = Url(map, diagnostics),
            Network = map.Text("network") switch { "loopback" => LlmNetwork.Loopback, "private" => LlmNetwork.Private, _ => LlmNetwork.Public },
            Model = map.Text("model"),
            ApiKeyVariable = map.Text("api_key_variable")!,
            Prompt = map.Text("prompt")!,
            FewShot = map.Integer("few_shot"),
            NearestExamples = map.Text("examples") != "fixed",
            Votes = map.Integer("votes"),
            Temperature = map.Number("temperature")!.Value,
            MaxOutputTokens = map.Integer("max_output_tokens"),
            InputPrice = map.Number("input_price")!.Value,
            OutputPrice = map.Number("output_price")!.Value,
            MaxCostPerDay = map.Number("max_cost_per_day")!.Value,
            MaxCostPerDocument = map.Number("max_cost_per_document")!.Value,
            Timeout = map.Duration("timeout")!.Value,
            MaxConcurrency = map.Integer("max_concurrency"),
            RequestsPerMinute = map.Integer("requests_per_minute"),
            MaxAttempts = map.Integer("max_attempts"),
        };
        if (llm is { Url: not null, Model: null })
        {
            diagnostics.Error(TopologyErrorCodes.Conflict, map.PositionOf("url"), "`labelling.llm.url` is set, but there is no model.", "Set `labelling.llm.model`.");
        }

        if (llm is { Url: not null, Network: LlmNetwork.Public, IsPaid: false })
        {
            diagnostics.Error(
                TopologyErrorCodes.Conflict, map.PositionOf("url"), "`labelling.llm.url` is a public endpoint, but it has no price, so no cap on cost could hold.",
                "Set `labelling.llm.input_price` and `output_price` (of a million tokens), or say with `network` that it is your own.");
        }

        return llm;
    }

    private static Uri? Url(SettingMap map, DiagnosticBag diagnostics)
    {
        if (map.Text("url") is not { } text)
            return null;
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
        {
            diagnostics.Error(TopologyErrorCodes.InvalidValue, map.PositionOf("url"), $"`labelling.llm.url` cannot have {Quoting.Quote(Secrets.MaskUrls(text))}.", "Write an address such as `https://api.openai.com/v1`.");
            return null;
        }

        if (url.UserInfo.Length > 0 || url.Query.Length > 0)
        {
            diagnostics.Error(TopologyErrorCodes.Conflict, map.PositionOf("url"), "`labelling.llm.url` names a user or has a query.", "Addresses appear in logs: put the key into the environment, see `api_key_variable`.");
            return null;
        }

        if (url.Scheme == "http" && map.Text("network") == "public")
        {
            diagnostics.Error(TopologyErrorCodes.Conflict, map.PositionOf("url"), "`labelling.llm.url` is not encrypted.", "Use `https`, or say with `network` that it is your own.");
            return null;
        }

        return url;
    }
}
