using Streaming.Contracts;

namespace Streaming.Core.Models.Registry;

/// <summary>
/// What one process knows of a channel, from the registry's file and from events, whichever is further. It never goes back: an event
/// that comes again, or a file that a shared folder still shows as it was, changes nothing. Safe for concurrent use.
/// </summary>
/// <param name="name">Bundle name.</param>
/// <param name="channel">The channel's own name.</param>
public sealed class ChannelView(string name, string channel)
{
    private readonly Lock _lock = new();
    private (long Sequence, string Digest) _known = (0, "");

    /// <summary>Bundle name.</summary>
    public string Name => name;

    /// <summary>The channel's own name.</summary>
    public string Channel => channel;

    /// <summary>Number of the latest decision known; 0 before the first.</summary>
    public long Sequence
    {
        get
        {
            lock (_lock)
                return _known.Sequence;
        }
    }

    /// <summary>Digest of the bundle in force; empty while none is known.</summary>
    public string Digest
    {
        get
        {
            lock (_lock)
                return _known.Digest;
        }
    }

    /// <summary>Looks at the registry.</summary>
    /// <returns>Whether something else is in force now.</returns>
    public bool Look(ModelRegistry registry)
    {
        ArgumentNullException.ThrowIfNull(registry);
        var now = registry.Channel(name, channel);
        return Learn(now.LastSequence, now.Current, isAgainTaken: true);
    }

    /// <summary>Hears of a decision; one of another channel is passed over.</summary>
    /// <returns>Whether something else is in force now.</returns>
    public bool Hear(ModelEvent decided)
    {
        ArgumentNullException.ThrowIfNull(decided);
        if (decided.Name != name || decided.Channel != channel)
            return false;
        return Learn(decided.Sequence, decided.Kind is ModelEventKind.Promoted or ModelEventKind.RolledBack ? decided.Digest : null, isAgainTaken: false);
    }

    // The registry says all there is of a number, an event only its own part.
    private bool Learn(long sequence, string? digest, bool isAgainTaken)
    {
        lock (_lock)
        {
            if (sequence < _known.Sequence || (sequence == _known.Sequence && !isAgainTaken))
                return false;
            var before = _known.Digest;
            _known = (sequence, digest ?? before);
            return _known.Digest != before;
        }
    }
}
