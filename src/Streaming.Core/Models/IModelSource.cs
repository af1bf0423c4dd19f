namespace Streaming.Core.Models;

/// <summary>Hands out the model in force. A swap changes what the next call gets; leases keep the old one alive.</summary>
public interface IModelSource
{
    /// <summary>A lease on the current model. Dispose it when the documents prepared with it are complete.</summary>
    ModelLease Acquire();
}

/// <summary>Use of one model version, and of the candidate that is tried beside it where there is one. The model is released when it was replaced and its last lease is disposed.</summary>
public abstract class ModelLease : IDisposable
{
    /// <summary>The model; valid until <see cref="Dispose"/>.</summary>
    public abstract IEnrichmentModel Model { get; }

    /// <summary>A candidate that is tried beside it, valid as long; null: none.</summary>
    public virtual ModelCandidate? Candidate => null;

    /// <inheritdoc/>
    public abstract void Dispose();
}
