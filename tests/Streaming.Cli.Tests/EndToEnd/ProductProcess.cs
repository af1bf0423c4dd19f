using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace Streaming.Cli.Tests.EndToEnd;

/// <summary>What a command that has ended left behind.</summary>
/// <param name="ExitCode">128 and more: ended by a signal.</param>
internal sealed record ProductResult(int ExitCode, string Out, string Error)
{
    /// <summary>Lines of standard error.</summary>
    public IReadOnlyList<string> ErrorLines => Error.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>The single <c>error CODE: …</c> on standard error; fails when there is none, a second one, or a stack trace.</summary>
    public string ErrorCode()
    {
        Assert.DoesNotContain("   at ", Error, StringComparison.Ordinal);
        Assert.DoesNotContain("Unhandled", Error, StringComparison.Ordinal);
        var line = Assert.Single(ErrorLines, static line => line.StartsWith("error ", StringComparison.Ordinal));
        return line["error ".Length..line.IndexOf(':', StringComparison.Ordinal)];
    }

    /// <summary>Fails, with everything it said, unless it ended well.</summary>
    public ProductResult Ok() => Ended(0);

    /// <summary>Fails unless it ended with this exit code and one error of this code, without a stack trace.</summary>
    public void FailedWith(int exitCode, string code) => Assert.Equal(code, Ended(exitCode).ErrorCode());

    /// <summary>Standard output of a good end as one JSON value.</summary>
    public JsonElement Json() => JsonElement.Parse(Ok().Out);

    /// <summary>Fails, with everything it said, unless it ended with this exit code.</summary>
    public ProductResult Ended(int exitCode)
    {
        Assert.True(ExitCode == exitCode, $"ended with {ExitCode} instead of {exitCode}\nstandard error:\n{Error}\nstandard output:\n{Out}");
        return this;
    }
}

/// <summary>The command in a process of its own, which dies with the tests.</summary>
internal sealed partial class ProductProcess : IAsyncDisposable
{
    /// <summary>Longest wait for anything. A hang fails; a slow machine does not.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(12);

    // Settings of whoever runs the tests must not reach them.
    private static readonly string[] Foreign = ["STREAMING_", "OTEL_", "NO_COLOR"];

    private readonly Process _process;
    private readonly StringBuilder _out = new();
    private readonly StringBuilder _error = new();
    private readonly Lock _lock = new();
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ProductProcess(ProcessStartInfo start)
    {
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Add(_out, line.Data);
        _process.ErrorDataReceived += (_, line) => Add(_error, line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>Its process id.</summary>
    public int Id => _process.Id;

    /// <summary>True when it is gone.</summary>
    public bool HasEnded => _process.HasExited;

    /// <summary>What it said on standard error so far.</summary>
    public string Error
    {
        get
        {
            lock (_lock)
                return _error.ToString();
        }
    }

    /// <summary>Starts the command; a home folder and further variables may be told.</summary>
    public static ProductProcess Start(IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(Product.Command) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, UseShellExecute = false };
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        foreach (var name in start.Environment.Keys.Where(static name => Foreign.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal))).ToList())
            start.Environment.Remove(name);
        start.Environment["STREAMING_HOME"] = Product.Home;
        if (Environment.ProcessPath is { } host && Path.GetFileName(host) == "dotnet")
            start.Environment["DOTNET_ROOT"] = Path.GetDirectoryName(new FileInfo(host).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? host);
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;
        return new ProductProcess(start);
    }

    /// <summary>Runs the command to its end.</summary>
    public static Task<ProductResult> RunAsync(params string[] arguments) => RunAsync(arguments, null);

    /// <summary>Runs the command to its end, with variables and standard input.</summary>
    public static async Task<ProductResult> RunAsync(string[] arguments, IReadOnlyDictionary<string, string>? environment, ReadOnlyMemory<byte> input = default)
    {
        await using var process = Start(arguments, environment);
        await process.WriteAsync(input);
        return await process.EndAsync();
    }

    /// <summary>Gives it standard input, and its end.</summary>
    public async Task WriteAsync(ReadOnlyMemory<byte> input)
    {
        try
        {
            await _process.StandardInput.BaseStream.WriteAsync(input);
            _process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended without reading: what it says tells why.
        }
    }

    /// <summary>Waits for its end.</summary>
    public async Task<ProductResult> EndAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            await _process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"'streaming {string.Join(' ', _process.StartInfo.ArgumentList)}' has not ended after {Patience}; it said:\n{Error}");
        }

        lock (_lock)
            return new ProductResult(_process.ExitCode, _out.ToString(), _error.ToString());
    }

    /// <summary>Waits for a line on standard error that has this in it, and gives the line.</summary>
    public async Task<string> SaysAsync(string part)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            Task changed;
            lock (_lock)
                changed = _changed.Task;
            if (Error.Split('\n').FirstOrDefault(line => line.Contains(part, StringComparison.Ordinal)) is { } found)
                return found;
            Assert.False(_process.HasExited, $"it ended without saying '{part}':\n{Error}");
            await Task.WhenAny(changed, _process.WaitForExitAsync(patience.Token));
            Assert.False(patience.IsCancellationRequested, $"it never said '{part}':\n{Error}");
        }
    }

    /// <summary>SIGKILL: gone at once, as in a crash.</summary>
    public void Kill() => Signal(9);

    /// <summary>SIGTERM: asked to end.</summary>
    public void Terminate() => Signal(15);

    /// <summary>SIGSTOP: held still; connections stay, nothing goes on.</summary>
    public void Freeze() => Signal(19);

    /// <summary>SIGCONT: goes on.</summary>
    public void Thaw() => Signal(18);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private void Signal(int signal)
    {
        if (!_process.HasExited)
            _ = SendSignal(_process.Id, signal);
    }

    private void Add(StringBuilder to, string? line)
    {
        TaskCompletionSource changed;
        lock (_lock)
        {
            if (line is not null)
                to.Append(line).Append('\n');
            changed = _changed;
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        changed.SetResult();
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int process, int signal);
}
