using Streaming.Contracts;

namespace Streaming.Core.Labelling;

/// <summary>Keeps requests for labels and what labellers said. What was acknowledged is durable. Safe for concurrent use, also by several processes.</summary>
public interface ISampleStore
{
    /// <summary>Adds requests; one whose id is there already changes nothing.</summary>
    /// <returns>How many were new.</returns>
    ValueTask<int> AddRequestsAsync(IReadOnlyList<LabelRequest> requests, CancellationToken cancellationToken);

    /// <summary>Adds samples. One whose id is there replaces it and gets a new <see cref="StoredSample.Sequence"/>, unless it says the same or is older: then nothing changes.</summary>
    /// <returns>How many were new or replaced another.</returns>
    ValueTask<int> AddSamplesAsync(IReadOnlyList<LabelledSample> samples, CancellationToken cancellationToken);

    /// <summary>Takes samples back, e.g. a person's undo; unknown ids are passed over.</summary>
    /// <returns>How many there were.</returns>
    ValueTask<int> RemoveSamplesAsync(IReadOnlyList<string> ids, CancellationToken cancellationToken);

    /// <summary>One request, or null.</summary>
    ValueTask<LabelRequest?> FindRequestAsync(string id, CancellationToken cancellationToken);

    /// <summary>Requests, in the order that the query asks for.</summary>
    ValueTask<IReadOnlyList<StoredRequest>> ListRequestsAsync(RequestQuery query, CancellationToken cancellationToken);

    /// <summary>Samples by rising <see cref="StoredSample.Sequence"/>.</summary>
    ValueTask<IReadOnlyList<StoredSample>> ListSamplesAsync(SampleQuery query, CancellationToken cancellationToken);

    /// <summary>Totals.</summary>
    /// <param name="topology">Of one topology; null: of all.</param>
    /// <param name="afterSequence">Samples are counted only above this; 0: all.</param>
    /// <param name="cancellationToken">Gives up.</param>
    ValueTask<SampleStatistics> GetStatisticsAsync(string? topology, long afterSequence, CancellationToken cancellationToken);
}
