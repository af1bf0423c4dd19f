using Streaming.Adapters.Onnx.Running;
using Streaming.Cli.CommandLine;
using Streaming.Core;
using Streaming.Core.Models;
using Streaming.Core.Models.Bundle;
using Streaming.Core.Topology;
using Streaming.Text.Analysis;

namespace Streaming.Cli.Composition;

/// <summary>Loads bundles: verified, encoder on ONNX Runtime, heads and tokeniser beside it.</summary>
internal static class ModelAccess
{
    /// <summary>Loads a model for analysing single texts or batches.</summary>
    /// <param name="context">The world.</param>
    /// <param name="data">The data folder, when told.</param>
    /// <param name="bundle">Name or folder.</param>
    /// <param name="concurrent">Model calls at once, one thread each; 0: one a core.</param>
    public static EnrichmentModel Load(CliContext context, string? data, string bundle, int concurrent = 1)
    {
        var opened = ModelBundle.Open(BundleLocator.Find(context, data, bundle));
        return EnrichmentModel.Load(opened, Runner(context, opened, new ModelSettings(), concurrent));
    }

    /// <summary>Composes a topology's model of a bundle and a runner of its encoder, with the heads of its chain.</summary>
    /// <exception cref="StreamingException"><c>head_missing</c>: the chain asks for a head that the bundle does not have.</exception>
    public static EnrichmentModel Compose(ModelBundle bundle, IModelRunner runner, TopologyDefinition topology) => EnrichmentModel.Load(
        bundle,
        runner,
        new EnrichmentModelOptions { Windows = new WindowOptions { MaxWindows = topology.Model.MaxWindows }, Thresholds = topology.Thresholds, MeasureUncertainty = topology.Labelling.Enabled },
        Tasks(bundle, topology));

    /// <summary>The tasks of a topology's chain, checked to be the bundle's.</summary>
    /// <exception cref="StreamingException"><c>head_missing</c>.</exception>
    public static IReadOnlySet<HeadTask> Tasks(ModelBundle bundle, TopologyDefinition topology)
    {
        var tasks = new HashSet<HeadTask>();
        foreach (var (stage, task) in new[]
                 {
                     (StageRegistry.Entities, HeadTask.Ner), (StageRegistry.Topics, HeadTask.Topic),
                     (StageRegistry.Sentiment, HeadTask.Sentiment), (StageRegistry.Aspects, HeadTask.Absa),
                 })
        {
            if (!topology.HasStage(stage))
                continue;
            if (!bundle.Manifest.Heads.Any(head => head.Task == task))
                throw new StreamingException("head_missing", $"the chain of '{topology.Name}' has the stage '{stage}', but the bundle '{bundle.Manifest.Name}' has no head for it; leave the stage out, or name another model.bundle");
            tasks.Add(task);
            // Not every bundle has categories; one that does tells them with its terms.
            if (task == HeadTask.Absa)
                tasks.Add(HeadTask.AspectCategory);
        }

        return tasks;
    }

    /// <summary>Loads the model that a topology names, with the heads of its chain, for its batches in flight.</summary>
    /// <exception cref="StreamingException"><c>head_missing</c>.</exception>
    public static EnrichmentModel Load(CliContext context, string? data, TopologyDefinition topology)
    {
        var bundle = ModelBundle.Open(BundleLocator.Find(context, data, topology.Model.Bundle));
        Tasks(bundle, topology);
        return Compose(bundle, Runner(context, bundle, topology.Model, topology.Batching.MaxConcurrentBatches), topology);
    }

    /// <summary>A runner of a bundle's encoder.</summary>
    public static OnnxModelRunner Runner(CliContext context, ModelBundle bundle, ModelSettings settings, int concurrent)
    {
        var runner = OnnxModelRunner.Open(bundle, new OnnxRunnerOptions
        {
            Device = settings.Device switch { ModelDevice.Cpu => "cpu", ModelDevice.Cuda => "cuda", _ => "auto" },
            IntraOpThreads = settings.Threads == 0 ? 1 : settings.Threads,
            MaxConcurrent = concurrent == 0 ? Environment.ProcessorCount : concurrent,
            Log = line => context.Say($"model: {line}"),
        });
        LoadGarbage.Collect();
        return runner;
    }
}
