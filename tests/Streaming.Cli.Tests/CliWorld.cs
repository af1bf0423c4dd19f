using Streaming.Cli.CommandLine;
using Streaming.Testing;

namespace Streaming.Cli.Tests;

/// <summary>Runs commands inside the test's process, with a world made up for them.</summary>
internal sealed class CliWorld : IDisposable
{
    /// <summary>A folder for the test; the data folder lies in it.</summary>
    public string Folder { get; } = Directory.CreateTempSubdirectory("streaming-cli-").FullName;

    /// <summary>What standard input holds.</summary>
    public byte[] Input { get; set; } = [];

    /// <summary>Whether standard output is a terminal.</summary>
    public bool IsTerminal { get; init; }

    /// <summary>Runs a command line.</summary>
    public async Task<CliResult> RunAsync(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        using var bytes = new MemoryStream();
        var context = new CliContext
        {
            Out = output,
            Error = error,
            OpenInput = () => new MemoryStream(Input),
            OpenOutput = () => bytes,
            IsOutputTerminal = IsTerminal,
            Environment = new Dictionary<string, string>
            {
                ["STREAMING_DATA"] = Path.Combine(Folder, "data"),
                ["STREAMING_HOME"] = SharedFolder.RepositoryRoot,
            },
        };
        var exit = await Program.Build(context).Parse(arguments).InvokeAsync();
        Raw = bytes.ToArray();
        return new CliResult(exit, output.ToString(), error.ToString());
    }

    /// <summary>Bytes that the last command wrote past the text writer.</summary>
    public byte[] Raw { get; private set; } = [];

    /// <summary>Writes a file into the folder.</summary>
    public string Write(string name, ReadOnlySpan<byte> content)
    {
        var path = Path.Combine(Folder, name);
        File.WriteAllBytes(path, content);
        return path;
    }

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
