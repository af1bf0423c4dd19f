using System.Security.Cryptography;
using Streaming.Core;
using Streaming.Core.Models.Bundle;
using Streaming.Core.Topology;
using Streaming.Core.Topology.Yaml;
using Streaming.Learning.Data;
using Streaming.Text.Heads;

namespace Streaming.Learning.Recipes;

/// <summary>Reads recipes strictly: unknown keys, wrong types and values out of range are refused, all at once, each with its place.</summary>
public static class RecipeLoader
{
    /// <summary>Reads a recipe file.</summary>
    /// <exception cref="StreamingException"><c>recipe_not_found</c>, <c>recipe_invalid</c> with every error.</exception>
    public static TrainingRecipe Load(string path)
    {
        if (!File.Exists(path))
            throw new StreamingException("recipe_not_found", $"There is no recipe '{path}'. Those of this repository are in models/recipes.");
        using var stream = File.OpenRead(path);
        var buffer = new byte[TopologyLimits.MaxFileBytes + 1];
        var length = stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
        return Parse(buffer.AsSpan(0, length), Path.GetFileName(path));
    }

    /// <summary>Reads a recipe from its bytes.</summary>
    /// <exception cref="StreamingException"><c>recipe_invalid</c> with every error.</exception>
    public static TrainingRecipe Parse(ReadOnlySpan<byte> yaml, string name)
    {
        var diagnostics = new DiagnosticBag();
        var tree = YamlTreeReader.Read(yaml, name, diagnostics);
        TrainingRecipe? recipe = null;
        if (tree is not null)
            recipe = Read(new RecipeNode(tree, diagnostics), Convert.ToHexStringLower(SHA256.HashData(yaml)));
        if (diagnostics.HasErrors)
            throw new StreamingException("recipe_invalid", $"The recipe is refused:\n{string.Join('\n', diagnostics.ToList().Select(d => $"{d.Position}: {d.Message}"))}");
        return recipe ?? throw new InvalidOperationException("This is a bug: a recipe neither read nor refused.");
    }

    private static TrainingRecipe Read(RecipeNode node, string digest)
    {
        node.OnlyKeys("name", "version", "seed", "licence", "attribution", "data_sets", "encoder", "fine_tuning", "heads");
        var dataSets = new Dictionary<string, RecipeNode>(StringComparer.Ordinal);
        if (node.Find("data_sets") is { } sets)
        {
            foreach (var (key, value) in sets.Entries())
                dataSets[key] = value;
        }

        var heads = node.Require("heads").Items().Select(h => Head(h, dataSets)).ToList();
        if (heads.Count == 0)
            node.Error("a recipe needs at least one head");
        foreach (var twice in heads.GroupBy(h => h.Name).Where(g => g.Count() > 1))
            node.Error($"two heads are named '{twice.Key}'");
        return new TrainingRecipe
        {
            Name = node.Text("name"),
            Version = node.Text("version"),
            Seed = node.Integer("seed", 0, long.MaxValue),
            Licence = node.Text("licence"),
            Attribution = node.Find("attribution")?.Texts() ?? [],
            Encoder = node.Find("encoder")?.Value(),
            FineTuning = node.Find("fine_tuning") is { } tuning ? FineTuningReader.Read(tuning, heads) : null,
            Heads = heads,
            Sha256 = digest,
        };
    }

    private static HeadRecipe Head(RecipeNode node, Dictionary<string, RecipeNode> dataSets)
    {
        node.OnlyKeys("name", "task", "kind", "layers", "word_shape", "labels", "sentiments", "optimizer", "few_shot", "train", "dev", "test");
        var task = node.Choice("task", HeadTask.Ner);
        var labels = node.Require("labels").Texts();
        if (labels.Count is 0 or > 255 || labels.Distinct(StringComparer.Ordinal).Count() != labels.Count)
            node.Error("labels must be distinct, at least one");
        var head = new HeadRecipe
        {
            Name = node.Text("name"),
            Task = task,
            Kind = node.Choice("kind", HeadKind.Softmax),
            Layers = [.. node.Require("layers").Items().Select(l => (int)l.Number(0, 1000))],
            WordShape = node.Find("word_shape")?.Flag() ?? false,
            Labels = labels,
            Optimizer = node.Find("optimizer") is { } optimizer ? Optimizer(optimizer) : new OptimizerSettings(),
            FewShot = (int)(node.Find("few_shot")?.Number(1, 1_000_000) ?? 0),
            Train = Sources(node, "train", dataSets),
            Dev = Sources(node, "dev", dataSets),
            Test = Sources(node, "test", dataSets),
        };
        if (node.Find("sentiments") is { } sentiments)
            head = WithSentiments(head, sentiments);
        if (!head.IsTagger && (head.WordShape || head.Kind == HeadKind.Crf))
            node.Error("only heads that tag words (ner, absa) may have kind crf or word_shape");
        if (!head.IsTagger && head.FewShot > 0)
            node.Error("few_shot counts sentences a type: it is for heads that tag words");
        if (head.Outputs.Count is < 2 or > 32)
            node.Error($"a head has 2 to 32 outputs, this one {head.Outputs.Count}");
        if (head.Layers.Count == 0)
            node.Error("layers must name at least one layer");
        return head;
    }

