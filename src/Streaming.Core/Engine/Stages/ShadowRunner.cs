using Streaming.Core.Models;
using Annotations = Streaming.Core.Models.Annotations;

namespace Streaming.Core.Engine.Stages;

/// <summary>
/// Lets a candidate compute what the model in force has just computed, and compares. What the candidate finds goes nowhere else, and
/// whatever goes wrong with it is counted and costs no document anything but the wait, which the trial bounds.
/// Safe for concurrent use on different batches.
/// </summary>
internal sealed class ShadowRunner(EngineContext context)
{
    /// <summary>Compares the documents that a batch of the model in force has completed.</summary>
    /// <param name="candidate">The candidate.</param>
    /// <param name="computed">Documents and what was found in them; the findings are completed by how far the two disagree.</param>
    /// <param name="windows">Windows of the batch.</param>
    /// <param name="took">How long the model in force took.</param>
    public async ValueTask CompareAsync(ModelCandidate candidate, List<(InFlightDocument Document, Annotations Found)> computed, int windows, TimeSpan took)
    {
        var (model, trial) = candidate;
        var prepared = new PreparedDocument?[computed.Count];
        var sequences = new List<(int Document, int Window)>();
        for (var i = 0; i < computed.Count; i++)
        {
            if (Prepare(candidate, computed[i].Document) is not { } document)
                continue;
            prepared[i] = document;
            for (var window = 0; window < document.Windows.Count; window++)
                sequences.Add((i, window));
        }

        // No pass is larger than the batch was: that one was within the budget.
        var spent = TimeSpan.Zero;
        for (var start = 0; start < sequences.Count; start += windows)
            spent += await RunAsync(candidate, prepared, sequences.GetRange(start, Math.Min(windows, sequences.Count - start)));
        trial.Timed(took, spent, sequences.Count == windows);
        for (var i = 0; i < computed.Count; i++)
        {
            if (prepared[i] is not { } document)
                continue;
            try
            {
                computed[i] = (computed[i].Document, trial.Compared(computed[i].Found, model.Complete(document)));
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                trial.Failed(BatchRunner.CodeOf(exception));
            }
        }
    }

    private static PreparedDocument? Prepare(ModelCandidate candidate, InFlightDocument document)
    {
        try
        {
            var outcome = candidate.Model.Prepare(document.Text!);
            if (outcome.IsSuccess)
                return outcome.Value;
            candidate.Trial.Failed(outcome.Failure.Code);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            candidate.Trial.Failed(BatchRunner.CodeOf(exception));
        }

        return null;
    }

    /// <summary>One pass. When it fails, its documents are given up, each counted once: nobody waits for the candidate to find the culprit.</summary>
    private async ValueTask<TimeSpan> RunAsync(ModelCandidate candidate, PreparedDocument?[] prepared, List<(int Document, int Window)> windows)
    {
        var pass = windows.FindAll(window => prepared[window.Document] is not null);
        if (pass.Count == 0)
            return TimeSpan.Zero;
        var started = context.Time.GetTimestamp();
        try
        {
            using var output = await candidate.Model.Runner.RunAsync(pass.ConvertAll(window => prepared[window.Document]!.Windows[window.Window]), context.Stop);
            var took = output.Took ?? context.Time.GetElapsedTime(started);
            for (var row = 0; row < pass.Count; row++)
                candidate.Model.Accept(prepared[pass[row].Document]!, pass[row].Window, output, row);
            return took;
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            foreach (var document in pass.Select(static window => window.Document).Distinct())
            {
                prepared[document] = null;
                candidate.Trial.Failed(BatchRunner.CodeOf(exception));
            }

            return context.Time.GetElapsedTime(started);
        }
    }
}
