using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Streaming.Core;

namespace Streaming.Cli.Benchmarks;

/// <summary>The product in a process of its own, running a topology; killed when it is dropped.</summary>
internal sealed class WorkerProcess : IAsyncDisposable
{
    private const string Serving = "serving ";

    private readonly Process _process;
    private readonly StringBuilder _said = new();
    private readonly TaskCompletionSource<Uri> _address = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task<string> _output;

    private WorkerProcess(Process process)
    {
        _process = process;
        process.ErrorDataReceived += (_, line) => Hear(line.Data);
        process.BeginErrorReadLine();
        _output = process.StandardOutput.ReadToEndAsync();
    }

    /// <summary>Starts the command that this process is, once more.</summary>
    /// <exception cref="StreamingException"><c>worker_failed</c>.</exception>
    public static WorkerProcess Start(string topology, string data)
    {
        string[] arguments = ["run", topology, "--data", data, "--port", "0", "--json"];
        var path = Environment.ProcessPath ?? throw new StreamingException("worker_failed", "this process does not know its own program", ExitCode.CheckFailed);
        if (Path.GetFileNameWithoutExtension(path) == "dotnet")
            arguments = [typeof(WorkerProcess).Assembly.Location, .. arguments];
        var process = Process.Start(new ProcessStartInfo(path, arguments) { RedirectStandardError = true, RedirectStandardOutput = true, RedirectStandardInput = true })
            ?? throw new StreamingException("worker_failed", "a worker did not start", ExitCode.CheckFailed);
        return new WorkerProcess(process);
    }

    /// <summary>Waits until it says that it is ready: model warm, partitions assigned.</summary>
    /// <exception cref="StreamingException"><c>worker_failed</c> with what it said.</exception>
    public async Task WaitReadyAsync(TimeProvider time, CancellationToken cancellationToken)
    {
        var ended = _process.WaitForExitAsync(cancellationToken);
        if (await Task.WhenAny(_address.Task, ended) == ended)
            throw Failed();
        using var http = new HttpClient { BaseAddress = await _address.Task, Timeout = TimeSpan.FromSeconds(5) };
        while (!ended.IsCompleted)
        {
            try
            {
                using var answer = await http.GetAsync("/health/ready", cancellationToken);
                if (answer.IsSuccessStatusCode)
                    return;
            }
            catch (HttpRequestException)
            {
                // Asked again, or its end is seen.
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), time, cancellationToken);
        }

        throw Failed();
    }

    /// <summary>Lets it drain.</summary>
    /// <returns>Documents it indexed, and its longest memory in bytes.</returns>
    /// <exception cref="StreamingException"><c>worker_failed</c> with what it said.</exception>
    public async Task<(long Indexed, long PeakBytes)> DrainAsync(CancellationToken cancellationToken)
    {
        var peak = Peak();
        using (var kill = Process.Start("kill", ["-TERM", _process.Id.ToString(CultureInfo.InvariantCulture)]))
            await kill.WaitForExitAsync(cancellationToken);
        await _process.WaitForExitAsync(cancellationToken);
        if (_process.ExitCode != 0)
            throw Failed();
        using var report = JsonDocument.Parse(await _output);
        return (report.RootElement.GetProperty("indexed").GetInt64(), peak);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private long Peak() => Composition.PeakMemory.Bytes(_process.Id);

    private void Hear(string? line)
    {
        if (line is null)
            return;
        lock (_said)
            _said.AppendLine(line);
        if (line.StartsWith(Serving, StringComparison.Ordinal) && Uri.TryCreate(line[Serving.Length..], UriKind.Absolute, out var address))
            _address.TrySetResult(address);
    }

    private StreamingException Failed()
    {
        lock (_said)
            return new StreamingException("worker_failed", $"a worker ended with {(_process.HasExited ? _process.ExitCode : -1)}: {_said.ToString().Trim().ReplaceLineEndings("; ")}", ExitCode.CheckFailed);
    }
}
