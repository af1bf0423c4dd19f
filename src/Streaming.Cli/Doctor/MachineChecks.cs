using System.Globalization;
using System.Runtime.InteropServices;
using Streaming.Adapters.Kafka.Native;
using Streaming.Adapters.Onnx.Running;
using Streaming.Adapters.Sqlite;
using Streaming.Cli.Composition;
using Streaming.Core;

namespace Streaming.Cli.Doctor;

/// <summary>The machine, the package set, and the libraries that the adapters stand on.</summary>
internal static class MachineChecks
{
    /// <summary>Looks at them.</summary>
    public static IEnumerable<Check> Run(IReadOnlyDictionary<string, string> notes)
    {
        yield return new Check("machine", "sdk", CheckState.Ok, notes.GetValueOrDefault("sdk", "unknown"), notes.GetValueOrDefault("dotnet"));
        yield return new Check("machine", "runtime", CheckState.Ok, RuntimeInformation.FrameworkDescription, RuntimeInformation.RuntimeIdentifier);
        yield return new Check("machine", "package_set", CheckState.Ok, PackageSet.Name, notes.GetValueOrDefault("package_set_reason", "as built; the set-up left no notes"));
        yield return new Check(
            "machine", "cpu", Int8Support.Warning is null ? CheckState.Ok : CheckState.Warning,
            string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessorCount} cores"),
            Int8Support.Warning ?? "8-bit models run at full speed");
        foreach (var check in Onnx(notes))
            yield return check;
        yield return Sqlite();
        yield return Kafka(notes);
        foreach (var engine in Engines.All)
            yield return new Check("adapters", $"engine {engine.Name}", CheckState.Ok, engine.MissingBecause is null ? "available" : "not in this build", engine.MissingBecause ?? (engine.Name == Engines.Default ? "the default here" : "choose it with --engine"));
        yield return new Check("adapters", "elasticsearch", CheckState.Ok, "HTTP", "needs no library; Elasticsearch 7.10 or newer, or OpenSearch");
    }

    private static IEnumerable<Check> Onnx(IReadOnlyDictionary<string, string> notes)
    {
        OnnxRuntimeInfo info;
        Check? broken = null;
        try
        {
            info = OnnxRuntimeInfo.Read();
        }
        catch (StreamingException error)
        {
            info = new OnnxRuntimeInfo("", []);
            broken = new Check("adapters", "onnxruntime", CheckState.Broken, "missing", error.Message);
        }

        if (broken is not null)
        {
            yield return broken;
            yield break;
        }

        yield return new Check("adapters", "onnxruntime", CheckState.Ok, info.Version, From(NativeFile.Find("onnxruntime"), notes.GetValueOrDefault("onnxruntime")));
        var gpu = info.Providers.Contains("CUDAExecutionProvider");
        yield return new Check(
            "machine", "devices", CheckState.Ok, gpu ? "cuda, cpu" : "cpu",
            gpu ? "cuda is tried first for single-precision models" : notes.GetValueOrDefault("onnxruntime_gpu") is { } why ? $"cuda: {why}" : null);
    }

    private static Check Sqlite()
    {
        try
        {
            return new Check("adapters", "sqlite", CheckState.Ok, EmbeddedStore.SqliteVersion, From(NativeFile.Find("e_sqlite3"), "NuGet SQLitePCLRaw.bundle_e_sqlite3"));
        }
        catch (Exception error) when (error is DllNotFoundException or TypeInitializationException or BadImageFormatException)
        {
            return new Check("adapters", "sqlite", CheckState.Broken, "missing", "its native library cannot be loaded; set the product up again: ./streaming setup --again");
        }
    }

    // Only topologies on Kafka need it.
    private static Check Kafka(IReadOnlyDictionary<string, string> notes)
    {
        try
        {
            var version = KafkaLibrary.Load();
            return new Check("adapters", "librdkafka", CheckState.Ok, version, From(NativeFile.Find("rdkafka"), notes.GetValueOrDefault("librdkafka")));
        }
        catch (StreamingException error)
        {
            return new Check("adapters", "librdkafka", CheckState.Warning, "missing", error.Message);
        }
    }

    private static string? From(string? path, string? source) => (path, source) switch
    {
        (null, _) => source,
        (_, null) => path,
        _ => $"{path} ({source})",
    };
}
