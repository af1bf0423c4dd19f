using System.CommandLine;
using System.Globalization;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Composition;
using Streaming.Core;

namespace Streaming.Cli.Benchmarks;

/// <summary><c>streaming bench scale</c>: what more processes in one consumer group bring.</summary>
internal static class BenchScaleCommand
{
    private const int MostProcesses = 16;

    public static Command Create(CliContext context)
    {
        var input = BenchCommand.Input();
        var bundle = CommonOptions.Bundle();
        var processes = new Option<string>("--processes") { Description = "Numbers of processes, one after the other", HelpName = "N,N", DefaultValueFactory = static _ => "1,2,3" };
        var documents = new Option<int>("--documents") { Description = "Documents for each of them", DefaultValueFactory = static _ => 5_000 }.Between(100, 10_000_000);
        var calls = new Option<int>("--threads") { Description = "Model calls at once in each process, one thread each", DefaultValueFactory = static _ => 1 }.Between(1, 64);
        var json = CommonOptions.Json();
        return new Command("scale", "Measure 1, 2, 3 processes in one group on STREAMING_KAFKA_BOOTSTRAP, into a server here that parses every line")
            .With(input, bundle, processes, documents, calls, json)
            .Does(context, async (parsed, cancellationToken) =>
            {
                var run = new ScaleRun(context, BenchInput.Find(context, parsed.GetValue(input)), parsed.GetValue(bundle)!, parsed.GetValue(documents), parsed.GetValue(calls));
                var results = new List<ScaleResult>();
                using var progress = new ProgressLine(context);
                foreach (var count in Counts(parsed.GetValue(processes)!))
                    results.Add(await run.RunAsync(count, progress, cancellationToken));
                progress.Dispose();
                if (parsed.GetValue(json))
                    WriteJson(context.Out, results, parsed.GetValue(calls));
                else
                    Write(context.Out, results);
                return ExitCode.Ok;
            });
    }

    private static List<int> Counts(string told)
    {
        var counts = new List<int>();
        foreach (var word in Choice.Words(told)!)
        {
            if (!int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var count) || count is < 1 or > MostProcesses)
                throw new StreamingException("usage", string.Create(CultureInfo.InvariantCulture, $"--processes cannot be '{told}'; write numbers from 1 to {MostProcesses}, separated by commas"));
            counts.Add(count);
        }

        return counts.Count > 0 ? counts : throw new StreamingException("usage", "--processes needs a number");
    }

    private static void Write(TextWriter output, List<ScaleResult> results)
    {
        var rows = new List<IReadOnlyList<string>> { new[] { "PROCESSES", "SECONDS", "DOCUMENTS/S", "TIMES THE FIRST", "PEAK MB", "DOCUMENTS OF EACH" } };
        foreach (var result in results)
        {
            rows.Add([
                Text($"{result.Processes}"), Text($"{result.Seconds:F2}"), Text($"{result.DocumentsPerSecond:F0}"), Text($"{result.DocumentsPerSecond / results[0].DocumentsPerSecond:F2}"),
                Text($"{result.Each.Max(static each => each.PeakBytes) / 1e6:F0}"), string.Join(", ", result.Each.Select(static each => Text($"{each.Indexed}"))),
            ]);
        }

        TextTable.Write(output, rows);
    }

    private static void WriteJson(TextWriter output, List<ScaleResult> results, int calls) => JsonText.WriteObject(output, writer =>
    {
        writer.WriteNumber("threads", calls);
        writer.WriteNumber("cores", Environment.ProcessorCount);
        writer.WriteStartArray("rows");
        foreach (var result in results)
        {
            writer.WriteStartObject();
            writer.WriteNumber("processes", result.Processes);
            writer.WriteNumber("documents", result.Documents);
            writer.WriteNumber("seconds", result.Seconds);
            writer.WriteNumber("documents_per_second", result.DocumentsPerSecond);
            writer.WriteNumber("times_the_first", result.DocumentsPerSecond / results[0].DocumentsPerSecond);
            writer.WriteStartArray("each");
            foreach (var (indexed, peak) in result.Each)
            {
                writer.WriteStartObject();
                writer.WriteNumber("indexed", indexed);
                writer.WriteNumber("documents_per_second", indexed / result.Seconds);
                writer.WriteNumber("peak_memory_bytes", peak);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    });

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
