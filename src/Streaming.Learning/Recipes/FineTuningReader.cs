using Streaming.Learning.FineTuning;

namespace Streaming.Learning.Recipes;

/// <summary>Reads the section <c>fine_tuning</c> of a recipe.</summary>
internal static class FineTuningReader
{
    public static FineTuningSettings Read(RecipeNode node, IReadOnlyList<HeadRecipe> heads)
    {
        node.OnlyKeys(
            "epochs", "steps", "learning_rate", "warmup", "weight_decay", "max_gradient_norm", "max_batch_tokens", "max_length", "accumulation", "dropout",
            "head_learning_rate_factor", "chain_learning_rate", "layer_decay", "freeze", "lora", "sampling", "evaluate_every", "dev_limit", "early_stopping",
            "threads", "backend", "device", "precision", "heads", "tasks", "contrastive");
        var standard = new FineTuningSettings();
        if (node.Find("epochs") is not null && node.Find("steps") is { } both)
            both.Error("say epochs or steps, not both");
        var freeze = node.Find("freeze");
        freeze?.OnlyKeys("embeddings", "layers");
        var stopping = node.Find("early_stopping");
        stopping?.OnlyKeys("patience");
        return new FineTuningSettings
        {
            Epochs = node.Find("epochs")?.Real(0.001, 1000) ?? standard.Epochs,
            Steps = Whole(node, "steps", 1, 10_000_000, 0),
            LearningRate = node.Find("learning_rate")?.Real(1e-8, 1) ?? standard.LearningRate,
            Warmup = node.Find("warmup")?.Real(0, 1) ?? standard.Warmup,
            WeightDecay = node.Find("weight_decay")?.Real(0, 10) ?? standard.WeightDecay,
            MaxGradientNorm = node.Find("max_gradient_norm")?.Real(0, 1e6) ?? standard.MaxGradientNorm,
            MaxBatchTokens = Whole(node, "max_batch_tokens", 16, 1_048_576, standard.MaxBatchTokens),
            MaxLength = Whole(node, "max_length", 8, 65_536, standard.MaxLength),
            Accumulation = Whole(node, "accumulation", 1, 10_000, standard.Accumulation),
            Dropout = node.Find("dropout")?.Real(0, 0.9) ?? standard.Dropout,
            HeadLearningRateFactor = node.Find("head_learning_rate_factor")?.Real(1e-3, 1000) ?? standard.HeadLearningRateFactor,
            ChainLearningRate = node.Find("chain_learning_rate")?.Real(1e-8, 1) ?? standard.ChainLearningRate,
            LayerDecay = node.Find("layer_decay")?.Real(0.1, 1) ?? standard.LayerDecay,
            FreezeEmbeddings = freeze?.Find("embeddings")?.Flag() ?? false,
            FreezeLayers = freeze is null ? 0 : Whole(freeze, "layers", 0, 1000, 0),
            Lora = node.Find("lora") is { } lora ? Lora(lora) : null,
            Sampling = Named(node, "sampling", standard.Sampling),
            EvaluateEvery = Whole(node, "evaluate_every", 1, 10_000_000, 0),
            DevLimit = Whole(node, "dev_limit", 0, int.MaxValue, standard.DevLimit),
            Patience = stopping is null ? 0 : Whole(stopping, "patience", 1, 1000, 0),
            Threads = Whole(node, "threads", 0, 1024, 0),
            Backend = node.Find("backend")?.Value() ?? standard.Backend,
            Device = OneOf(node, "device", standard.Device, "auto", "cpu", "cuda"),
            Precision = OneOf(node, "precision", standard.Precision, "fp32", "fp16", "bf16"),
            Heads = Named(node, "heads", standard.Heads),
            Tasks = Tasks(node, heads),
            Contrastive = node.Find("contrastive") is { } contrastive ? Contrastive(contrastive, heads) : null,
        };
    }

    private static LoraOptions Lora(RecipeNode node)
    {
        node.OnlyKeys("rank", "alpha", "targets", "dropout", "dora");
        var standard = new LoraOptions();
        var targets = node.Find("targets")?.Texts() ?? standard.Targets;
        foreach (var unknown in targets.Except(LoraOptions.AllTargets))
            node.Error($"'{unknown}' is no target of LoRA; there are {string.Join(", ", LoraOptions.AllTargets)}");
        if (targets.Count == 0)
            node.Error("targets must name at least one matrix");
        return new LoraOptions
        {
            Rank = Whole(node, "rank", 1, 4096, standard.Rank),
            Alpha = node.Find("alpha")?.Real(1e-3, 1e6) ?? standard.Alpha,
            Targets = targets,
            Dropout = node.Find("dropout")?.Real(0, 0.9) ?? standard.Dropout,
            Dora = node.Find("dora")?.Flag() ?? false,
        };
    }

