using System.Diagnostics;
using Streaming.Cli.CommandLine;
using Streaming.Core;

namespace Streaming.Cli.Benchmarks;

/// <summary>kcat, the usual reader of Kafka topics, on the same topic: what reading alone takes.</summary>
internal static class Kcat
{
    /// <summary>Whether it is on the PATH.</summary>
    public static bool IsThere(CliContext context) =>
        (context.Variable("PATH") ?? "").Split(Path.PathSeparator).Any(static folder => folder.Length > 0 && File.Exists(Path.Combine(folder, "kcat")));

    /// <summary>Reads a topic from beginning to end and drops it.</summary>
    /// <returns>Seconds, less those it takes to start, connect and read one message.</returns>
    /// <exception cref="StreamingException"><c>kcat_failed</c>.</exception>
    public static async Task<double> ReadAsync(string bootstrap, string topic, TimeProvider time, CancellationToken cancellationToken)
    {
        var start = await RunAsync(["-c", "1"]);
        var all = await RunAsync([]);
        return Math.Max(all - start, 1e-3);

        async Task<double> RunAsync(string[] more)
        {
            var begin = time.GetTimestamp();
            string[] arguments = ["-b", bootstrap, "-C", "-t", topic, "-o", "beginning", "-e", "-q", "-f", "", .. more];
            using var process = Process.Start(new ProcessStartInfo("kcat", arguments) { RedirectStandardError = true, RedirectStandardOutput = true })
                ?? throw new StreamingException("kcat_failed", "kcat did not start", ExitCode.CheckFailed);
            var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
            var error = process.StandardError.ReadToEndAsync(cancellationToken);
            await process.WaitForExitAsync(cancellationToken);
            await output;
            return process.ExitCode == 0
                ? time.GetElapsedTime(begin).TotalSeconds
                : throw new StreamingException("kcat_failed", $"kcat ended with {process.ExitCode}: {(await error).Trim()}", ExitCode.CheckFailed);
        }
    }
}
