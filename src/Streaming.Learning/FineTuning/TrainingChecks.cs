using Streaming.Core;
using Streaming.Core.Models.Encoders;

namespace Streaming.Learning.FineTuning;

/// <summary>Refuses, for every backend alike, what would end in wrong numbers or in reading where nothing is.</summary>
public static class TrainingChecks
{
    /// <summary>Checks options against the encoder's shape; says all that is wrong at once.</summary>
    /// <exception cref="StreamingException"><c>training_options_invalid</c>.</exception>
    public static void Options(TrainableModelOptions options, BertConfig config)
    {
        var errors = new List<string>();
        Check(options.Heads.Count > 0, "there must be a head");
        Check(options.Heads.DistinctBy(static head => head.Name, StringComparer.Ordinal).Count() == options.Heads.Count, "two heads have one name");
        Check(options.Dropout is >= 0 and < 1, "dropout must be 0 or more, below 1");
        Check(options.FrozenLayers >= 0 && options.FrozenLayers <= config.Layers, $"frozen_layers must be 0-{config.Layers}");
        Check(options.LayerDecay is > 0 and <= 1, "layer_decay must be above 0, at most 1");
        Check(options.WeightDecay >= 0, "weight_decay must be 0 or more");
        Check(options.Beta1 is >= 0 and < 1 && options.Beta2 is >= 0 and < 1, "betas must be 0 or more, below 1");
        Check(options.Epsilon > 0, "epsilon must be above 0");
        Check(options.MaxGradientNorm >= 0, "max_gradient_norm must be 0 or more");
        Check(options.Threads is >= 0 and <= 256, "threads must be 0-256");
        Check(IsDevice(options.Device), "device must be auto, cpu, cuda or cuda:N");
        if (options.Lora is { } lora)
        {
            Check(lora.Rank is >= 1 and <= 4096, "lora rank must be 1-4096");
            Check(lora.Dropout is >= 0 and < 1, "lora dropout must be 0 or more, below 1");
            Check(lora.Targets.Count > 0 && lora.Targets.All(LoraOptions.AllTargets.Contains), $"lora targets must be among {string.Join(", ", LoraOptions.AllTargets)}");
        }
        foreach (var head in options.Heads)
        {
            Check(head.Labels >= 1, $"head '{head.Name}' needs labels");
            if (head.Kind == TrainableHeadKind.Contrastive)
            {
                Check(head.Temperature > 0, $"head '{head.Name}': temperature must be above 0");
                Check(head.Anchors.Length == head.Labels * config.Hidden, $"head '{head.Name}': anchors must be [labels, {config.Hidden}]");
                continue;
            }
            Check(head.Layers.Count > 0 && head.Layers.All(layer => layer >= 0 && layer <= config.Layers) && head.Layers.SequenceEqual(head.Layers.Distinct().Order()), $"head '{head.Name}': layers must be ascending, among 0-{config.Layers}");
            Check(head.Weight.Length == head.Labels * head.Layers.Count * config.Hidden && head.Bias.Length == head.Labels, $"head '{head.Name}': first weights must be [labels, layers · {config.Hidden}], biases [labels]");
        }
        if (errors.Count > 0)
            throw new StreamingException("training_options_invalid", $"The options of training are refused: {string.Join("; ", errors)}.");

        void Check(bool holds, string error)
        {
            if (!holds)
                errors.Add(error);
        }
    }

    /// <summary>Checks that a batch fits its arrays and the encoder.</summary>
    public static void Batch(TrainingBatch batch, BertConfig config)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var places = (long)batch.Rows * batch.Length;
        if (batch.Rows < 1 || batch.Length < 1 || batch.Length > config.MaxSequence || batch.Ids.Length < places || batch.Lengths.Length < batch.Rows
            || (batch.TokenTypes is { } types && types.Length < places))
        {
            throw new ArgumentException($"A batch of {batch.Rows} rows of {batch.Length} places does not fit its arrays or the encoder's {config.MaxSequence} positions.", nameof(batch));
        }
        for (var row = 0; row < batch.Rows; row++)
        {
            if (batch.Lengths[row] < 1 || batch.Lengths[row] > batch.Length)
                throw new ArgumentException($"Row {row} has a length of {batch.Lengths[row]}; 1 to {batch.Length} are possible.", nameof(batch));
            for (var place = row * batch.Length; place < (row * batch.Length) + batch.Lengths[row]; place++)
            {
                if ((uint)batch.Ids[place] >= (uint)config.Vocabulary || (uint)(batch.TokenTypes?[place] ?? 0) >= (uint)Math.Max(1, config.TokenTypes))
                    throw new ArgumentException($"Place {place} has id {batch.Ids[place]}, segment {batch.TokenTypes?[place] ?? 0}; the encoder knows {config.Vocabulary} ids and {config.TokenTypes} segments.", nameof(batch));
            }
        }
    }

    /// <summary>Checks that every unit lies in the batch.</summary>
    public static void Units(TrainingBatch batch, TrainableHeadKind kind)
    {
        var end = kind == TrainableHeadKind.Document ? batch.Rows : batch.Rows * batch.Length;
        foreach (var unit in batch.Units)
        {
            if ((uint)unit >= (uint)end)
                throw new ArgumentException($"Unit {unit} is not in the batch; {end} are.", nameof(batch));
        }
    }

    /// <summary>Checks that there is a target and a weight for every unit.</summary>
    public static void Targets(TrainingBatch batch, int labels)
    {
        if (batch.Targets.Length < batch.Units.Length * labels || batch.Weights.Length < batch.Units.Length)
            throw new ArgumentException($"{batch.Units.Length} units of {labels} labels need as many targets and weights.", nameof(batch));
    }

    private static bool IsDevice(string device) => device is "auto" or "cpu" or "cuda"
        || (device.StartsWith("cuda:", StringComparison.Ordinal) && byte.TryParse(device.AsSpan(5), System.Globalization.NumberStyles.None, null, out _));
}
