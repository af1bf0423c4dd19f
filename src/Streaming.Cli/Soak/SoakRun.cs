using Streaming.Cli.CommandLine;
using Streaming.Cli.Composition;
using Streaming.Core;
using Streaming.Core.Engine;
using Streaming.Core.Messaging;

namespace Streaming.Cli.Soak;

/// <summary>
/// Produces steadily, in bursts now and then, with bad messages among the good; ends the run again and again, by draining and
/// by breaking it off, and starts it anew; refuses writes where the sink is the fake; samples memory.
/// </summary>
internal sealed class SoakRun(CliContext context, SoakPlan plan, SoakWorld world, IPipelineEngine engine, ProgressLine progress)
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan SampleEvery = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan DrainBound = TimeSpan.FromSeconds(30);

    // Seconds of each cycle in which the fake makes trouble, and which.
    private const int TroubleCycle = 40;
    private static readonly (int From, int To, SoakTrouble Trouble)[] Troubles = [(8, 11, SoakTrouble.TooMany), (18, 22, SoakTrouble.Items), (28, 31, SoakTrouble.Away)];

    private readonly MemorySamples _memory = new();
    private readonly int _ticksPerSecond = (int)(TimeSpan.FromSeconds(1) / Tick);

    /// <summary>Runs that were drained, and runs that were broken off.</summary>
    public (int Drained, int BrokenOff) Restarts { get; private set; }

    /// <summary>Bursts.</summary>
    public int Bursts { get; private set; }

    /// <summary>Memory over the messages.</summary>
    public MemorySamples Memory => _memory;

    /// <summary>Runs it to its end.</summary>
    /// <returns>False when messages were still under way after the patience.</returns>
    public async Task<bool> RunAsync(IReadOnlyList<string> texts, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var producing = Task.Run(() => ProduceAsync(new SoakMessages(texts), stop.Token), stop.Token);
        var done = false;
        try
        {
            var started = context.Time.GetTimestamp();
            for (var number = 0; !done; number++)
            {
                var isLast = context.Time.GetElapsedTime(started) >= plan.Duration;
                done = await OneRunAsync(isLast, breakOff: !isLast && number % 2 == 1, producing, stop.Token);
                if (isLast)
                    break;
            }

            await producing;
            return done;
        }
        finally
        {
            await stop.CancelAsync();
        }
    }

    /// <returns>True when everything produced has ended and nothing more comes.</returns>
    private async Task<bool> OneRunAsync(bool isLast, bool breakOff, Task producing, CancellationToken cancellationToken)
    {
        using var drain = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var abort = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var supervisor = new PipelineSupervisor(engine, new DeliveryOptions(), context.Time);
        var run = supervisor.RunAsync(
            async token =>
            {
                var made = await world.Host.CreatePipelineAsync(token);
                return new PipelineInstance(ObservedPipeline.Watch(made.Pipeline, world.Ledger), made.DisposeAsync);
            },
            drain.Token,
            abort.Token);
        var length = isLast ? plan.Patience : TimeSpan.FromSeconds(plan.RestartEvery);
        var started = context.Time.GetTimestamp();
        var ended = world.Ledger.Ended;
        using var ticks = new PeriodicTimer(SampleEvery, context.Time);
        while (!run.IsCompleted && context.Time.GetElapsedTime(started) < length && !IsDone(producing) && await ticks.WaitForNextTickAsync(cancellationToken))
        {
            _memory.Take(world.Ledger.Ended, Environment.WorkingSet);
            if (isLast && world.Ledger.Ended != ended)
                (ended, started) = (world.Ledger.Ended, context.Time.GetTimestamp());
        }

        if (breakOff)
        {
            await abort.CancelAsync();
        }
        else
        {
            await drain.CancelAsync();
            abort.CancelAfter(DrainBound);
        }

        try
        {
            await run;
        }
        catch (OperationCanceledException) when (abort.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            // On purpose, or because draining took longer than its bound.
            breakOff = true;
        }

        if (!isLast)
            Restarts = breakOff ? Restarts with { BrokenOff = Restarts.BrokenOff + 1 } : Restarts with { Drained = Restarts.Drained + 1 };
        return IsDone(producing);
    }

    private bool IsDone(Task producing)
    {
        progress.Report("soak", world.Ledger.Ended, plan.Capacity, $"{world.Ledger.Count} produced, {world.Ledger.Ended} ended");
        return producing.IsCompleted && world.Ledger.Ended == world.Ledger.Count;
    }

    private async Task ProduceAsync(SoakMessages messages, CancellationToken cancellationToken)
    {
        var producer = world.Host.Producer ?? throw new InvalidOperationException("this is a bug: a host without a producer");
        var started = context.Time.GetTimestamp();
        using var ticks = new PeriodicTimer(Tick, context.Time);
        var due = 0.0;
        var bursts = 0;
        while (await ticks.WaitForNextTickAsync(cancellationToken))
        {
            var at = context.Time.GetElapsedTime(started);
            if (at >= plan.Duration)
                break;
            SetTrouble(at);
            due += (double)plan.PerSecond / _ticksPerSecond;
            if ((int)(at.TotalSeconds / plan.BurstEvery) > bursts)
            {
                bursts++;
                Bursts = bursts;
                due += plan.PerSecond * plan.BurstSeconds;
            }

            var batch = new List<OutgoingMessage>();
            for (; due >= 1 && !world.Ledger.IsFull; due--)
            {
                var number = world.Ledger.Add(SoakMessages.IsBad(world.Ledger.Count));
                batch.Add(messages.Make(number));
            }

            if (batch.Count > 0)
                await SendAsync(producer, batch, cancellationToken);
        }

        SetTrouble(null);
    }

    private async Task SendAsync(IMessageProducer producer, List<OutgoingMessage> batch, CancellationToken cancellationToken)
    {
        foreach (var result in await producer.ProduceAsync(world.Topic, batch, cancellationToken))
        {
            if (!result.IsStored)
                throw new StreamingException("soak_message_refused", $"a message was refused at its source: {result.Error}", ExitCode.CheckFailed);
        }
    }

    private void SetTrouble(TimeSpan? at)
    {
        if (world.Index is not { } index)
            return;
        var trouble = SoakTrouble.None;
        if (at is { } now)
        {
            foreach (var (from, to, kind) in Troubles)
            {
                if (now.TotalSeconds % TroubleCycle is var second && second >= from && second < to)
                    trouble = kind;
            }
        }

        index.Trouble = trouble;
    }
}
