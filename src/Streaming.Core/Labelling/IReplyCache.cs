namespace Streaming.Core.Labelling;

/// <summary>Remembers replies of language models, so that the same text, prompt and model are paid for once. Bounded: the oldest go first.</summary>
public interface IReplyCache
{
    /// <summary>What was kept under a key, or null.</summary>
    ValueTask<string?> FindAsync(string key, CancellationToken cancellationToken);

    /// <summary>Keeps a reply; a later one under the same key replaces it.</summary>
    ValueTask KeepAsync(string key, string reply, CancellationToken cancellationToken);
}
