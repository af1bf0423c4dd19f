using Streaming.Core.Sinks;
using Streaming.Core.Telemetry;

namespace Streaming.Cli.Composition;

/// <summary>
/// Gives every document that the index has taken to a second sink too (<c>sink.enriched_topic</c>). Both have acknowledged it before it counts
/// as done; after a crash in between the copy comes again, so one the index has already is copied as well.
/// </summary>
/// <param name="index">Decides about each document.</param>
/// <param name="copy">Gets what the index did not refuse.</param>
/// <param name="tell">Hears of a copy that is missing.</param>
internal sealed class CopyingSink(IDocumentSink index, IDocumentSink copy, Action<Notice> tell) : IDocumentSink
{
    public async ValueTask<IReadOnlyList<SinkResult>> WriteAsync(IReadOnlyList<DocumentWrite> writes, CancellationToken cancellationToken)
    {
        var results = await index.WriteAsync(writes, cancellationToken);
        var taken = new List<int>(results.Count);
        for (var i = 0; i < results.Count; i++)
        {
            if (results[i].Status != SinkStatus.Rejected)
                taken.Add(i);
        }

        if (taken.Count == 0)
            return results;
        // One that the topic refuses has ended all the same: it is indexed, and only its copy is missing.
        if ((await copy.WriteAsync(taken.ConvertAll(i => writes[i]), cancellationToken)).FirstOrDefault(static result => result.Status == SinkStatus.Rejected) is { Reason: { } reason })
            tell(new Notice(NoticeLevel.Warning, "copy_refused", $"sink.enriched_topic refuses a copy, which is left out ({reason}); the document is indexed. Raise the topic's max.message.bytes."));
        return results;
    }

    public async ValueTask DisposeAsync()
    {
        await copy.DisposeAsync();
        await index.DisposeAsync();
    }
}
