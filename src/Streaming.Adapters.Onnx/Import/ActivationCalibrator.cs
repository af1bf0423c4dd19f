using Microsoft.ML.OnnxRuntime;
using Streaming.Adapters.Onnx.Bert;
using Streaming.Adapters.Onnx.Running;
using Streaming.Core;
using Streaming.Core.Models.Encoders;

namespace Streaming.Adapters.Onnx.Import;

/// <summary>Runs texts through an encoder in single precision and notes the range of every activation channel.</summary>
internal static class ActivationCalibrator
{
    /// <summary>Measures the ranges. Each text runs alone, so no padding is seen.</summary>
    /// <param name="checkpoint">The encoder.</param>
    /// <param name="sequences">Token ids, special tokens included.</param>
    /// <param name="progress">Told the share that is done, 0–1.</param>
    /// <param name="cancellationToken">Observed between texts.</param>
    public static ActivationRanges Measure(BertCheckpoint checkpoint, IReadOnlyList<int[]> sequences, Action<double>? progress, CancellationToken cancellationToken)
    {
        if (sequences.Count == 0)
            throw new StreamingException("model_calibration_empty", "There is no text to calibrate with. Give a file with one text a line.");
        var ranges = new ActivationRanges(checkpoint.Config);
        var graph = BertGraph.Write(checkpoint, new BertGraphOptions { Probes = true });
        var (session, _) = OnnxSessionFactory.Open(graph, new OnnxRunnerOptions { Device = "cpu", IntraOpThreads = Math.Min(Environment.ProcessorCount, 8) }, singlePrecision: true);
        using (session)
        {
            var sites = Sites(checkpoint.Config);
            string[] names = [.. sites.Select(static site => EncoderNames.Probe(site.Layer, site.Site))];
            using var options = new RunOptions();
            for (var i = 0; i < sequences.Count; i++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var ids = sequences[i];
                using var idValue = OrtValue.CreateTensorValueFromMemory(ids, [1, ids.Length]);
                using var lengthValue = OrtValue.CreateTensorValueFromMemory(new[] { ids.Length }, [1]);
                using var outputs = session.Run(options, [EncoderNames.InputIds, EncoderNames.Lengths], [idValue, lengthValue], names);
                for (var site = 0; site < sites.Count; site++)
                    ranges.Observe(sites[site].Layer, sites[site].Site, outputs[site].GetTensorDataAsSpan<float>());
                progress?.Invoke((i + 1.0) / sequences.Count);
            }
        }
        return ranges;
    }

    private static List<(int Layer, ActivationSite Site)> Sites(BertConfig config)
    {
        var sites = new List<(int, ActivationSite)>();
        for (var layer = 0; layer < config.Layers; layer++)
        {
            foreach (var site in Enum.GetValues<ActivationSite>())
                sites.Add((layer, site));
        }
        return sites;
    }
}
