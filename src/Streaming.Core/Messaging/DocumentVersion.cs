namespace Streaming.Core.Messaging;

/// <summary>
/// The version a document gets from the place of its message, so that a replay carries the same version and a later
/// message of the same partition a higher one. Equal keys share a partition, so a key's versions rise in its message order.
/// </summary>
/// <remarks>
/// <para>Layout, most significant first: 15 bits generation, 40 bits offset + 1, 8 bits revision; always positive.</para>
/// <para>
/// Offsets start again at 0 when a topic is deleted and created anew, and keys move to other partitions when their number
/// changes. Either way the operator raises the topology's generation by one; every version of the new generation is above
/// every one of the old. Without that, sinks answer the new messages as superseded, which is counted, and nothing newer is overwritten.
/// </para>
/// <para>The revision is for re-enriching the same message with another model: above the document it replaces, below the next message.</para>
/// </remarks>
public static class DocumentVersion
{
    /// <summary>Largest offset that has a version.</summary>
    public const long MaxOffset = (1L << 40) - 2;

    /// <summary>Largest generation.</summary>
    public const int MaxGeneration = (1 << 15) - 1;

    private const int RevisionBits = 8;
    private const int GenerationShift = 48;

    /// <summary>The version of the same message enriched once more: above the document it replaces, below the next message of its key.</summary>
    /// <param name="version">Version of the document as it is.</param>
    /// <returns>Null when the message has been enriched again as often as can be told, 255 times.</returns>
    public static long? Raise(long version) => (version & ((1 << RevisionBits) - 1)) == (1 << RevisionBits) - 1 ? null : version + 1;

    /// <summary>The version of the document made from a message.</summary>
    /// <param name="offset">Offset of the message, 0 to <see cref="MaxOffset"/>.</param>
    /// <param name="generation">How often the topic was created anew or repartitioned, 0 to <see cref="MaxGeneration"/>.</param>
    /// <param name="revision">How often this message was enriched again, 0–255.</param>
    /// <returns>At least 1.</returns>
    public static long From(long offset, int generation = 0, int revision = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, MaxOffset);
        ArgumentOutOfRangeException.ThrowIfNegative(generation);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(generation, MaxGeneration);
        ArgumentOutOfRangeException.ThrowIfNegative(revision);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(revision, (1 << RevisionBits) - 1);
        return ((long)generation << GenerationShift) | ((offset + 1) << RevisionBits) | (uint)revision;
    }
}
