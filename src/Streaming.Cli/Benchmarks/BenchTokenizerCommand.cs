using System.CommandLine;
using System.Globalization;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Composition;
using Streaming.Core;
using Streaming.Core.Models.Bundle;
using Streaming.Text.Tokenization;

namespace Streaming.Cli.Benchmarks;

/// <summary><c>streaming bench tokenizer</c>.</summary>
internal static class BenchTokenizerCommand
{
    public static Command Create(CliContext context)
    {
        var bundle = CommonOptions.Bundle();
        var vocab = new Option<string?>("--vocab") { Description = "A tokeniser's file or folder, instead of a bundle's, as tokenize takes it", HelpName = "FILE" };
        var input = BenchCommand.Input();
        var rounds = new Option<int>("--rounds") { Description = "Measured rounds; the fastest counts", DefaultValueFactory = static _ => 5 }.Between(1, 1000);
        var json = CommonOptions.Json();
        return new Command("tokenizer", "Measure the tokeniser on one thread").With(input, bundle, vocab, rounds, json).Does(context, (parsed, cancellationToken) =>
        {
            var file = BenchInput.Find(context, parsed.GetValue(input));
            var tokenizer = parsed.GetValue(vocab) is { } told
                ? TokenizerLoader.Load(told)
                : TokenizerLoader.Load(ModelBundle.Open(BundleLocator.Find(context, null, parsed.GetValue(bundle)!)));
            var result = TokenizerBenchmark.Run(tokenizer, BenchInput.Texts(file), parsed.GetValue(rounds), context.Time, cancellationToken);
            if (parsed.GetValue(json))
            {
                JsonText.WriteObject(context.Out, writer =>
                {
                    writer.WriteString("input", Path.GetFileName(file));
                    writer.WriteString("tokenizer", tokenizer.Kind);
                    writer.WriteNumber("documents", result.Documents);
                    writer.WriteNumber("tokens", result.Tokens);
                    writer.WriteNumber("characters", result.Characters);
                    writer.WriteNumber("bytes", result.Bytes);
                    writer.WriteNumber("threads", 1);
                    writer.WriteNumber("seconds", result.Seconds);
                    writer.WriteNumber("tokens_per_second", result.TokensPerSecond);
                    writer.WriteNumber("megabytes_per_second", result.MegabytesPerSecond);
                    writer.WriteNumber("peak_memory_bytes", PeakMemory.Bytes());
                });
            }
            else
            {
                context.Out.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{result.Documents} texts, {result.Tokens} tokens in {result.Seconds:F4} s: {result.TokensPerSecond:N0} tokens/s, {result.MegabytesPerSecond:F1} MB/s on one thread"));
            }

            return Task.FromResult(ExitCode.Ok);
        });
    }
}
