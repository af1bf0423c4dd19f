using Streaming.Contracts;
using Streaming.Core.Engine;

namespace Streaming.Core.Models;

/// <summary>
/// One version of everything that turns a text into annotations: tokeniser, encoder, heads, calibration.
/// The engine prepares documents in parallel, batches their windows, runs the encoder, and completes documents.
/// </summary>
/// <remarks>
/// Safe for concurrent calls on different documents. What it finds depends on the text alone, not on the rest of the message:
/// exact duplicates share one result.
/// </remarks>
public interface IEnrichmentModel : IAsyncDisposable
{
    /// <summary>Name, version and digests.</summary>
    ModelIdentity Identity { get; }

    /// <summary>The encoder.</summary>
    IModelRunner Runner { get; }

    /// <summary>Normalises, tokenises and windows a text. Nothing is cut silently.</summary>
    StageOutcome<PreparedDocument> Prepare(TextMessage message);

    /// <summary>Takes what the heads need from one window's hidden states; each window of a document exactly once, in any order, never two at a time.</summary>
    void Accept(PreparedDocument document, int window, EncoderOutput output, int row);

    /// <summary>Decodes and calibrates, once every window has been accepted.</summary>
    Annotations Complete(PreparedDocument document);
}
