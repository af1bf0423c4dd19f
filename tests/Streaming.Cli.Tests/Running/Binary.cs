using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Streaming.Testing;

namespace Streaming.Cli.Tests.Running;

/// <summary>The real binary, with a data folder of its own.</summary>
internal sealed class Binary : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(6);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("streaming-test-");

    /// <summary>Where it keeps its data.</summary>
    public string Data => Path.Combine(_folder.FullName, "data");

    /// <summary>The shipped smallest topology.</summary>
    public static string Minimal => Path.Combine(SharedFolder.RepositoryRoot, "topologies", "minimal.yaml");

    /// <summary>Writes a file beside the data.</summary>
    public string Write(string name, ReadOnlySpan<byte> content)
    {
        var path = Path.Combine(_folder.FullName, name);
        File.WriteAllBytes(path, content);
        return path;
    }

    /// <summary>Writes a file beside the data.</summary>
    public string Write(string name, string content) => Write(name, Encoding.UTF8.GetBytes(content));

    /// <summary>Starts it; standard streams are the caller's.</summary>
    public Process Start(params string[] arguments)
    {
        // The binary that users run, not the copy beside the tests: it finds its native libraries by itself.
        var configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
        var start = new ProcessStartInfo(Path.Combine(SharedFolder.RepositoryRoot, "src", "Streaming.Cli", "bin", configuration, "net10.0", "streaming"), arguments)
        {
            RedirectStandardError = true,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            StandardOutputEncoding = Encoding.UTF8,
        };
        foreach (var name in start.Environment.Keys.Where(static n => n.StartsWith("STREAMING_", StringComparison.Ordinal)).ToList())
            start.Environment.Remove(name);
        start.Environment["STREAMING_HOME"] = SharedFolder.RepositoryRoot;
        start.Environment["STREAMING_DATA"] = Data;
        if (Environment.ProcessPath is { } host && Path.GetFileName(host) == "dotnet")
            start.Environment["DOTNET_ROOT"] = Path.GetDirectoryName(new FileInfo(host).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? host);
        return Process.Start(start) ?? throw new InvalidOperationException("the binary did not start");
    }

    /// <summary>Runs it to its end.</summary>
    public Task<Finished> RunAsync(params string[] arguments) => RunWithInputAsync([], arguments);

    /// <summary>Runs it to its end with something on standard input.</summary>
    public async Task<Finished> RunWithInputAsync(byte[] input, params string[] arguments)
    {
        using var process = Start(arguments);
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        try
        {
            await process.StandardInput.BaseStream.WriteAsync(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended without reading: its exit code says why.
        }

        using var patience = new CancellationTokenSource(Patience);
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"'{string.Join(' ', arguments)}' did not end within {Patience.TotalMinutes} minutes: {await error}");
        }

        return new(process.ExitCode, await output, await error);
    }

    public void Dispose() => _folder.Delete(recursive: true);
}

/// <summary>How a run ended.</summary>
internal sealed record Finished(int ExitCode, string Output, string Error)
{
    /// <summary>Fails the test unless it ended well.</summary>
    public Finished Ok()
    {
        Assert.True(ExitCode == 0, $"ended with {ExitCode}: {Error}");
        return this;
    }

    /// <summary>Fails the test unless it ended with this exit code and one coded line, without a stack trace.</summary>
    public void FailedWith(int exitCode, string code)
    {
        Assert.True(ExitCode == exitCode, $"ended with {ExitCode} instead of {exitCode}: {Output}{Error}");
        Assert.Contains($"error {code}: ", Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", Error, StringComparison.Ordinal);
        Assert.DoesNotContain("Unhandled", Error, StringComparison.Ordinal);
    }

    /// <summary>Standard output as one JSON value.</summary>
    public JsonElement Json() => JsonDocument.Parse(Ok().Output).RootElement;
}
