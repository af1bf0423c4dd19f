using Streaming.Contracts;
using Streaming.Core.Labelling;
using Streaming.Learning.Data;
using Streaming.Learning.Labelling;

namespace Streaming.Cli.Demo;

/// <summary>Labels what the demo's model asks for: from the labelled file, with the errors a language model would make.</summary>
internal sealed class LearnDemoLabels(ISampleStore store, string topology, string answers, TimeProvider time)
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);
    private static readonly SimulatedErrors Errors = new() { Miss = 0.06, WrongLabel = 0.04, WrongBoundary = 0.04, Spurious = 0.005, Hallucination = 0.03, Abstain = 0.02, Seed = 5 };

    private readonly SimulatedLabeller _labeller = new(
        new GoldAnswers().Add(LabelTask.Entities, DataReader.Read(answers, DataFormat.Jsonl)), Errors, time, "simulated");

    private long _after;

    /// <summary>Valid labels given.</summary>
    public int Labelled { get; private set; }

    /// <summary>Labels until it is stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(Look, time);
        try
        {
            do
            {
                await LabelAsync(stop);
            }
            while (await timer.WaitForNextTickAsync(stop));
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Enough.
        }
    }

    private async Task LabelAsync(CancellationToken stop)
    {
        var open = await store.ListRequestsAsync(new RequestQuery { Topology = topology, AfterSequence = _after, Size = 500 }, stop);
        var samples = new List<LabelledSample>();
        foreach (var stored in open)
            samples.AddRange(await _labeller.LabelAsync(stored.Request, stop));
        if (open.Count == 0)
            return;
        _after = open[^1].Sequence;
        await store.AddSamplesAsync(samples, stop);
        Labelled += samples.Count(static sample => sample.Validity == SampleValidity.Valid);
    }
}
