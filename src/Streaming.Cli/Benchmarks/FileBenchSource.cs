using Streaming.Core.Messaging;

namespace Streaming.Cli.Benchmarks;

/// <summary>A file's lines, from memory pages of the system to the pipeline: no broker in between.</summary>
/// <param name="file">Messages, one a line.</param>
/// <param name="repeat">Times it is read, when no number of documents is told.</param>
internal sealed class FileBenchSource(string file, int repeat) : IBenchSource
{
    private long? _documents;

    /// <inheritdoc/>
    public string Name => "file";

    /// <inheritdoc/>
    public Task<long> PrepareAsync(long? documents, CancellationToken cancellationToken)
    {
        _documents = documents;
        return Task.FromResult(documents ?? long.MaxValue);
    }

    /// <inheritdoc/>
    public IMessageSource Open() => new JsonLinesSource(file, _documents is null ? repeat : int.MaxValue, _documents ?? long.MaxValue);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => default;
}
