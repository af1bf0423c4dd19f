using Streaming.Contracts;
using Streaming.Core.Engine;
using Streaming.Core.Models;

namespace Streaming.Testing.Fakes;

/// <summary>
/// A deterministic model that checks its caller: hidden states are the ids themselves, so a row given to the wrong document,
/// a window left out or given twice, or a batch of two models' windows, fails. Words are tokens, capitalised words are
/// entities, <c>good</c> and <c>bad</c> make the sentiment.
/// </summary>
public sealed class FakeModel(string version = "1", int window = 16) : IEnrichmentModel, IModelRunner
{
    /// <summary>A text with this word makes every batch fail that it is in.</summary>
    public const string Poison = "POISON";

    /// <summary>A text with this word makes only accepting its states fail.</summary>
    public const string AcceptPoison = "ACCEPTPOISON";

    private const int PoisonId = 1;
    private int _running;
    private int _mostRunning;
    private long _tokens;
    private long _padded;
    private int _batches;

    /// <summary>Called at each pass with its number (from 1); may throw or wait.</summary>
    public Func<int, CancellationToken, ValueTask>? BeforeRun { get; set; }

    /// <summary>There is no memory for a pass over more sequences than this.</summary>
    public int MostSequences { get; set; } = int.MaxValue;

    /// <summary>Sequences of each batch that ran to its end.</summary>
    public IReadOnlyCollection<int> BatchSizes => Sizes;

    /// <summary>True once disposed: nobody may use it any more.</summary>
    public bool IsDisposed { get; private set; }

    /// <summary>Passes so far.</summary>
    public int Batches => _batches;

    /// <summary>Most passes at once.</summary>
    public int MostRunning => _mostRunning;

    /// <summary>Share of token places that was padding.</summary>
    public double Waste => _padded == 0 ? 0 : 1 - ((double)_tokens / _padded);

    /// <inheritdoc/>
    public ModelIdentity Identity { get; } = new("fake", version, new Dictionary<string, string> { ["ner"] = "000000000000" });

    /// <inheritdoc/>
    public IModelRunner Runner => this;

    /// <inheritdoc/>
    public EncoderInfo Info { get; set; } = new(1, [0], window, "cpu");

    private System.Collections.Concurrent.ConcurrentQueue<int> Sizes { get; } = new();

    private int Mark => version.Sum(unit => unit) << 20;

    /// <inheritdoc/>
    public StageOutcome<PreparedDocument> Prepare(TextMessage message)
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        if (message.Text.Contains("UNPREPARABLE", StringComparison.Ordinal))
            throw new FormatException("the text can't be prepared");
        var words = message.Text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var windows = new List<TokenSequence>();
        for (var start = 0; start < words.Length; start += window)
        {
            var ids = new int[Math.Min(window, words.Length - start)];
            for (var i = 0; i < ids.Length; i++)
                ids[i] = Mark | (words[start + i] == Poison ? PoisonId : 2 + (words[start + i].Length & 0xFF));
            windows.Add(new TokenSequence(ids));
        }

