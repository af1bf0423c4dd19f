namespace Streaming.Core.Models;

/// <summary>
/// The place of the model in force, and of a candidate that is tried beside it. A swap changes what the next lease gets; leases keep
/// the old model alive, and with its last lease it is disposed. Documents end with the model that prepared them, so no batch mixes
/// two versions.
/// </summary>
/// <remarks>Safe for concurrent use. Swaps go one after another.</remarks>
public sealed class ModelSlot : IModelSource, IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _swapping = new(1, 1);
    private readonly int _maxVersions;
    private Held _current;
    private (Held Held, ModelCandidate Candidate)? _candidate;
    private readonly Signal _released = new();
    private Exception? _failure;
    private int _alive = 1;

    /// <summary>A slot with its first model, which it owns from then on.</summary>
    /// <param name="first">The model.</param>
    /// <param name="maxVersions">Most models alive at once, the one being loaded included; at least 2. A swap waits until there is room.</param>
    public ModelSlot(IEnrichmentModel first, int maxVersions = 2)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxVersions, 2);
        _current = new Held(first);
        _maxVersions = maxVersions;
    }

    /// <summary>Which model the next lease gets.</summary>
    public ModelIdentity Identity
    {
        get
        {
            lock (_lock)
                return _current.Model.Identity;
        }
    }

    /// <summary>Models not yet disposed, the one being loaded included.</summary>
    public int AliveVersions
    {
        get
        {
            lock (_lock)
                return _alive;
        }
    }

    /// <summary>Swaps done.</summary>
    public long Swaps { get; private set; }

    /// <inheritdoc/>
    public ModelLease Acquire()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_current.IsReplaced, this);
            _current.Users++;
            if (_candidate is not { } beside)
                return new Lease(this, _current, null, null);
            beside.Held.Users++;
            return new Lease(this, _current, beside.Held, beside.Candidate);
        }
    }

    /// <summary>Loads the next model and puts it in force. A trial that is under way ends with it, also when loading fails.</summary>
    /// <param name="load">Makes the next model, given the one in force (alive until the call returns). It throws: that one stays.</param>
    /// <param name="cancellationToken">Gives up while waiting or loading.</param>
    /// <exception cref="InvalidOperationException">A model replaced before could not be disposed.</exception>
    public async ValueTask SwapAsync(Func<IEnrichmentModel, CancellationToken, ValueTask<IEnrichmentModel>> load, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(load);
        await _swapping.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            PutAside();
            var next = await LoadAsync(load, cancellationToken).ConfigureAwait(false);
            PutInForce(new Held(next));
        }
        finally
        {
            _swapping.Release();
        }
    }

    /// <summary>Loads a model and tries it beside the one in force, in the place of any that was tried before.</summary>
    /// <param name="load">Makes the candidate, given the model in force (alive until the call returns). It throws: none is tried.</param>
    /// <param name="trial">What it is tried on.</param>
    /// <param name="cancellationToken">Gives up while waiting or loading.</param>
    public async ValueTask TryAsync(Func<IEnrichmentModel, CancellationToken, ValueTask<IEnrichmentModel>> load, IModelTrial trial, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(load);
        ArgumentNullException.ThrowIfNull(trial);
        await _swapping.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            PutAside();
            var next = await LoadAsync(load, cancellationToken).ConfigureAwait(false);
            lock (_lock)
                _candidate = (new Held(next), new ModelCandidate(next, trial));
        }
        finally
        {
            _swapping.Release();
        }
    }

    /// <summary>The candidate is tried on something else from the next lease on; without one nothing happens.</summary>
    public async ValueTask ReviseAsync(IModelTrial trial, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(trial);
        await _swapping.WaitAsync(cancellationToken).ConfigureAwait(false);
        lock (_lock)
        {
            if (_candidate is { } beside)
                _candidate = (beside.Held, new ModelCandidate(beside.Candidate.Model, trial));
        }

        _swapping.Release();
    }

    /// <summary>Puts the candidate in force; nothing is loaded.</summary>
    /// <exception cref="InvalidOperationException">There is no candidate.</exception>
    public async ValueTask AdoptAsync(CancellationToken cancellationToken)
    {
        await _swapping.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            PutInForce(null);
        }
        finally
        {
            _swapping.Release();
        }
    }

    /// <summary>Ends the trial; the candidate is disposed with its last lease. Without one nothing happens.</summary>
    public async ValueTask WithdrawAsync(CancellationToken cancellationToken)
    {
        await _swapping.WaitAsync(cancellationToken).ConfigureAwait(false);
        PutAside();
        _swapping.Release();
    }

    /// <summary>Disposes the model in force as soon as its last lease is given back, and waits for that.</summary>
    public async ValueTask DisposeAsync()
    {
        await _swapping.WaitAsync().ConfigureAwait(false);
        PutAside();
        bool idle;
        lock (_lock)
        {
            if (_current.IsReplaced)
                return;
            idle = _current.Replace();
        }

        if (idle)
            await RetireAsync(_current).ConfigureAwait(false);
        while (true)
        {
            Task released;
            lock (_lock)
            {
                if (_alive == 0 || _failure is not null)
                    break;
                released = _released.Next;
            }

            await released.ConfigureAwait(false);
        }

        Surface();
    }

    private async ValueTask<IEnrichmentModel> LoadAsync(Func<IEnrichmentModel, CancellationToken, ValueTask<IEnrichmentModel>> load, CancellationToken cancellationToken)
    {
        await ReserveAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await load(_current.Model, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            Gone();
            throw;
        }
    }

    /// <param name="next">The next model; null: the candidate.</param>
    private void PutInForce(Held? next)
    {
        Held old;
        bool idle;
        lock (_lock)
        {
            if (next is null)
            {
                next = _candidate?.Held ?? throw new InvalidOperationException("this is a bug: there is no candidate to put in force");
                _candidate = null;
            }

            old = _current;
            _current = next;
            idle = old.Replace();
            Swaps++;
        }

        if (idle)
            _ = RetireAsync(old);
    }

    private void PutAside()
    {
        Held? old;
        lock (_lock)
        {
            old = _candidate?.Held;
            _candidate = null;
            if (old is null || !old.Replace())
                return;
        }

        _ = RetireAsync(old);
    }

    private async ValueTask ReserveAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            Surface();
            Task released;
            lock (_lock)
            {
                ObjectDisposedException.ThrowIf(_current.IsReplaced, this);
                if (_alive < _maxVersions)
                {
                    _alive++;
                    return;
                }

                released = _released.Next;
            }

            await released.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private void Release(Held held)
    {
        lock (_lock)
        {
            if (--held.Users > 0 || !held.IsReplaced)
                return;
        }

        _ = RetireAsync(held);
    }

    // Never on the thread that gave the lease back: disposing waits for the runner's threads.
    private Task RetireAsync(Held held) => Task.Run(async () =>
    {
        try
        {
            await held.Model.DisposeAsync().ConfigureAwait(false);
            Gone();
        }
        catch (Exception exception)
        {
            lock (_lock)
                _failure = exception;
            _released.Raise();
        }
    });

    private void Gone()
    {
        lock (_lock)
            _alive--;
        _released.Raise();
    }

    private void Surface()
    {
        lock (_lock)
        {
            if (_failure is { } failure)
                throw new InvalidOperationException($"this is a bug: a replaced model could not be disposed: {failure.Message}", failure);
        }
    }

    private sealed class Held(IEnrichmentModel model)
    {
        public IEnrichmentModel Model => model;

        public int Users { get; set; }

        public bool IsReplaced { get; private set; }

        /// <returns>Whether nobody uses it.</returns>
        public bool Replace()
        {
            IsReplaced = true;
            return Users == 0;
        }
    }

    private sealed class Lease(ModelSlot slot, Held held, Held? beside, ModelCandidate? candidate) : ModelLease
    {
        private int _disposed;

        public override IEnrichmentModel Model => held.Model;

        public override ModelCandidate? Candidate => candidate;

        public override void Dispose()
        {
            if (Interlocked.Exchange(ref _disposed, 1) != 0)
                throw new InvalidOperationException("this is a bug: a model lease was disposed twice");
            slot.Release(held);
            if (beside is not null)
                slot.Release(beside);
        }
    }
}
