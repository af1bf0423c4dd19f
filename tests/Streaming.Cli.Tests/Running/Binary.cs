using System.Text;
using Streaming.Cli.Tests.EndToEnd;

namespace Streaming.Cli.Tests.Running;

/// <summary>The product run to its end, with a data folder of its own and files beside it.</summary>
internal sealed class Binary : IDisposable
{
    private readonly DataFolderOfTest _folder = new();

    /// <summary>Where it keeps its data.</summary>
    public string Data => _folder.File("data");

    /// <summary>A file or folder beside it.</summary>
    public string File(string name) => _folder.File(name);

    /// <summary>Writes a file beside the data.</summary>
    public string Write(string name, ReadOnlySpan<byte> content)
    {
        var path = _folder.File(name);
        System.IO.File.WriteAllBytes(path, content);
        return path;
    }

    /// <summary>Writes a file beside the data.</summary>
    public string Write(string name, string content) => Write(name, Encoding.UTF8.GetBytes(content));

    /// <summary>Runs it to its end.</summary>
    public Task<ProductResult> RunAsync(params string[] arguments) => RunWithInputAsync([], arguments);

    /// <summary>Runs it to its end with something on standard input.</summary>
    public Task<ProductResult> RunWithInputAsync(byte[] input, params string[] arguments) =>
        ProductProcess.RunAsync(arguments, new Dictionary<string, string> { ["STREAMING_DATA"] = Data }, input);

    /// <inheritdoc/>
    public void Dispose() => _folder.Dispose();
}
