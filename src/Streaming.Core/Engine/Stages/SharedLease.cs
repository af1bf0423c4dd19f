using Streaming.Core.Models;

namespace Streaming.Core.Engine.Stages;

/// <summary>One lease on a model for a chunk of documents; given back when the last of them is through.</summary>
internal sealed class SharedLease(ModelLease lease)
{
    private int _users = 1;

    /// <summary>The model in force.</summary>
    public IEnrichmentModel Model { get; } = lease.Model;

    /// <summary>The candidate that is tried beside it; null: none.</summary>
    public ModelCandidate? Candidate { get; } = lease.Candidate;

    /// <summary>The model that computes a document.</summary>
    public ModelUse For(string documentId) =>
        Candidate is { } candidate && candidate.Trial.Serves(documentId) ? new ModelUse(candidate.Model, candidate.Trial) : new ModelUse(Model, null);

    public void Add() => Interlocked.Increment(ref _users);

    public void Release()
    {
        var left = Interlocked.Decrement(ref _users);
        if (left == 0)
            lease.Dispose();
        else if (left < 0)
            throw new InvalidOperationException("this is a bug: a model lease was given back twice");
    }
}
