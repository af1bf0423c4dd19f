using System.CommandLine;
using System.Globalization;
using Streaming.Adapters.Onnx.Benchmarks;
using Streaming.Adapters.Onnx.Import;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Composition;
using Streaming.Core;
using Streaming.Core.Models.Bundle;
using Streaming.Text.Tokenization;

namespace Streaming.Cli.Benchmarks;

/// <summary><c>streaming bench encoder</c>: ONNX Runtime alone, precisions side by side.</summary>
internal static class BenchEncoderCommand
{
    private static readonly string[] Precisions = ["fp32", "fp32-stock", "int8", "int8-dynamic"];

    public static Command Create(CliContext context)
    {
        var input = BenchCommand.Input();
        var threads = BenchCommand.Threads();
        var bundle = CommonOptions.Bundle();
        var encoder = new Option<string?>("--encoder") { Description = "Hugging Face folder: the same checkpoint in every precision, instead of the bundle's encoder", HelpName = "DIR" };
        var precisions = new Option<string?>("--precisions") { Description = "Which of them, with --encoder; -stock is as other exporters write it" }.ListAmong(Precisions);
        var budget = new Option<int>("--max-batch-tokens") { Description = "Token places of a batch", DefaultValueFactory = static _ => new EncoderBenchmarkOptions().TokenBudget }.Between(64, 65_536);
        var rounds = new Option<int>("--rounds") { Description = "Measured rounds, the encoders taking turns; the fastest counts", DefaultValueFactory = static _ => 3 }.Between(1, 1000);
        var json = CommonOptions.Json();
        return new Command("encoder", "Measure encoders on ONNX Runtime alone").With(input, threads, bundle, encoder, precisions, budget, rounds, json)
            .Does(context, (parsed, cancellationToken) =>
            {
                var file = BenchInput.Find(context, parsed.GetValue(input));
                var folder = parsed.GetValue(encoder);
                if (folder is null && parsed.GetValue(precisions) is not null)
                    throw new StreamingException("usage", "--precisions compares forms of a checkpoint; say which with --encoder DIR");
                var (tokenizer, maxLength, encoders) = folder is null ? OfBundle(context, parsed.GetValue(bundle)!) : OfCheckpoint(folder, Choice.Words(parsed.GetValue(precisions)), cancellationToken);
                var results = EncoderBenchmark.Compare(
                    encoders,
                    Encode(tokenizer, BenchInput.Texts(file), maxLength),
                    new EncoderBenchmarkOptions { Threads = BenchCommand.ThreadCount(parsed.GetValue(threads)), TokenBudget = parsed.GetValue(budget), Rounds = parsed.GetValue(rounds) },
                    context.Time,
                    cancellationToken);
                if (parsed.GetValue(json))
                    WriteJson(context.Out, file, results);
                else
                    Write(context.Out, results);
                return Task.FromResult(ExitCode.Ok);
            });
    }

    private static (ITokenizer Tokenizer, int MaxLength, IReadOnlyList<BenchmarkedEncoder> Encoders) OfBundle(CliContext context, string name)
    {
        var bundle = ModelBundle.Open(BundleLocator.Find(context, null, name));
        return (TokenizerLoader.Load(bundle), bundle.Manifest.Encoder.MaxSequenceLength, [BenchmarkedEncoder.FromBundle(bundle)]);
    }

    private static (ITokenizer Tokenizer, int MaxLength, IReadOnlyList<BenchmarkedEncoder> Encoders) OfCheckpoint(string folder, IReadOnlyList<string>? names, CancellationToken cancellationToken)
    {
        const int usual = 256;
        var checkpoint = new CheckpointFolder(folder);
        var tokenizer = checkpoint.OpenTokenizer(checkpoint.ReadConfig().Family).Tokenizer;
        var encoders = BenchmarkedEncoder.FromCheckpoint(folder, tokenizer, layers: null, cancellationToken);
        return (tokenizer, usual, names is null ? encoders : [.. encoders.Where(encoder => names.Contains(encoder.Name))]);
    }

    private static List<int[]> Encode(ITokenizer tokenizer, List<string> texts, int maxLength)
    {
        using var buffer = new TokenBuffer();
        var sequences = new List<int[]>(texts.Count);
        foreach (var text in texts)
        {
            buffer.Clear();
            tokenizer.Encode(text, buffer);
            var ids = buffer.Ids;
            sequences.Add([tokenizer.Special.Start, .. ids[..Math.Min(ids.Length, maxLength - 2)], tokenizer.Special.End]);
        }

        return sequences;
    }

    private static void Write(TextWriter output, IReadOnlyList<EncoderBenchmarkResult> results)
    {
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{results[0].Documents} texts, {results[0].Tokens} tokens, {results[0].Batches} batches, {results[0].Threads} threads"));
        var rows = new List<IReadOnlyList<string>> { new[] { "ENCODER", "TOKENS/S", "SECONDS", "CPU SECONDS", "SPEED" } };
        foreach (var result in results)
        {
            rows.Add([
                result.Encoder, result.TokensPerSecond.ToString("N0", CultureInfo.InvariantCulture), result.Seconds.ToString("F3", CultureInfo.InvariantCulture),
                result.CpuSeconds.ToString("F3", CultureInfo.InvariantCulture), (result.TokensPerSecond / results[0].TokensPerSecond).ToString("F2", CultureInfo.InvariantCulture),
            ]);
        }

        TextTable.Write(output, rows);
    }

    private static void WriteJson(TextWriter output, string file, IReadOnlyList<EncoderBenchmarkResult> results) => JsonText.WriteObject(output, writer =>
    {
        writer.WriteString("input", Path.GetFileName(file));
        writer.WriteNumber("documents", results[0].Documents);
        writer.WriteNumber("tokens", results[0].Tokens);
        writer.WriteNumber("padded_tokens", results[0].PaddedTokens);
        writer.WriteNumber("batches", results[0].Batches);
        writer.WriteNumber("threads", results[0].Threads);
        writer.WriteStartArray("encoders");
        foreach (var result in results)
        {
            writer.WriteStartObject();
            writer.WriteString("encoder", result.Encoder);
            writer.WriteNumber("seconds", result.Seconds);
            writer.WriteNumber("cpu_seconds", result.CpuSeconds);
            writer.WriteNumber("tokens_per_second", result.TokensPerSecond);
            writer.WriteNumber("speed_against_first", result.TokensPerSecond / results[0].TokensPerSecond);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteNumber("peak_memory_bytes", PeakMemory.Bytes());
    });
}