    private static HeadRecipe WithSentiments(HeadRecipe head, RecipeNode node)
    {
        var sentiments = node.Texts();
        if (!head.IsCategorizer)
            node.Error("only heads of the task aspect_category have sentiments");
        else if (sentiments.Count == 0 || sentiments.Distinct(StringComparer.Ordinal).Count() != sentiments.Count || sentiments.Any(static s => s.Length == 0 || s.Contains('/') || s == CategorySet.None))
            node.Error($"sentiments must be distinct, at least one, without a slash, and none may be '{CategorySet.None}'");
        return head with { Sentiments = sentiments };
    }

    private static OptimizerSettings Optimizer(RecipeNode node)
    {
        node.OnlyKeys("kind", "epochs", "batch_size", "learning_rate", "max_iterations", "l2");
        var kind = node.Find("kind")?.Value() ?? "adam";
        if (kind is not ("adam" or "lbfgs"))
            node.Error($"'{kind}' is no optimizer; use adam or lbfgs");
        var standard = new OptimizerSettings();
        return new OptimizerSettings
        {
            UseLbfgs = kind == "lbfgs",
            Epochs = (int)(node.Find("epochs")?.Number(1, 1000) ?? standard.Epochs),
            BatchSize = (int)(node.Find("batch_size")?.Number(1, 65_536) ?? standard.BatchSize),
            LearningRate = node.Find("learning_rate")?.Real(1e-8, 10) ?? standard.LearningRate,
            MaxIterations = (int)(node.Find("max_iterations")?.Number(1, 10_000) ?? standard.MaxIterations),
            L2 = node.Find("l2")?.Real(0, 1000) ?? standard.L2,
        };
    }

    private static List<DataSource> Sources(RecipeNode head, string key, Dictionary<string, RecipeNode> dataSets)
    {
        var sources = new List<DataSource>();
        foreach (var item in head.Require(key).Items())
        {
            item.OnlyKeys("set", "file", "part", "folds", "keep");
            var name = item.Text("set");
            if (!dataSets.TryGetValue(name, out var set))
            {
                item.Error($"there is no data set '{name}' under data_sets");
                continue;
            }

            sources.Add(Source(name, set, item));
        }

        if (sources.Count == 0)
            head.Error($"'{key}' needs at least one data file");
        return sources;
    }

    private static DataSource Source(string name, RecipeNode set, RecipeNode item)
    {
        set.OnlyKeys("format", "licence", "attribution", "text", "label", "header", "label_names", "token_column", "tag_column", "mapping", "groups", "annotates");
        var folds = (int)(item.Find("folds")?.Number(1, 1000) ?? 1);
        var keep = item.Find("keep")?.Items().Select(k => (int)k.Number(0, folds - 1)).ToList();
        if (keep is null && folds > 1)
            item.Error("folds without keep: say which folds are used, from 0");
        Dictionary<string, string?>? mapping = null;
        if (set.Find("mapping") is { } map)
            mapping = map.Entries().ToDictionary(e => e.Key, e => e.Value.IsNothing ? null : e.Value.Value(), StringComparer.Ordinal);
        if (mapping is not null && set.Find("groups") is { } both)
            both.Error("mapping and groups say the same thing in two ways; keep one");
        return new DataSource
        {
            Name = name,
            File = item.RelativePath("file"),
            Format = set.Format("format"),
            Licence = set.Text("licence"),
            Attribution = set.Find("attribution")?.Value(),
            LabelNamesFile = set.Find("label_names") is null ? null : set.RelativePath("label_names"),
            Read = new DataReadOptions
            {
                TextColumns = set.Find("text")?.Texts() ?? [],
                LabelColumn = set.Find("label")?.Value(),
                Header = set.Find("header")?.Flag(),
                TokenColumn = (int?)set.Find("token_column")?.Number(0, 1000),
                TagColumn = (int?)set.Find("tag_column")?.Number(0, 1000),
                Part = item.Find("part")?.Value(),
            },
            Mapping = mapping,
            GroupsFile = set.Find("groups") is null ? null : set.RelativePath("groups"),
            Annotates = set.Find("annotates")?.Texts(),
            Folds = folds,
            Keep = keep ?? [0],
        };
    }
}
