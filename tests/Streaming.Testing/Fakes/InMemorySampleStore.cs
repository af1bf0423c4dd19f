using System.Text.Json;
using Streaming.Contracts;
using Streaming.Core.Labelling;

namespace Streaming.Testing.Fakes;

/// <summary>A sample store in memory.</summary>
public sealed class InMemorySampleStore : ISampleStore
{
    private readonly Lock _lock = new();
    private readonly List<StoredRequest> _requests = [];
    private readonly List<StoredSample> _samples = [];
    private long _sequence;

    /// <inheritdoc/>
    public ValueTask<int> AddRequestsAsync(IReadOnlyList<LabelRequest> requests, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            var before = _requests.Count;
            foreach (var request in requests)
            {
                if (!_requests.Exists(stored => stored.Request.Id == request.Id))
                    _requests.Add(new StoredRequest(_requests.Count + 1, request, 0));
            }

            return ValueTask.FromResult(_requests.Count - before);
        }
    }

    /// <inheritdoc/>
    public ValueTask<int> AddSamplesAsync(IReadOnlyList<LabelledSample> samples, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            var changed = 0;
            foreach (var sample in samples)
            {
                var index = _samples.FindIndex(stored => stored.Sample.Id == sample.Id);
                if (index >= 0 && (_samples[index].Sample.LabelledAt > sample.LabelledAt || Json(_samples[index].Sample) == Json(sample)))
                    continue;
                if (index >= 0)
                    _samples.RemoveAt(index);
                _samples.Add(new StoredSample(++_sequence, sample));
                changed++;
            }

            return ValueTask.FromResult(changed);
        }
    }

    /// <inheritdoc/>
    public ValueTask<int> RemoveSamplesAsync(IReadOnlyList<string> ids, CancellationToken cancellationToken)
    {
        lock (_lock)
            return ValueTask.FromResult(_samples.RemoveAll(stored => ids.Contains(stored.Sample.Id)));
    }

    /// <inheritdoc/>
    public ValueTask<LabelRequest?> FindRequestAsync(string id, CancellationToken cancellationToken)
    {
        lock (_lock)
            return ValueTask.FromResult(_requests.Find(stored => stored.Request.Id == id)?.Request);
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<StoredRequest>> ListRequestsAsync(RequestQuery query, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            var found = _requests
                .Where(stored => stored.Sequence > query.AfterSequence && (query.Topology ?? stored.Request.Topology) == stored.Request.Topology
                    && (query.DocumentId ?? stored.Request.DocumentId) == stored.Request.DocumentId)
                .Where(stored => query.UnansweredBy is null || !Answers(stored).Any(sample => sample.LabellerKind == LabellerKind.Person && sample.Labeller == query.UnansweredBy))
                .Where(stored => Answers(stored).Select(sample => (sample.LabellerKind, sample.Labeller)).Distinct().Count() >= query.MinLabellers)
                .Select(stored => stored with { Samples = Answers(stored).Count() });
            found = query.ByPriority ? found.OrderByDescending(stored => stored.Request.Priority).ThenBy(stored => stored.Sequence)
                : query.NewestFirst ? found.Reverse() : found;
            return ValueTask.FromResult<IReadOnlyList<StoredRequest>>([.. found.Take(query.Size)]);
        }
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<StoredSample>> ListSamplesAsync(SampleQuery query, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return ValueTask.FromResult<IReadOnlyList<StoredSample>>([.. _samples
                .Where(stored => stored.Sequence > query.AfterSequence && (query.Topology ?? stored.Sample.Topology) == stored.Sample.Topology
                    && (query.Task ?? stored.Sample.Task) == stored.Sample.Task && (query.Kind ?? stored.Sample.LabellerKind) == stored.Sample.LabellerKind
                    && (!query.ValidOnly || stored.Sample.Validity == SampleValidity.Valid) && (query.ControlSlice ?? stored.Sample.ControlSlice) == stored.Sample.ControlSlice
                    && (query.RequestId ?? stored.Sample.RequestId) == stored.Sample.RequestId && (query.DocumentId ?? stored.Sample.DocumentId) == stored.Sample.DocumentId)
                .Take(query.Size)]);
        }
    }

    /// <inheritdoc/>
    public ValueTask<SampleStatistics> GetStatisticsAsync(string? topology, long afterSequence, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            var requests = _requests.Where(stored => (topology ?? stored.Request.Topology) == stored.Request.Topology).ToList();
            var samples = _samples.Where(stored => (topology ?? stored.Sample.Topology) == stored.Sample.Topology).ToList();
            var groups = samples.Where(stored => stored.Sequence > afterSequence).Select(stored => stored.Sample)
                .GroupBy(sample => (sample.Task, sample.LabellerKind, sample.Labeller, sample.PromptVersion))
                .OrderBy(group => group.Key)
                .Select(group => new SampleGroup
                {
                    Task = group.Key.Task,
                    Kind = group.Key.LabellerKind,
                    Labeller = group.Key.Labeller,
                    PromptVersion = group.Key.PromptVersion,
                    Valid = group.Count(sample => sample.Validity == SampleValidity.Valid),
                    Trainable = group.Count(sample => sample is { Validity: SampleValidity.Valid, ControlSlice: false }),
                    Abstained = group.Count(sample => sample.Validity == SampleValidity.Abstained),
                    Rejected = group.Count(sample => sample.Validity == SampleValidity.Rejected),
                    Mentions = group.Sum(sample => sample.Mentions),
                    Hallucinated = group.Sum(sample => sample.Hallucinated),
                    Discontinuous = group.Sum(sample => sample.Discontinuous),
                    Cost = group.Sum(sample => sample.Cost),
                    InputTokens = group.Sum(sample => sample.InputTokens),
                    OutputTokens = group.Sum(sample => sample.OutputTokens),
                });
            return ValueTask.FromResult(new SampleStatistics(
                requests.Count, requests.Count(stored => stored.Request.ControlSlice), requests.Count(stored => !Answers(stored).Any()),
                samples.Select(stored => stored.Sequence).DefaultIfEmpty().Max(), [.. groups],
                requests.SelectMany(stored => stored.Request.Reasons.Select(reason => reason.Code).Distinct()).GroupBy(code => code).ToDictionary(group => group.Key, group => (long)group.Count()),
                requests.GroupBy(stored => stored.Request.Source ?? "").ToDictionary(group => group.Key, group => (long)group.Count())));
        }
    }

    private IEnumerable<LabelledSample> Answers(StoredRequest request) =>
        _samples.Where(stored => stored.Sample.RequestId == request.Request.Id).Select(stored => stored.Sample);

    private static string Json(LabelledSample sample) => JsonSerializer.Serialize(sample, ContractsJson.Wire.LabelledSample);
}