    private static Dictionary<string, TaskSettings> Tasks(RecipeNode node, IReadOnlyList<HeadRecipe> heads)
    {
        var tasks = new Dictionary<string, TaskSettings>(StringComparer.Ordinal);
        if (node.Find("tasks") is not { } found)
            return tasks;
        foreach (var (name, task) in found.Entries())
        {
            task.OnlyKeys("loss_weight", "share", "label_smoothing", "class_weights");
            var head = heads.FirstOrDefault(h => h.Name == name);
            if (head is null)
                task.Error($"there is no head '{name}' in the recipe");
            var classes = task.Find("class_weights");
            var balanced = classes is { IsMapping: false };
            if (balanced && classes!.Value() != "balanced")
                classes.Error("class_weights are 'balanced', or a mapping of label to weight");
            var weights = new Dictionary<string, double>(StringComparer.Ordinal);
            if (classes is { IsMapping: true })
            {
                foreach (var (label, weight) in classes.Entries())
                {
                    weights[label] = weight.Real(0, 1000);
                    if (head is not null && !head.Outputs.Contains(label))
                        weight.Error($"'{label}' is no output of the head; there are {string.Join(", ", head.Outputs)}");
                }
            }

            var smoothing = task.Find("label_smoothing")?.Real(0, 0.9) ?? 0;
            if (head?.Kind == Core.Models.Bundle.HeadKind.Crf && (smoothing > 0 || classes is not null))
                task.Error("a CRF scores whole sentences: label_smoothing and class_weights are for softmax heads");
            tasks[name] = new TaskSettings
            {
                LossWeight = task.Find("loss_weight")?.Real(0, 1000) ?? 1,
                Share = task.Find("share")?.Real(0, 1000) ?? 1,
                LabelSmoothing = smoothing,
                BalancedClasses = balanced,
                ClassWeights = weights,
            };
        }

        return tasks;
    }

    private static ContrastiveSettings Contrastive(RecipeNode node, IReadOnlyList<HeadRecipe> heads)
    {
        node.OnlyKeys("head", "descriptions", "epochs", "learning_rate", "temperature", "bidirectional", "refresh_every");
        var name = node.Text("head");
        var head = heads.FirstOrDefault(h => h.Name == name);
        if (head is not { IsTagger: true })
            node.Error($"the contrastive stage needs a head that tags words; '{name}' is none");
        var descriptions = node.Require("descriptions").Entries().ToDictionary(e => e.Key, e => e.Value.Value(), StringComparer.Ordinal);
        if (head is not null)
        {
            foreach (var type in head.Labels.Where(l => !descriptions.ContainsKey(l)))
                node.Error($"the type '{type}' has no description");
            foreach (var unknown in descriptions.Keys.Where(k => k != "O" && !head.Labels.Contains(k)))
                node.Error($"'{unknown}' is described, but no type of the head '{name}'");
        }

        var standard = new ContrastiveSettings { Head = name, Descriptions = descriptions };
        return standard with
        {
            Epochs = node.Find("epochs")?.Real(0.001, 1000) ?? standard.Epochs,
            LearningRate = node.Find("learning_rate")?.Real(1e-8, 1) ?? standard.LearningRate,
            Temperature = node.Find("temperature")?.Real(1e-3, 100) ?? standard.Temperature,
            Bidirectional = node.Find("bidirectional")?.Flag() ?? standard.Bidirectional,
            RefreshEvery = Whole(node, "refresh_every", 0, 1_000_000, 0),
        };
    }

    private static int Whole(RecipeNode node, string key, int least, int most, int standard) => (int)(node.Find(key)?.Number(least, most) ?? standard);

    private static string OneOf(RecipeNode node, string key, string standard, params string[] known)
    {
        var value = node.Find(key)?.Value() ?? standard;
        if (!known.Contains(value))
            node.Find(key)!.Error($"'{value}' is not one of {string.Join(", ", known)}");
        return value;
    }

    private static T Named<T>(RecipeNode node, string key, T standard)
        where T : struct, Enum =>
        node.Find(key) is null ? standard : node.Choice(key, standard);
}
