using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Streaming.Testing.Servers;

/// <summary>A real server in a process of its own, with its data in a temporary folder. Can be killed, stopped still, and started again on the same data and port.</summary>
public abstract class ServerProcess : IAsyncDisposable
{
    /// <summary>Longest wait until a server serves, in seconds. A hang fails; a slow machine does not.</summary>
    protected const string Patience = "400";

    private const int LinesKept = 40;
    private static readonly ConcurrentBag<FileStream> Reserved = [];
    private readonly string _data = Directory.CreateTempSubdirectory("streaming-server-").FullName;
    private readonly string _folder;
    private readonly Queue<string> _said = new();
    private Process? _process;

    /// <param name="name">Folder below <c>shared/servers</c>.</param>
    protected ServerProcess(string name)
    {
        _folder = SharedFolder.Find("servers", name) ?? "";
        Port = FreePort();
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Signal(9);
    }

    /// <summary>The port it listens on, on 127.0.0.1.</summary>
    public int Port { get; }

    /// <summary>Its data folder.</summary>
    protected string Data => _data;

    /// <summary>Its folder with scripts.</summary>
    protected string Folder => _folder;

    /// <summary>Environment of the start script.</summary>
    protected Dictionary<string, string> Variables { get; } = [];

    /// <summary>Arguments behind the data folder.</summary>
    protected abstract string[] Arguments { get; }

    /// <summary>Arguments of the script that waits until it serves.</summary>
    protected abstract string[] ReadyArguments { get; }

    /// <summary>Starts it and waits until it serves.</summary>
    public async Task StartAsync()
    {
        var start = new ProcessStartInfo(Path.Combine(_folder, "start")) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        foreach (var argument in (string[])[_data, .. Arguments])
            start.ArgumentList.Add(argument);
        foreach (var (name, value) in Variables)
            start.Environment[name] = value;
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) => Note(line.Data);
        _process.ErrorDataReceived += (_, line) => Note(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        var ready = RunAsync("wait-ready", ReadyArguments);
        if (await Task.WhenAny(ready, _process.WaitForExitAsync()) == ready && (await ready).ExitCode == 0)
            return;
        throw new InvalidOperationException($"The {Path.GetFileName(_folder)} server did not start; it said: {Said()}\n{LogEnd()}");
    }

    /// <summary>Kills it at once, as a power cut would.</summary>
    public Task KillAsync() => EndAsync(9);

    /// <summary>Stops it in good order.</summary>
    public Task StopAsync() => EndAsync(15);

    /// <summary>Holds it still: connections stay, nothing answers.</summary>
    public void Freeze() => Signal(19);

    /// <summary>Lets it go on.</summary>
    public void Thaw() => Signal(18);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        try
        {
            Directory.Delete(_data, recursive: true);
        }
        catch (IOException)
        {
            // A temporary folder; the system cleans it.
        }

        GC.SuppressFinalize(this);
    }

    /// <summary>Runs one of the server's scripts.</summary>
    protected async Task<(int ExitCode, string Output)> RunAsync(string script, params string[] arguments)
    {
        var start = new ProcessStartInfo(Path.Combine(_folder, script)) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output + await errors);
    }

    /// <summary>
    /// A port nobody listens on now, outside of those that connections going out are given. A server starts much later than this is asked,
    /// so until this process ends no other test process gets the same: each has a locked file.
    /// </summary>
    public static int FreePort()
    {
        var taken = Directory.CreateDirectory(Path.Combine(Path.GetTempPath(), "streaming-test-ports-" + Environment.UserName)).FullName;
        while (true)
        {
            var port = Random.Shared.Next(15_000, 32_000);
            FileStream? mark = null;
            try
            {
                mark = new FileStream(Path.Combine(taken, port.ToString(CultureInfo.InvariantCulture)), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
                using var listener = new TcpListener(IPAddress.Loopback, port);
                listener.Start();
                Reserved.Add(mark);
                return port;
            }
            catch (Exception exception) when (exception is IOException or SocketException)
            {
                // Somebody has it: another one.
                mark?.Dispose();
            }
        }
    }

    private void Note(string? line)
    {
        if (line is null)
            return;
        lock (_said)
        {
            _said.Enqueue(line);
            if (_said.Count > LinesKept)
                _said.Dequeue();
        }
    }

    private string Said()
    {
        lock (_said)
            return string.Join('\n', _said);
    }

    private string LogEnd()
    {
        var log = Path.Combine(_data, Path.GetFileName(_folder) + ".log");
        return File.Exists(log) ? string.Join('\n', File.ReadLines(log).TakeLast(LinesKept)) : "";
    }

    private async Task EndAsync(int signal)
    {
        if (_process is not { HasExited: false } process)
            return;
        Signal(18);
        Signal(signal);
        await process.WaitForExitAsync();
    }

    private void Signal(int signal)
    {
        var file = Path.Combine(_data, "pid");
        if (_process is { HasExited: false } && File.Exists(file) && int.TryParse(File.ReadAllText(file), out var id))
            _ = Kill(id, signal);
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Kill(int process, int signal);
}
