using Streaming.Adapters.Onnx.Running;
using Streaming.Cli.CommandLine;
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
    /// <param name="concurrent">Model calls in flight, one thread each; 0: one a core.</param>
    public static EnrichmentModel Load(CliContext context, string? data, string bundle, int concurrent = 1) =>
        Load(context, data, new ModelSettings { Bundle = bundle }, concurrent);

    /// <summary>Loads a model as a topology wants it.</summary>
    public static EnrichmentModel Load(CliContext context, string? data, ModelSettings settings, int concurrent)
    {
        var opened = ModelBundle.Open(BundleLocator.Find(context, data, settings.Bundle));
        var runner = OnnxModelRunner.Open(opened, new OnnxRunnerOptions
        {
            Device = settings.Device switch { ModelDevice.Cpu => "cpu", ModelDevice.Cuda => "cuda", _ => "auto" },
            IntraOpThreads = settings.Threads == 0 ? 1 : settings.Threads,
            MaxConcurrent = concurrent == 0 ? Environment.ProcessorCount : concurrent,
            Log = line => context.Say($"model: {line}"),
        });
        return EnrichmentModel.Load(opened, runner, new EnrichmentModelOptions { Windows = new WindowOptions { MaxWindows = settings.MaxWindows } });
    }

}
