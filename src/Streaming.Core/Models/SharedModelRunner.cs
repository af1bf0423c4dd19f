namespace Streaming.Core.Models;

/// <summary>
/// One encoder under several models: when only heads change, the session, its weights and its threads stay.
/// Each share is disposed by the model that has it; the last takes the encoder along.
/// </summary>
public sealed class SharedModelRunner : IModelRunner
{
    private readonly Root _root;
    private int _disposed;

    /// <summary>The first share of an encoder, which belongs to the shares from then on.</summary>
    /// <param name="inner">The encoder.</param>
    /// <param name="digest">SHA-256 of its graph: what tells whether another model has the same.</param>
    public SharedModelRunner(IModelRunner inner, string digest)
        : this(new Root(inner, digest))
    {
    }

    private SharedModelRunner(Root root) => _root = root;

    /// <summary>SHA-256 of the encoder's graph.</summary>
    public string Digest => _root.Digest;

    /// <inheritdoc/>
    public EncoderInfo Info => _root.Inner.Info;

    /// <summary>Another share, for another model. Valid while this one is.</summary>
    public SharedModelRunner Share()
    {
        lock (_root)
        {
            ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
            _root.Users++;
        }

        return new SharedModelRunner(_root);
    }

    /// <inheritdoc/>
    public ValueTask<EncoderOutput> RunAsync(IReadOnlyList<TokenSequence> batch, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
        return _root.Inner.RunAsync(batch, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return default;
        lock (_root)
        {
            if (--_root.Users > 0)
                return default;
        }

        return _root.Inner.DisposeAsync();
    }

    private sealed class Root(IModelRunner inner, string digest)
    {
        public IModelRunner Inner => inner;

        public string Digest => digest;

        public int Users { get; set; } = 1;
    }
}
