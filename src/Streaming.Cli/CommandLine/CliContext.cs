using System.Collections;
using Streaming.Core;
using Streaming.Core.Telemetry;

namespace Streaming.Cli.CommandLine;

/// <summary>What a command sees of the world outside: streams, environment, clock, terminal.</summary>
internal sealed class CliContext
{
    /// <summary>Standard output: what was asked for, nothing else.</summary>
    public required TextWriter Out { get; init; }

    /// <summary>Standard error: errors, notices, progress.</summary>
    public required TextWriter Error { get; init; }

    /// <summary>Opens standard input.</summary>
    public required Func<Stream> OpenInput { get; init; }

    /// <summary>Opens standard output for bytes.</summary>
    public Func<Stream> OpenOutput { get; init; } = Console.OpenStandardOutput;

    /// <summary>Environment variables.</summary>
    public required IReadOnlyDictionary<string, string> Environment { get; init; }

    /// <summary>Clock and timers.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>True when a person reads standard output.</summary>
    public bool IsOutputTerminal { get; init; }

    /// <summary>True when a person reads standard error: progress may redraw its line.</summary>
    public bool IsErrorTerminal { get; init; }

    /// <summary>True when colours are wanted: a terminal, and no <c>NO_COLOR</c>.</summary>
    public bool UseColour => IsOutputTerminal && string.IsNullOrEmpty(Variable("NO_COLOR")) && Variable("TERM") != "dumb";

    /// <summary>The process's own.</summary>
    public static CliContext OfProcess()
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (DictionaryEntry entry in System.Environment.GetEnvironmentVariables())
            variables[(string)entry.Key] = (string?)entry.Value ?? "";
        var output = new StreamWriter(Console.OpenStandardOutput(), new System.Text.UTF8Encoding(false), 32 * 1024) { AutoFlush = false };
        return new CliContext
        {
            Out = output,
            Error = Console.Error,
            OpenInput = Console.OpenStandardInput,
            Environment = variables,
            IsOutputTerminal = !Console.IsOutputRedirected,
            IsErrorTerminal = !Console.IsErrorRedirected,
        };
    }

    /// <summary>A variable's value, or null when it is not set or empty.</summary>
    public string? Variable(string name) => Environment.TryGetValue(name, out var value) && value.Length > 0 ? value : null;

    /// <summary>Bytes on standard output, as they are, behind what was written before.</summary>
    public async Task WriteBytesAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        await Out.FlushAsync(cancellationToken);
        await using var output = OpenOutput();
        await output.WriteAsync(bytes, cancellationToken);
    }

    /// <summary>Events on standard error.</summary>
    public EventLog Events => field ??= new EventLog(Error, Time);

    /// <summary>A line for people, on standard error.</summary>
    public void Say(string line) => Say("message", line);

    /// <summary>A line for people, with a code for programs that read the log.</summary>
    public void Say(string code, string line) => Events.Say(line, code);

    /// <summary>Something worth knowing, or worse, on standard error.</summary>
    public void Tell(Notice notice) => Events.Tell(notice);

    /// <summary>An error in the one form that all have.</summary>
    public void Fail(StreamingException error) => Tell(new Notice(NoticeLevel.Error, error.Code, error.Message));
}
