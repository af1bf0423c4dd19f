using Streaming.Contracts;
using Streaming.Core.Models;

namespace Streaming.Core.Engine.Channels;

/// <summary>One window of one document, waiting for the model that prepared it.</summary>
internal readonly record struct ModelWindow(InFlightDocument Document, int Index, int Length, IEnrichmentModel Model);

/// <summary>
/// Batches windows, runs the model on several batches at once, and completes documents. A batch that fails is halved until
/// the culprit is alone; alone it is tried once more from the start, and only then given up.
/// </summary>
internal sealed class ModelStage : IDisposable
{
    public const string Name = "model";

    private readonly EngineContext _context;
    private readonly Lock _lock = new();
    private readonly MicroBatcher<ModelWindow> _batcher;
    private readonly AsyncSignal _signal = new();
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly ITimer _deadline;
    private int _announced;
    private int _hurries;
    private volatile bool _completed;

    public ModelStage(EngineContext context)
    {
        _context = context;
        _batcher = new MicroBatcher<ModelWindow>(context.Pipeline.Batching, context.Time.TimestampFrequency);
        _deadline = context.Time.CreateTimer(static signal => ((AsyncSignal)signal!).Set(), _signal, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>So many documents are about to come: while some are on their way, waiting for company may pay.</summary>
    public void Announce(int documents) => Interlocked.Add(ref _announced, documents);

    /// <summary>The windows of so many announced documents.</summary>
    public void Add(List<ModelWindow> windows, int announced)
    {
        if (windows.Count > 0)
        {
            var now = _context.Time.GetTimestamp();
            lock (_lock)
            {
                foreach (var window in windows)
                    _batcher.Add(window, window.Length, window.Model, now);
            }
        }

        Interlocked.Add(ref _announced, -announced);
        _signal.Set();
    }

    /// <summary>Nothing more comes.</summary>
    public void Complete()
    {
        _completed = true;
        _signal.Set();
    }

    /// <summary>While any is in force, batches don't wait for company.</summary>
    public void Hurry(bool on)
    {
        Interlocked.Add(ref _hurries, on ? 1 : -1);
        _signal.Set();
    }

    /// <summary>Runs batches, one at a time; start it as often as batches may be in flight.</summary>
    public async Task RunAsync()
    {
        var batch = new MicroBatch<ModelWindow>();
        while (await TakeAsync(batch))
        {
            var windows = new List<ModelWindow>(batch.Count);
            foreach (var window in batch.Items)
            {
                if (!window.Document.Lane.IsLive)
                    Abandon(window.Document);
                else if (!window.Document.IsSuspect)
                    windows.Add(window);
            }

            if (windows.Count > 0)
            {
                _context.Telemetry.Batch(batch.Count, batch.Tokens, batch.PaddedTokens);
                _context.Progress.AddTokens(batch.Tokens);
                await RunAsync(windows, 0, windows.Count, (IEnrichmentModel)batch.Version!);
            }

            // A runner that works on the calling thread must not keep that thread from the other stages.
            await Task.Yield();
        }
    }

    /// <summary>Decodes a document whose windows have all been accepted, and lets it go.</summary>
    public void Complete(InFlightDocument document, IEnrichmentModel model)
    {
        try
        {
            var annotations = model.Complete(document.Prepared!);
            document.EndIndexed(_context.Rules.Document(document.Message, document.Text!, annotations, model.Identity, document.Ingested));
        }
        catch (Exception exception) when (IsOwnFault(exception))
        {
            document.EndFailed(GivenUp(exception));
        }

        _context.Release(document);
    }

    public void Dispose()
    {
        _deadline.Dispose();
        _turn.Dispose();
    }

    private async ValueTask<bool> TakeAsync(MicroBatch<ModelWindow> batch)
    {
        // One idle runner watches for the next batch; the others queue behind it.
        await _turn.WaitAsync(_context.Stop);
        try
        {
            while (true)
            {
                var completed = _completed;
                var eager = completed || Volatile.Read(ref _announced) == 0 || Volatile.Read(ref _hurries) > 0;
                TimeSpan? due;
                lock (_lock)
                {
                    var now = _context.Time.GetTimestamp();
                    if (_batcher.TryTake(now, eager, batch))
                    {
                        _context.Telemetry.Queued(_context.Time.GetElapsedTime(batch.Items[0].Document.ReadAt, now));
                        return true;
                    }

                    if (completed && _batcher.Count == 0)
                        return false;
                    due = _batcher.DueIn(now);
                }

                if (due is { } left)
                    _deadline.Change(left + TimeSpan.FromMilliseconds(1), Timeout.InfiniteTimeSpan);
                await _signal.WaitAsync(_context.Stop);
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task RunAsync(List<ModelWindow> windows, int start, int count, IEnrichmentModel model)
    {
        var sequences = new TokenSequence[count];
        for (var i = 0; i < count; i++)
        {
            var window = windows[start + i];
            if (window.Document.Prepared is { } prepared)
                sequences[i] = prepared.Windows[window.Index];
        }

        // A document that another of its windows has made suspect meanwhile is passed over.
        for (var i = 0; i < count; i++)
        {
            if (sequences[i].Length > 0)
                continue;
            var left = windows.GetRange(start, count).FindAll(static window => !window.Document.IsSuspect && window.Document.Prepared is not null);
            if (left.Count > 0)
                await RunAsync(left, 0, left.Count, model);
            return;
        }

        EncoderOutput output;
        var started = _context.Time.GetTimestamp();
        try
        {
            output = await InferAsync(model.Runner, sequences);
        }
        catch (Exception exception) when (IsOwnFault(exception))
        {
            if (count == 1)
            {
                await TryAloneAsync(windows[start].Document, model);
                return;
            }

            await RunAsync(windows, start, count / 2, model);
            await RunAsync(windows, start + (count / 2), count - (count / 2), model);
            return;
        }

        var inferred = _context.Time.GetTimestamp();
        _context.Telemetry.Inferred(_context.Time.GetElapsedTime(started, inferred));
        List<InFlightDocument>? suspects = null;
        using (output)
        {
            for (var row = 0; row < count; row++)
            {
                var document = windows[start + row].Document;
                var accepted = TryAccept(document, windows[start + row].Index, output, row, model);
                if (accepted is null)
                    (suspects ??= []).Add(document);
                else if (accepted is true)
                    Complete(document, model);
            }
        }

        _context.Telemetry.Decoded(_context.Time.GetElapsedTime(inferred));
        if (suspects is null)
            return;
        foreach (var suspect in suspects)
            await TryAloneAsync(suspect, model);
    }

    /// <returns>True when that was the last window, false when more are to come, null when it failed.</returns>
    private static bool? TryAccept(InFlightDocument document, int window, EncoderOutput output, int row, IEnrichmentModel model)
    {
        lock (document)
        {
            if (document.IsSuspect || document.Prepared is not { } prepared)
                return false;
            try
            {
                model.Accept(prepared, window, output, row);
            }
            catch (Exception exception) when (IsOwnFault(exception))
            {
                return null;
            }

            return --document.WindowsLeft == 0;
        }
    }

    /// <summary>Second try, from the start and without neighbours.</summary>
    private async ValueTask TryAloneAsync(InFlightDocument document, IEnrichmentModel model)
    {
        TextMessage text;
        lock (document)
        {
            if (document.IsSuspect || document.Text is null)
                return;
            document.IsSuspect = true;
            text = document.Text;
        }

        try
        {
            var outcome = model.Prepare(text);
            if (outcome.IsSuccess)
            {
                var prepared = outcome.Value;
                for (var i = 0; i < prepared.Windows.Count; i++)
                {
                    using var output = await InferAsync(model.Runner, [prepared.Windows[i]]);
                    model.Accept(prepared, i, output, 0);
                }

                document.EndIndexed(_context.Rules.Document(document.Message, text, model.Complete(prepared), model.Identity, document.Ingested));
            }
            else
            {
                document.EndFailed(outcome.Failure);
            }
        }
        catch (Exception exception) when (IsOwnFault(exception))
        {
            document.EndFailed(GivenUp(exception));
        }

        _context.Release(document);
    }

    private void Abandon(InFlightDocument document)
    {
        // Every window of it passes by here; the first one lets it go.
        lock (document)
        {
            if (document.IsSuspect || document.Prepared is null)
                return;
            document.IsSuspect = true;
            document.Abandon();
        }

        _context.Release(document);
    }

    private ValueTask<EncoderOutput> InferAsync(IModelRunner runner, TokenSequence[] sequences) => _context.Retry.RunAsync(
        static (call, token) => call.runner.RunAsync(call.sequences, token), (runner, sequences), _context.Stop);

    /// <summary>
    /// Whether an exception may be one document's fault. A coded error (a device that is away, a model that does not fit) is
    /// about the model as a whole, and so is being told to stop.
    /// </summary>
    private static bool IsOwnFault(Exception exception) => exception is not (StreamingException or OperationCanceledException);

    private static StageFailure GivenUp(Exception exception) =>
        new(Name, ErrorCodes.ModelFailed, $"the model failed on this document, alone too, with {exception.GetType().Name}");
}
