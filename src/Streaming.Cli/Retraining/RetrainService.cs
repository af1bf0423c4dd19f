using System.Globalization;
using Streaming.Cli.CommandLine;
using Streaming.Core;
using Streaming.Core.Models.Registry;
using Streaming.Core.Search;
using Streaming.Core.Telemetry;
using Streaming.Core.Topology;
using Streaming.Learning.Retraining;

namespace Streaming.Cli.Retraining;

/// <summary>Watches a topology's labels and trains when it is due, one retraining at a time, on a task of its own.</summary>
internal sealed class RetrainService
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan DriftInterval = TimeSpan.FromMinutes(1);
    private const int DriftPage = 200;

    private readonly CliContext _context;
    private readonly CompiledTopology _topology;
    private readonly RetrainCycle _cycle;
    private readonly ISearchIndex? _index;
    private readonly CronSchedule? _schedule;
    private readonly DriftMonitor? _drift;
    private DateTimeOffset _heeded;
    private DateTimeOffset _driftAt;
    private DateTimeOffset _seen;

    public RetrainService(CliContext context, CompiledTopology topology, RetrainCycle cycle, ISearchIndex? index)
    {
        (_context, _topology, _cycle, _index) = (context, topology, cycle, index);
        _schedule = RetrainSetup.Schedule(topology.Definition.Retraining);
        _drift = topology.Definition.Retraining.DriftWindow > 0 ? new DriftMonitor(topology.Definition.Retraining.DriftWindow) : null;
        _heeded = _driftAt = context.Time.GetUtcNow();
    }

    /// <summary>Told of every retraining that ends.</summary>
    public Func<RetrainOutcome, CancellationToken, ValueTask>? Ended { get; init; }

    /// <summary>Watches until it is stopped. What goes wrong is told, and tried again later.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(Look, _context.Time);
        try
        {
            do
            {
                try
                {
                    await CheckAsync(stop);
                }
                catch (Exception error) when (error is StreamingException or IOException)
                {
                    _context.Tell(new Notice(NoticeLevel.Warning, "retraining_failed", $"a retraining of {_topology.Name} could not go on: {error.Message}"));
                    await Task.Delay(DriftInterval, _context.Time, stop);
                }
            }
            while (await timer.WaitForNextTickAsync(stop));
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // What was begun is gone on with at the next start.
        }
    }

    /// <summary>Trains if it is due.</summary>
    /// <returns>How it ended; null when it was not due.</returns>
    public async ValueTask<RetrainOutcome?> CheckAsync(CancellationToken cancellationToken)
    {
        var trigger = _cycle.IsOpen ? RetrainTriggers.Manual : await DueAsync(cancellationToken);
        if (trigger is null)
            return null;
        _heeded = _context.Time.GetUtcNow();
        var outcome = await _cycle.RunAsync(trigger, cancellationToken);
        if (outcome is null)
            return null;
        _drift?.Reset();
        _context.Tell(new Notice(NoticeLevel.Information, outcome.Promoted switch { true => outcome.Stage is null ? "model_promoted" : "model_on_trial", false => "model_refused", null => "nothing_learnt" }, Text(outcome)));
        if (Ended is not null)
            await Ended(outcome, cancellationToken);
        return outcome;
    }

    /// <summary>An outcome in a line.</summary>
    public static string Text(RetrainOutcome outcome) => string.Create(
        CultureInfo.InvariantCulture,
        $"retraining {outcome.Id} ({outcome.Trigger}), {outcome.Labels} labels{(outcome.Version is null ? "" : $", version {outcome.Version}")}: {string.Join(' ', outcome.Reasons)}");

    private async ValueTask<string?> DueAsync(CancellationToken cancellationToken)
    {
        if (_cycle.IsOnTrial)
            return null;
        var waiting = await _cycle.WaitingAsync(cancellationToken);
        await WatchDriftAsync(cancellationToken);
        return RetrainTriggers.Due(
            waiting.Count == 0 ? 0 : waiting.Values.Max(), _topology.Definition.Retraining.MinLabels, _schedule, _heeded, _drift?.Measure(), _context.Time.GetUtcNow());
    }

    // What the model says is read where it was written, so that it does not matter which process wrote it.
    private async ValueTask WatchDriftAsync(CancellationToken cancellationToken)
    {
        var now = _context.Time.GetUtcNow();
        if (_drift is null || _index is null || now - _driftAt < DriftInterval)
            return;
        _driftAt = now;
        var page = await _index.SearchAsync(new SearchRequest { Size = DriftPage, Order = SearchOrder.Newest, FacetSize = 0 }, cancellationToken);
        foreach (var document in page.Hits.Select(static hit => hit.Document).Where(document => document.IngestTime > _seen).OrderBy(static document => document.IngestTime))
        {
            _seen = document.IngestTime;
            foreach (var entity in document.Entities)
                _drift.Add(entity.Type, entity.Confidence);
            foreach (var topic in document.Topics)
                _drift.Add(topic.Label, topic.Confidence);
            if (document.Sentiment is { } sentiment)
                _drift.Add(sentiment.Label, sentiment.Confidence);
        }
    }
}
