using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Streaming.Adapters.Onnx.Running;
using Streaming.Cli.CommandLine;
using Streaming.Core;
using Streaming.Core.Engine;
using Streaming.Core.Models;
using Streaming.Core.Telemetry;

namespace Streaming.Cli.Composition;

/// <summary>
/// Batch size and calls in flight for this machine and encoder, where a topology leaves them open: measured once, in about a
/// second, and kept in <c>tuning.json</c> in the data folder. A setting in the topology always wins.
/// </summary>
internal static class BatchTuning
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "tuning.json";

    private const int MaxBytes = 1024 * 1024;
    private const int MaxEntries = 100;

    /// <summary>Fills in what the topology leaves open.</summary>
    /// <param name="context">The world.</param>
    /// <param name="data">The data folder, when told.</param>
    /// <param name="batching">As the topology has it.</param>
    /// <param name="runner">Loaded and warm.</param>
    /// <param name="encoder">SHA-256 of the encoder.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<BatchingOptions> ApplyAsync(
        CliContext context, string? data, BatchingOptions batching, IModelRunner runner, string encoder, CancellationToken cancellationToken)
    {
        if (batching.MaxBatchTokens > 0)
            return batching;
        var calls = batching.CallsFor(runner.Info);
        var key = Key(encoder, runner.Info.Device, calls);
        var known = Read(context, data);
        if (!known.TryGetValue(key, out var tuning))
        {
            tuning = await EncoderTuner.MeasureAsync(runner, calls, context.Time, cancellationToken);
            if (tuning is null)
                return batching with { MaxBatchTokens = EncoderTuner.DefaultBatchTokens(runner.Info) };
            known[key] = tuning;
            Write(context, data, known);
            context.Tell(new Notice(NoticeLevel.Information, "batching_tuned", string.Create(CultureInfo.InvariantCulture, $"this machine likes {tuning.BatchTokens} token places a batch, {tuning.Calls} at once; kept in {FileName}, and batching.max_batch_tokens overrides it")));
        }

        return batching with
        {
            MaxBatchTokens = tuning.BatchTokens,
            MaxConcurrentBatches = batching.MaxConcurrentBatches > 0 ? batching.MaxConcurrentBatches : tuning.Calls,
        };
    }

    /// <summary>What was measured for an encoder on this machine, most calls at once first; for <c>doctor</c>.</summary>
    public static IReadOnlyList<EncoderTuning> Known(CliContext context, string? data, string encoder, string device)
    {
        var found = new List<EncoderTuning>();
        foreach (var (key, tuning) in Read(context, data))
        {
            if (key == Key(encoder, device, tuning.MostCalls))
                found.Add(tuning);
        }

        found.Sort(static (a, b) => b.MostCalls.CompareTo(a.MostCalls));
        return found;
    }

    /// <summary>Another processor, another ONNX Runtime, another encoder: measured anew.</summary>
    private static string Key(string encoder, string device, int calls)
    {
        var machine = string.Create(CultureInfo.InvariantCulture, $"{Processor()}|{Environment.ProcessorCount}|{OnnxRuntimeInfo.Read().Version}|{device}|{calls}|{encoder}");
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(machine)))[..32];
    }

    private static string Processor()
    {
        const string info = "/proc/cpuinfo";
        if (File.Exists(info))
        {
            foreach (var line in File.ReadLines(info))
            {
                if (line.StartsWith("model name", StringComparison.Ordinal))
                    return line;
            }
        }

        return RuntimeInformation.ProcessArchitecture.ToString();
    }

    private static Dictionary<string, EncoderTuning> Read(CliContext context, string? data)
    {
        var known = new Dictionary<string, EncoderTuning>(StringComparer.Ordinal);
        try
        {
            var file = new FileInfo(Path.Combine(DataFolder.Resolve(context, data), FileName));
            if (!file.Exists || file.Length > MaxBytes)
                return known;
            using var document = JsonDocument.Parse(File.ReadAllBytes(file.FullName));
            foreach (var entry in document.RootElement.EnumerateObject())
            {
                var (tokens, calls) = (entry.Value.GetProperty("max_batch_tokens").GetInt32(), entry.Value.GetProperty("max_concurrent_batches").GetInt32());
                var most = entry.Value.GetProperty("most_calls").GetInt32();
                if (tokens is < 64 or > 65_536 || calls < 1 || calls > most || most > 256)
                    continue;
                var measured = new List<BudgetCost>();
                foreach (var cost in entry.Value.GetProperty("microseconds_per_token").EnumerateObject())
                    measured.Add(new BudgetCost(int.Parse(cost.Name, NumberStyles.None, CultureInfo.InvariantCulture), cost.Value.GetDouble()));
                known[entry.Name] = new EncoderTuning(tokens, calls, most, measured);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException or InvalidOperationException or KeyNotFoundException or FormatException or OverflowException)
        {
            // It can be measured again; nothing depends on it.
            known.Clear();
        }

        return known;
    }

    private static void Write(CliContext context, string? data, Dictionary<string, EncoderTuning> known)
    {
        try
        {
            var folder = DataFolder.Resolve(context, data);
            Directory.CreateDirectory(folder);
            using var buffer = new MemoryStream();
            using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
            {
                writer.WriteStartObject();
                foreach (var (key, tuning) in known.TakeLast(MaxEntries))
                {
                    writer.WriteStartObject(key);
                    writer.WriteNumber("max_batch_tokens", tuning.BatchTokens);
                    writer.WriteNumber("max_concurrent_batches", tuning.Calls);
                    writer.WriteNumber("most_calls", tuning.MostCalls);
                    writer.WriteStartObject("microseconds_per_token");
                    foreach (var cost in tuning.Measured)
                        writer.WriteNumber(cost.BatchTokens.ToString(CultureInfo.InvariantCulture), Math.Round(cost.Microseconds, 2));
                    writer.WriteEndObject();
                    writer.WriteEndObject();
                }

                writer.WriteEndObject();
            }

            // Processes that start at once each write a whole file.
            var part = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $".{FileName}.{Environment.ProcessId}"));
            File.WriteAllBytes(part, buffer.ToArray());
            File.Move(part, Path.Combine(folder, FileName), overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            context.Say($"warning tuning_not_kept: {error.Message}");
        }
    }
}
