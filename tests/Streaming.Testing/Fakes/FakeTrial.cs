using System.Collections.Concurrent;
using Streaming.Core.Models;

namespace Streaming.Testing.Fakes;

/// <summary>A trial that notes what it is told. Every so manieth document by its id is the candidate's.</summary>
public sealed class FakeTrial : IModelTrial
{
    private int _served, _servedByCandidate, _compared, _timed;

    /// <summary>Share of the documents that the candidate enriches, 0–1.</summary>
    public double Share { get; init; }

    /// <summary>Whether the candidate computes the batches of the model in force too.</summary>
    public bool IsShadowing { get; init; }

    /// <summary>Makes of two findings what goes on; null: what the model in force found.</summary>
    public Func<Annotations, Annotations, Annotations>? Compare { get; init; }

    /// <summary>Documents enriched by the model in force.</summary>
    public int Served => _served;

    /// <summary>Documents enriched by the candidate.</summary>
    public int ServedByCandidate => _servedByCandidate;

    /// <summary>Documents that both computed.</summary>
    public int ComparedDocuments => _compared;

    /// <summary>Shadowed batches.</summary>
    public int TimedBatches => _timed;

    /// <summary>What the candidate failed with.</summary>
    public ConcurrentQueue<string> Failures { get; } = new();

    /// <inheritdoc/>
    public bool Serves(string documentId) => documentId.Sum(static unit => unit * 31) % 100 < Share * 100;

    /// <inheritdoc/>
    public bool Shadows(int documents, TimeSpan inForce) => IsShadowing;

    /// <inheritdoc/>
    public Annotations Compared(Annotations inForce, Annotations candidate)
    {
        Interlocked.Increment(ref _compared);
        return Compare?.Invoke(inForce, candidate) ?? inForce;
    }

    /// <inheritdoc/>
    public void Timed(TimeSpan inForce, TimeSpan candidate, bool comparable) => Interlocked.Increment(ref _timed);

    /// <inheritdoc/>
    void IModelTrial.Served(Annotations annotations, bool byCandidate)
    {
        if (byCandidate)
            Interlocked.Increment(ref _servedByCandidate);
        else
            Interlocked.Increment(ref _served);
    }

    /// <inheritdoc/>
    public void Failed(string code) => Failures.Enqueue(code);
}
