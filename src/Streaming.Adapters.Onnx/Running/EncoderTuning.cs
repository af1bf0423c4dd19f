namespace Streaming.Adapters.Onnx.Running;

/// <summary>What suits an encoder on a machine.</summary>
/// <param name="BatchTokens">Token places of a batch: <c>max_batch_tokens</c>.</param>
/// <param name="Calls">Passes at once: <c>max_concurrent_batches</c>.</param>
/// <param name="MostCalls">Passes at once that were allowed.</param>
/// <param name="Measured">What each budget cost, by budget.</param>
public sealed record EncoderTuning(int BatchTokens, int Calls, int MostCalls, IReadOnlyList<BudgetCost> Measured);
