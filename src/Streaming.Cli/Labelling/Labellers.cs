using System.Globalization;
using System.Text.Json;
using Streaming.Adapters.Llm;
using Streaming.Adapters.Sqlite;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Composition;
using Streaming.Contracts;
using Streaming.Core;
using Streaming.Core.Models.Bundle;
using Streaming.Core.Topology;
using Streaming.Learning.Data;
using Streaming.Learning.Labelling;

namespace Streaming.Cli.Labelling;

/// <summary>Makes the labeller that <c>--labeller</c> names, and what belongs to it.</summary>
internal sealed class Labellers : IAsyncDisposable
{
    public const string Llm = "llm";
    public const string Replay = "replay";
    public const string Simulated = "simulated";

    private readonly Stack<IAsyncDisposable> _owned = new();

    private Labellers()
    {
    }

    /// <summary>The labeller.</summary>
    public ILabeller Labeller { get; private set; } = null!;

    /// <summary>Makes a labeller.</summary>
    /// <param name="context">The world.</param>
    /// <param name="data">The data folder, when told.</param>
    /// <param name="file">The topology's file: prompts may lie beside it.</param>
    /// <param name="topology">The topology.</param>
    /// <param name="store">Keeps caps, replies and examples.</param>
    /// <param name="choice">What was asked for on the command line.</param>
    public static Labellers Create(CliContext context, string? data, string file, TopologyDefinition topology, EmbeddedStore store, LabellerChoice choice)
    {
        var made = new Labellers();
        switch (choice.Kind)
        {
            case Replay:
                made.Labeller = new ReplayLabeller(Gold(choice), context.Time);
                return made;
            case Simulated:
                made.Labeller = new SimulatedLabeller(Gold(choice), Errors(choice.Errors), context.Time);
                return made;
            case Llm:
                made.CreateLlm(context, data, file, topology, store);
                return made;
            default:
                throw new StreamingException("unknown_labeller", $"--labeller is '{choice.Kind}'; it must be {Llm}, {Replay} or {Simulated}");
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        (Labeller as IDisposable)?.Dispose();
        while (_owned.TryPop(out var part))
            await part.DisposeAsync();
    }

    /// <summary>Labels of each task of a topology's chain, as the heads of its bundle have them.</summary>
    public static IReadOnlyDictionary<LabelTask, IReadOnlyList<string>> LabelsOf(ModelBundle bundle, TopologyDefinition topology)
    {
        var labels = new Dictionary<LabelTask, IReadOnlyList<string>>();
        foreach (var head in bundle.Manifest.Heads.Where(static head => head.Task != HeadTask.AspectCategory))
        {
            var (task, stage) = head.Task switch
            {
                HeadTask.Ner => (LabelTask.Entities, StageRegistry.Entities),
                HeadTask.Topic => (LabelTask.Topics, StageRegistry.Topics),
                HeadTask.Sentiment => (LabelTask.Sentiment, StageRegistry.Sentiment),
                _ => (LabelTask.Aspects, StageRegistry.Aspects),
            };
            if (topology.HasStage(stage))
                labels[task] = head.Unit == HeadUnit.Document ? head.Labels : [.. head.Labels.Where(static tag => tag.Length > 2).Select(static tag => tag[2..]).Distinct()];
        }

        return labels;
    }

    private void CreateLlm(CliContext context, string? data, string file, TopologyDefinition topology, EmbeddedStore store)
    {
        var settings = topology.Labelling.Llm;
        if (settings.Url is not { } url)
            throw new StreamingException("llm_missing", $"The topology '{topology.Name}' names no language model. Set labelling.llm.url and model, or use --labeller {Replay} or {Simulated} with --gold FILE.");
        var bundle = ModelBundle.Open(BundleLocator.Find(context, data, topology.Model.Bundle));
        var chat = new OpenAiChatModel(new OpenAiOptions { Url = url, Network = settings.Network, Model = settings.Model!, ApiKey = context.Variable(settings.ApiKeyVariable), Timeout = settings.Timeout });
        _owned.Push(new Owned(chat));
        EncoderEmbedder? embedder = null;
        if (settings is { FewShot: > 0, NearestExamples: true })
            _owned.Push(embedder = new EncoderEmbedder(bundle, ModelAccess.Runner(context, bundle, topology.Model, 1)));
        var examples = new StoredExamples(store.Samples, topology.Name, settings.FewShot, embedder, context.Time);
        _owned.Push(new Owned(examples));
        Labeller = new LlmLabeller(chat, PromptFile.Load(PathOf(context, file, settings.Prompt)), LlmLabellerOptions.From(settings, LabelsOf(bundle, topology)), store.Spending, store.Replies, examples, context.Time);
    }

    private static string PathOf(CliContext context, string file, string prompt)
    {
        var beside = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(file)) ?? ".", prompt);
        return File.Exists(beside) ? beside : Path.Combine(HomeFolder.Find(context), "topologies", "prompts", prompt + ".md");
    }

    private static GoldAnswers Gold(LabellerChoice choice)
    {
        if (choice.GoldFile is not { } path)
            throw new StreamingException("gold_missing", $"--labeller {choice.Kind} answers from a labelled file: name it with --gold FILE.");
        if (!File.Exists(path))
            throw new StreamingException("gold_missing", $"There is no file '{path}' (--gold).");
        var format = choice.Format is { } named ? DataFormats.Parse(named) : DataFormats.OfName(path);
        if (choice.Task is { } task)
        {
            return new GoldAnswers().Add(
                task, DataReader.Read(path, format ?? throw new StreamingException("data_format_unknown", $"The name of '{path}' does not tell its format; say it with --format {string.Join('|', DataFormats.Names)}."), new DataReadOptions()));
        }

        // Without a task it is an export of labelled samples.
        var samples = new List<LabelledSample>();
        foreach (var line in File.ReadLines(path).Where(static line => !string.IsNullOrWhiteSpace(line)))
        {
            try
            {
                samples.Add(JsonSerializer.Deserialize(line, ContractsJson.Wire.LabelledSample)!);
            }
            catch (JsonException error)
            {
                throw new StreamingException("gold_invalid", $"Line {samples.Count + 1} of '{path}' is no labelled sample ({error.Message}). Write it with 'streaming samples export', or say with --task what a data file is labelled for.");
            }
        }

        return new GoldAnswers().Add(samples);
    }

    /// <summary>Reads <c>miss=0.1,wrong_label=0.05,…</c>.</summary>
    internal static SimulatedErrors Errors(string? text)
    {
        var errors = new SimulatedErrors();
        foreach (var part in (text ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var pair = part.Split('=', 2);
            if (pair.Length != 2 || !double.TryParse(pair[1], NumberStyles.Float, CultureInfo.InvariantCulture, out var value) || value < 0 || (pair[0] != "seed" && value > 1))
                throw Wrong(part);
            errors = pair[0] switch
            {
                "miss" => errors with { Miss = value },
                "wrong_label" => errors with { WrongLabel = value },
                "wrong_boundary" => errors with { WrongBoundary = value },
                "spurious" => errors with { Spurious = value },
                "hallucination" => errors with { Hallucination = value },
                "abstain" => errors with { Abstain = value },
                "seed" => errors with { Seed = (ulong)value },
                _ => throw Wrong(part),
            };
        }

        return errors;
    }

    private static StreamingException Wrong(string part) =>
        new("simulated_errors_invalid", $"--errors has '{part}'. Write e.g. miss=0.1,wrong_label=0.05,wrong_boundary=0.05,spurious=0.01,hallucination=0.1,abstain=0.02,seed=1.");

    private sealed class Owned(IDisposable part) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            part.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
