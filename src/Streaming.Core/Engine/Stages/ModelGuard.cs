using Streaming.Contracts;
using Streaming.Core.Models;

namespace Streaming.Core.Engine.Stages;

/// <summary>
/// Tells a text that a model cannot compute from a model that can compute nothing. The first is dead-lettered; the second
/// stops the run, so that a broken model does not turn a whole topic into dead letters.
/// </summary>
/// <remarks>
/// A model that has computed no document in this run is asked for a harmless text before the first failure is blamed on a
/// document: a model that is broken from the start makes no dead letter at all, however often it is started again. One that
/// breaks on the way makes fewer than <see cref="BatchingOptions.MaxModelFailures"/>. The document that reaches the bound,
/// and all behind it, are neither dead-lettered nor committed: they are read again. Equal texts count once, so that one bad
/// text sent many times does not stop anything. Safe for concurrent use.
/// </remarks>
internal sealed class ModelGuard(BatchingOptions options, DependencyRetry retry)
{
    /// <summary>Code of the error that stops the run.</summary>
    public const string Code = "model_unusable";

    private const string Harmless = "The weather in Paris was good on Monday.";

    private readonly Lock _lock = new();
    private readonly HashSet<int> _failed = []; // texts since the last success, as hashes
    private IEnrichmentModel? _proven;
    private bool _isClean = true;

    /// <summary>The model computed a document.</summary>
    public void Succeeded(IEnrichmentModel model)
    {
        if (Volatile.Read(ref _isClean) && ReferenceEquals(Volatile.Read(ref _proven), model))
            return;
        lock (_lock)
        {
            _proven = model;
            _failed.Clear();
            _isClean = true;
        }
    }

    /// <summary>The model failed on a document, alone.</summary>
    /// <exception cref="StreamingException"><c>model_unusable</c>: the document is not to blame.</exception>
    public async ValueTask FailedAsync(IEnrichmentModel model, string text, Exception reason, CancellationToken cancellationToken)
    {
        if (options.MaxModelFailures == 0)
            return;
        int failures;
        lock (_lock)
        {
            _isClean = false;
            _failed.Add(text.GetHashCode(StringComparison.Ordinal));
            failures = _failed.Count;
        }

        if (failures >= options.MaxModelFailures)
            throw Unusable(model, $"failed on {failures} different texts in a row, the last time with {reason.GetType().Name}", reason);
        if (ReferenceEquals(Volatile.Read(ref _proven), model))
            return;
        if (!await CanComputeAsync(model, cancellationToken))
            throw Unusable(model, $"cannot compute a harmless text either ({reason.GetType().Name})", reason);
        Volatile.Write(ref _proven, model);
    }

    private async ValueTask<bool> CanComputeAsync(IEnrichmentModel model, CancellationToken cancellationToken)
    {
        try
        {
            var outcome = model.Prepare(new TextMessage { Text = Harmless });
            if (!outcome.IsSuccess)
                return false;
            var prepared = outcome.Value;
            for (var i = 0; i < prepared.Windows.Count; i++)
            {
                using var output = await retry.RunAsync(
                    static (call, token) => call.Runner.RunAsync([call.Window], token), (model.Runner, Window: prepared.Windows[i]), cancellationToken);
                model.Accept(prepared, i, output, 0);
            }

            model.Complete(prepared);
            return true;
        }
        catch (Exception exception) when (exception is not (StreamingException or OperationCanceledException))
        {
            return false;
        }
    }

    private static StreamingException Unusable(IEnrichmentModel model, string what, Exception reason) => new(
        Code,
        $"the model {model.Identity.Name} {model.Identity.Version} {what}: the run stops instead of dead-lettering everything. "
        + "Nothing from here on is committed. Check the bundle (streaming models verify) or go back to one that worked (model.bundle); "
        + "if these texts really are to blame, raise batching.max_model_failures, or set it to 0 to dead-letter them all",
        ExitCode.DependencyUnavailable,
        reason);
}
