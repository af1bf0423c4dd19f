namespace Streaming.Core.Topology.Language;

/// <summary>The keys of <c>labelling:</c>.</summary>
internal static class LabellingLanguage
{
    public static readonly IReadOnlyList<string> Measures = ["least_confidence", "margin", "entropy", "sequence"];

    private static readonly NumberType Share = new(0, 1);
    private static readonly NumberType Money = new(0, 1_000_000);

    public static MapType Map(TextType topic, MapType confidencePerTask)
    {
        var labelling = new LabellingSettings();
        return new MapType(
        [
            new("enabled", new BooleanType(), "Send documents that the model is unsure of.") { Default = labelling.Enabled },
            new("topic", topic, "Topic of the requests.") { Default = labelling.Topic },
            new("labelled_topic", topic, "Topic of the answers.") { Default = labelling.LabelledTopic },
            new("budget_per_hour", new IntegerType(0, 1_000_000), "Requests an hour.") { Default = (long)labelling.BudgetPerHour },
            new("budget_per_day", new IntegerType(0, 10_000_000), "Requests a day (UTC).") { Default = (long)labelling.BudgetPerDay },
            new("budget_per_source", new IntegerType(0, 1_000_000), "Requests an hour from any one source; 0 sets no bound of its own.") { Default = (long)labelling.BudgetPerSource },
            new("control_rate", Share, "Share of all documents that is chosen at random, by their ids, so that quality can be estimated without bias.") { Default = labelling.ControlRate },
            new("random_share", Share, "Share of the hour's budget that randomly chosen documents may take at most.") { Default = labelling.RandomShare },
            new("below", confidencePerTask, "Documents whose confidence is below these are candidates."),
            new("target_share", Share, "Share of documents that doubt makes candidates: the thresholds of `below` move so that it is met; 0: they stay.") { Default = labelling.TargetShare },
            new("measure", new ChoiceType(Measures), "What confidence means: 1 minus this.") { Default = labelling.Measure },
            new("near_duplicate", new NumberType(0.3, 1), "Similarity of word triples from which on a text counts as chosen already.") { Default = labelling.NearDuplicate },
            new("second_bundle", new TextType(MaxLength: 500), "A second bundle that computes a share of the batches too, as `model.rollout` says of the shadow: where it disagrees with the model in force, a document is a candidate."),
            new("disagreement_from", new NumberType(0.01, 1), "Disagreement of two models in a task from which on a document is a candidate.") { Default = labelling.DisagreementFrom },
            new("llm", Llm(labelling.Llm), "The language model that answers."),
        ]);
    }

    private static MapType Llm(LlmSettings llm) => new(
    [
        new("url", new TextType("^https?://[^\\s]+$", "an address such as `https://api.openai.com/v1`", 1, 2000), "Base address of an endpoint that speaks OpenAI's chat completions."),
        new("network", new ChoiceType(["public", "loopback", "private"]), "Addresses it may have: only public ones, also this machine's own, or also private ones.") { Default = "public" },
        new("model", new TextType(MaxLength: 200), "Model."),
        new("api_key_variable", new TextType("^[A-Za-z_][A-Za-z0-9_]{0,99}$", "a name of letters, digits and `_`", 1, 100), "Environment variable that holds the key.") { Default = llm.ApiKeyVariable },
        new("prompt", new TextType(MaxLength: 500), "Prompt: a file of `topologies/prompts` without its ending, or a path relative to the topology file.") { Default = llm.Prompt },
        new("few_shot", new IntegerType(0, 50), "Labelled examples in the prompt.") { Default = (long)llm.FewShot },
        new("examples", new ChoiceType(["nearest", "fixed"]), "Which examples: those nearest to the text, or always the same.") { Default = "nearest" },
        new("votes", new IntegerType(1, 15), "Answers asked for each text; what most of them say is kept.") { Default = (long)llm.Votes },
        new("temperature", new NumberType(0, 2), "Sampling temperature.") { Default = llm.Temperature },
        new("max_output_tokens", new IntegerType(16, 32_768), "Tokens of an answer.") { Default = (long)llm.MaxOutputTokens },
        new("input_price", Money, "Price of a million tokens sent.") { Default = llm.InputPrice },
        new("output_price", Money, "Price of a million tokens received.") { Default = llm.OutputPrice },
        new("max_cost_per_day", Money, "Most that a day (UTC) may cost.") { Default = llm.MaxCostPerDay },
        new("max_cost_per_document", Money, "Most that one document may cost.") { Default = llm.MaxCostPerDocument },
        new("timeout", new DurationType(TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10)), "Longest wait for one answer.") { Default = llm.Timeout },
        new("max_concurrency", new IntegerType(1, 64), "Calls in flight.") { Default = (long)llm.MaxConcurrency },
        new("requests_per_minute", new IntegerType(1, 100_000), "Calls a minute.") { Default = (long)llm.RequestsPerMinute },
        new("max_attempts", new IntegerType(1, 10), "How often one call is tried.") { Default = (long)llm.MaxAttempts },
    ])
    {
        KnownAs = new Dictionary<string, string> { ["base_url"] = "url", ["api_key"] = "api_key_variable", ["max_tokens"] = "max_output_tokens" },
    };
}
