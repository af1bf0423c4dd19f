using Streaming.Adapters.Onnx.Benchmarks;
using Streaming.Adapters.Onnx.Import;
using Streaming.Adapters.Onnx.Running;
using Streaming.Core;
using Streaming.Core.Models.Bundle;
using Streaming.Learning.Evaluating;
using Streaming.Text.Tokenization;

namespace Streaming.Cli.Models;

/// <summary>What one form of an encoder does on this machine.</summary>
/// <param name="Form">Its name.</param>
/// <param name="Bytes">Size of its graph.</param>
/// <param name="Speeds">Tokens a second in each way of running it, the fastest first.</param>
/// <param name="Likeness">Mean cosine of its hidden states to those in single precision.</param>
/// <param name="Dev">On the dev set; null: none was told.</param>
internal sealed record FormResult(string Form, long Bytes, IReadOnlyList<FormSpeed> Speeds, double Likeness, EvaluationReport? Dev);

/// <summary>A way of running an encoder, and how fast it was.</summary>
/// <param name="Passes">Passes at once.</param>
/// <param name="Threads">Threads inside a pass.</param>
/// <param name="BatchTokens">Token places of a batch.</param>
/// <param name="TokensPerSecond">Tokens, padding not counted, divided by seconds.</param>
internal sealed record FormSpeed(int Passes, int Threads, int BatchTokens, double TokensPerSecond);

/// <summary>Measures forms of a bundle's encoder side by side.</summary>
internal sealed class EncoderTrial(ModelBundle bundle, IReadOnlyList<string> texts, TimeProvider time)
{
    // Below this the checkpoint is another model, not another form of this one.
    private const double LeastLikeness = 0.8;
    private const int SampleTexts = 40;

    private static readonly int[] Budgets = [128, 384, 1024];

    public required string Device { get; init; }

    public required int Threads { get; init; }

    public required int Rounds { get; init; }

    public EvaluationRequest? Dev { get; init; }

    /// <summary>Measures; the first form is what the others are compared with.</summary>
    /// <exception cref="StreamingException"><c>checkpoint_mismatch</c>: the checkpoint is not that of the bundle.</exception>
    public async Task<IReadOnlyList<FormResult>> MeasureAsync(IReadOnlyList<EncoderForm> forms, Action<string, double> progress, CancellationToken cancellationToken)
    {
        var sequences = Encode();
        int[] read = [.. bundle.Manifest.Heads.SelectMany(static head => head.Layers).Distinct().Order()];
        if (read.Length == 0)
            read = [bundle.Manifest.Encoder.Layers[^1]];
        var sample = sequences.Take(SampleTexts).ToList();
        var own = new EncoderForm("own", bundle.Manifest.Encoder, bundle.Read(bundle.Manifest.Encoder.File));
        if (await forms[0].LikenessAsync(own, read, sample, cancellationToken) is var likeness && likeness < LeastLikeness)
        {
            throw new StreamingException("checkpoint_mismatch",
                string.Create(System.Globalization.CultureInfo.InvariantCulture, $"the checkpoint's hidden states are not those of {BundleText.NameOf(bundle.Manifest)} (mean cosine {likeness:F3}); name the checkpoint that it was made of with --checkpoint, the fine-tuned one where it was fine-tuned"));
        }

        var speeds = Speeds(forms, read, sequences, progress, cancellationToken);
        var results = new List<FormResult>();
        foreach (var form in forms)
        {
            progress("quality", (double)results.Count / forms.Count);
            var alike = results.Count == 0 ? 1 : await form.LikenessAsync(forms[0], read, sample, cancellationToken);
            results.Add(new FormResult(form.Name, form.Graph.Length, [.. speeds[form.Name].OrderByDescending(static speed => speed.TokensPerSecond)], alike, await EvaluateAsync(form, cancellationToken)));
        }

        return results;
    }

    /// <summary>The bundle with its encoder in another form.</summary>
    public static ModelBundle WriteBundle(ModelBundle bundle, EncoderForm form, string folder, string version, bool overwrite)
    {
        using var writer = new ModelBundleWriter(folder, overwrite);
        var manifest = bundle.Manifest;
        foreach (var file in manifest.Files.Keys)
        {
            if (file != manifest.Encoder.File)
                writer.AddFrom(bundle, file);
        }

        writer.Add(manifest.Encoder.File, form.Graph);
        return writer.Complete(manifest with
        {
            Version = version,
            Parent = BundleText.NameOf(manifest),
            Encoder = manifest.Encoder with { Precision = form.Manifest.Precision },
        });
    }

    private Dictionary<string, List<FormSpeed>> Speeds(
        IReadOnlyList<EncoderForm> forms, int[] read, List<int[]> sequences, Action<string, double> progress, CancellationToken cancellationToken)
    {
        var speeds = forms.ToDictionary(static form => form.Name, static _ => new List<FormSpeed>());
        (int Passes, int Inside)[] ways = Threads == 1 ? [(1, 1)] : [(Threads, 1), (1, Threads)];
        var done = 0;
        foreach (var (passes, inside) in ways)
        {
            foreach (var budget in Budgets)
            {
                progress("speed", (double)done++ / (ways.Length * Budgets.Length));
                var measured = EncoderBenchmark.Compare(
                    [.. forms.Select(form => form.ToBenchmark(read, Device, inside))], sequences,
                    new EncoderBenchmarkOptions { Threads = passes, TokenBudget = budget, Rounds = Rounds }, time, cancellationToken);
                foreach (var result in measured)
                    speeds[result.Encoder].Add(new FormSpeed(passes, inside, budget, result.TokensPerSecond));
            }
        }

        return speeds;
    }

    private async Task<EvaluationReport?> EvaluateAsync(EncoderForm form, CancellationToken cancellationToken)
    {
        if (Dev is null)
            return null;
        var scratch = Directory.CreateTempSubdirectory("streaming-optimise-").FullName;
        try
        {
            var written = WriteBundle(bundle, form, Path.Combine(scratch, form.Name), $"{bundle.Manifest.Version}-{form.Name}", overwrite: false);
            var head = written.Manifest.Heads.FirstOrDefault(head => head.Task == Dev.Task);
            await using var runner = OnnxModelRunner.Open(written, new OnnxRunnerOptions
            {
                Device = Device,
                Layers = head is null ? null : [.. head.Layers.Order()],
                MaxConcurrent = Threads,
            });
            return await new Evaluation(written, runner).RunAsync(Dev, progress: null, cancellationToken);
        }
        finally
        {
            Directory.Delete(scratch, recursive: true);
        }
    }

    private List<int[]> Encode()
    {
        var tokenizer = TokenizerLoader.Load(bundle);
        var room = Math.Min(bundle.Manifest.Encoder.MaxSequenceLength, 256) - 2;
        using var buffer = new TokenBuffer();
        var sequences = new List<int[]>();
        foreach (var text in texts)
        {
            buffer.Clear();
            tokenizer.Encode(text, buffer);
            sequences.Add([tokenizer.Special.Start, .. buffer.Ids[..Math.Min(buffer.Count, room)], tokenizer.Special.End]);
        }

        return sequences;
    }
}