        return new FakeDocument(this, message.Text, windows);
    }

    /// <inheritdoc/>
    public async ValueTask<EncoderOutput> RunAsync(IReadOnlyList<TokenSequence> batch, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        cancellationToken.ThrowIfCancellationRequested();
        var call = Interlocked.Increment(ref _batches);
        var running = Interlocked.Increment(ref _running);
        for (var most = _mostRunning; running > most; most = _mostRunning)
            Interlocked.CompareExchange(ref _mostRunning, running, most);
        try
        {
            if (BeforeRun is not null)
                await BeforeRun(call, cancellationToken);
            if (batch.Count > MostSequences)
                throw new InsufficientMemoryException("no memory for a batch this long");
            foreach (var sequence in batch)
            {
                foreach (var id in sequence.Ids.Span)
                {
                    if ((id & ~0xFFFFF) != Mark)
                        throw new InvalidOperationException("this is a bug: a window of another model is in the batch");
                    if ((id & 0xFFFFF) == PoisonId)
                        throw new ArithmeticException("the model fails on this batch");
                }
            }

            var padded = batch.Max(static sequence => sequence.Length);
            Interlocked.Add(ref _tokens, batch.Sum(static sequence => sequence.Length));
            Interlocked.Add(ref _padded, (long)padded * batch.Count);
            Sizes.Enqueue(batch.Count);
            return new FakeOutput(batch, padded);
        }
        finally
        {
            Interlocked.Decrement(ref _running);
        }
    }

    /// <inheritdoc/>
    public void Accept(PreparedDocument document, int window, EncoderOutput output, int row)
    {
        var fake = Own(document);
        var ids = fake.Windows[window].Ids.Span;
        var hidden = output.Hidden(0, row);
        if (hidden.Length != ids.Length)
            throw new InvalidOperationException("this is a bug: a document got another one's states");
        for (var i = 0; i < ids.Length; i++)
        {
            if (hidden[i] != (ids[i] & 0xFFFFF))
                throw new InvalidOperationException("this is a bug: a document got another one's states");
        }

        if (fake.Text.Contains(AcceptPoison, StringComparison.Ordinal))
            throw new ArithmeticException("accepting fails");
        fake.Take(window);
    }

    /// <inheritdoc/>
    public Annotations Complete(PreparedDocument document)
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        var fake = Own(document);
        fake.CheckComplete();
        var entities = new List<EntityAnnotation>();
        var start = 0;
        foreach (var word in fake.Text.Split(' '))
        {
            if (word.Length > 0 && char.IsUpper(word[0]))
                entities.Add(new EntityAnnotation("PER", word, start, start + word.Length, 0.9));
            start += word.Length + 1;
        }

        var label = fake.Text.Contains("good", StringComparison.Ordinal) ? "positive" : "negative";
        return new Annotations
        {
            Entities = entities,
            Topics = [new LabelScore(fake.Text.Length % 2 == 0 ? "even" : "odd", 0.7)],
            Sentiment = new SentimentAnnotation(label, 0.8, [new LabelScore(label, 0.8), new LabelScore("other", 0.2)]),
        };
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        Close();
        return default;
    }

    internal void Close() => IsDisposed = true;

    private FakeDocument Own(PreparedDocument document) => document is FakeDocument fake && fake.Owner == this
        ? fake
        : throw new InvalidOperationException("this is a bug: the document was prepared by another model");

    private sealed class FakeDocument(FakeModel owner, string text, IReadOnlyList<TokenSequence> windows) : PreparedDocument
    {
        private readonly bool[] _taken = new bool[windows.Count];
        private int _busy;

        public FakeModel Owner => owner;

        public string Text => text;

        public override IReadOnlyList<TokenSequence> Windows => windows;

        public void Take(int window)
        {
            if (Interlocked.Exchange(ref _busy, 1) != 0)
                throw new InvalidOperationException("this is a bug: two windows of a document at once");
            if (_taken[window])
                throw new InvalidOperationException("this is a bug: a window twice");
            _taken[window] = true;
            Volatile.Write(ref _busy, 0);
        }

        public void CheckComplete()
        {
            if (_taken.Contains(false))
                throw new InvalidOperationException("this is a bug: a window is missing");
        }
    }

    private sealed class FakeOutput(IReadOnlyList<TokenSequence> batch, int padded) : EncoderOutput
    {
        private readonly float[][] _hidden = [.. batch.Select(static sequence => sequence.Ids.ToArray().Select(static id => (float)(id & 0xFFFFF)).ToArray())];
        private bool _disposed;

        public override int PaddedLength => padded;

        public override ReadOnlySpan<float> Hidden(int layer, int row)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _hidden[row];
        }

        public override void Dispose() => _disposed = true;
    }
}

/// <summary>Hands out fake models, counts leases, disposes a replaced model with its last lease.</summary>
public sealed class FakeModelSource(FakeModel first) : IModelSource
{
    private readonly Lock _lock = new();
    private Held _current = new(first);

    /// <summary>Leases not yet given back.</summary>
    public int OpenLeases { get; private set; }

    /// <summary>Leases handed out.</summary>
    public int Leases { get; private set; }

    /// <inheritdoc/>
    public ModelLease Acquire()
    {
        lock (_lock)
        {
            OpenLeases++;
            Leases++;
            _current.Users++;
            return new Lease(this, _current);
        }
    }

    /// <summary>The next lease is on this one.</summary>
    public void Swap(FakeModel next)
    {
        Held old;
        lock (_lock)
        {
            old = _current;
            _current = new Held(next);
            old.IsReplaced = true;
            if (old.Users > 0)
                return;
        }

        old.Model.Close();
    }

    private void Release(Held held)
    {
        lock (_lock)
        {
            OpenLeases--;
            held.Users--;
            if (!held.IsReplaced || held.Users > 0)
                return;
        }

        held.Model.Close();
    }

    private sealed class Held(FakeModel model)
    {
        public FakeModel Model => model;

        public int Users { get; set; }

        public bool IsReplaced { get; set; }
    }

    private sealed class Lease(FakeModelSource source, Held held) : ModelLease
    {
        private int _disposed;

        public override IEnrichmentModel Model => held.Model;

        public override void Dispose()
        {
            if (Interlocked.Exchange(ref _disposed, 1) != 0)
                throw new InvalidOperationException("this is a bug: a lease was disposed twice");
            source.Release(held);
        }
    }
}
