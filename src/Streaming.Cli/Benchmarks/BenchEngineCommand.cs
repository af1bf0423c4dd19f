using System.CommandLine;
using System.Globalization;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Composition;
using Streaming.Core;
using Streaming.Core.Engine;

namespace Streaming.Cli.Benchmarks;

/// <summary><c>streaming bench engine</c>: what the engine costs when model and store cost nothing.</summary>
internal static class BenchEngineCommand
{
    public static Command Create(CliContext context)
    {
        var documents = new Option<int>("--documents") { Description = "Documents to run through", DefaultValueFactory = static _ => 200_000 }.Between(1, 100_000_000);
        var engine = Engines.Option();
        var json = CommonOptions.Json();
        return new Command("engine", "Measure the engine alone: a model that computes nothing, a sink that keeps nothing").With(documents, engine, json)
            .Does(context, async (parsed, cancellationToken) =>
            {
                var result = await EngineBenchmark.RunAsync(Engines.Create(parsed.GetValue(engine)), parsed.GetValue(documents), new BatchingOptions { ShareDuplicates = 0 }, context.Time, cancellationToken);
                if (parsed.GetValue(json))
                {
                    JsonText.WriteObject(context.Out, writer =>
                    {
                        writer.WriteString("engine", result.Engine);
                        writer.WriteNumber("documents", result.Documents);
                        writer.WriteNumber("seconds", result.Seconds);
                        writer.WriteNumber("documents_per_second", result.DocumentsPerSecond);
                        writer.WriteNumber("allocated_bytes_per_document", result.AllocatedBytesPerDocument);
                        writer.WriteNumber("peak_memory_bytes", PeakMemory.Bytes());
                    });
                }
                else
                {
                    context.Out.WriteLine(string.Create(
                        CultureInfo.InvariantCulture,
                        $"{result.Engine}: {result.Documents} documents in {result.Seconds:F2} s: {result.DocumentsPerSecond:N0} documents/s, {result.AllocatedBytesPerDocument} bytes allocated for each"));
                }

                return ExitCode.Ok;
            });
    }
}
