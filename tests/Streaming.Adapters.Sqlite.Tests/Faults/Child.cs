using System.Diagnostics;

namespace Streaming.Adapters.Sqlite.Tests.Faults;

/// <summary>A process that runs <see cref="ChildProgram"/>.</summary>
internal sealed class Child : IDisposable
{
    private readonly Process _process;

    internal Child(params string[] arguments)
        : this([], arguments)
    {
    }

    /// <param name="tracer">A command to run it under, or nothing.</param>
    /// <param name="arguments">What it shall do.</param>
    internal Child(string[] tracer, string[] arguments)
    {
        string[] command = [.. tracer, Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet"];
        var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add("exec");
        start.ArgumentList.Add(typeof(Child).Assembly.Location);
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        _process = Process.Start(start)!;
        Errors = _process.StandardError.ReadToEndAsync();
    }

    internal Task<string> Errors { get; }

    /// <summary>The next number it says, or null when it has ended.</summary>
    internal async Task<int?> NextAsync() => int.TryParse(await _process.StandardOutput.ReadLineAsync(), out var number) ? number : null;

    /// <summary>kill -9.</summary>
    internal void Kill() => _process.Kill();

    /// <summary>Reads what it has said until it ends; the last number.</summary>
    internal async Task<int?> EndAsync()
    {
        int? last = null;
        while (await NextAsync() is { } number)
            last = number;
        await _process.WaitForExitAsync();
        return last;
    }

    internal int ExitCode => _process.ExitCode;

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.Dispose();
    }
}
