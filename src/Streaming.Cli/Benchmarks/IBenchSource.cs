using Streaming.Core.Messaging;

namespace Streaming.Cli.Benchmarks;

/// <summary>Where a benchmark's messages come from. Each round reads them from the beginning.</summary>
internal interface IBenchSource : IAsyncDisposable
{
    /// <summary>As <c>--source</c> takes it.</summary>
    string Name { get; }

    /// <summary>Puts so many messages in place, before anything is measured.</summary>
    /// <param name="documents">How many; null: as many as the file has, times its repetitions.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Where a round ends: no more messages than these are there, or wanted.</returns>
    Task<long> PrepareAsync(long? documents, CancellationToken cancellationToken);

    /// <summary>A source that starts with the first of them.</summary>
    IMessageSource Open();
}
