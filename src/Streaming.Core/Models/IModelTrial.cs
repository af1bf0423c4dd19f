namespace Streaming.Core.Models;

/// <summary>
/// What a candidate beside the model in force is tried on, and who counts how it does. Called from the pipeline's own tasks:
/// safe for concurrent use, and every call returns at once.
/// </summary>
public interface IModelTrial
{
    /// <summary>Whether the candidate enriches this document instead of the model in force. Told by the id alone, so a replay goes the same way.</summary>
    /// <param name="documentId">Id of the document.</param>
    bool Serves(string documentId);

    /// <summary>Whether the candidate computes a batch too that the model in force has just computed; asked once a batch.</summary>
    /// <param name="documents">Documents that the batch has completed, at least 1.</param>
    /// <param name="inForce">How long the model in force took.</param>
    bool Shadows(int documents, TimeSpan inForce);

    /// <summary>Both have computed one text.</summary>
    /// <returns>What the model in force found, its uncertainty completed by how far the two disagree.</returns>
    Annotations Compared(Annotations inForce, Annotations candidate);

    /// <summary>The candidate's passes over a shadowed batch have ended.</summary>
    /// <param name="inForce">How long the model in force took.</param>
    /// <param name="candidate">How long the candidate took.</param>
    /// <param name="comparable">Whether both ran the same windows in one pass.</param>
    void Timed(TimeSpan inForce, TimeSpan candidate, bool comparable);

    /// <summary>A document is enriched by one of the two.</summary>
    void Served(Annotations annotations, bool byCandidate);

    /// <summary>The candidate failed on a text, alone too; the model in force computed it instead, or had already.</summary>
    /// <param name="code">What it failed with: an error code, or the name of an exception.</param>
    void Failed(string code);
}

/// <summary>A model that is tried beside the one in force.</summary>
/// <param name="Model">The model; valid as long as the lease it came with.</param>
/// <param name="Trial">What it is tried on.</param>
public sealed record ModelCandidate(IEnrichmentModel Model, IModelTrial Trial);
