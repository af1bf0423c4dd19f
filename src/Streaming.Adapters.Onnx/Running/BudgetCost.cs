namespace Streaming.Adapters.Onnx.Running;

/// <summary>What a budget cost.</summary>
/// <param name="BatchTokens">Token places of a batch.</param>
/// <param name="Microseconds">For each of them: processor time on a CPU, time on a GPU.</param>
public sealed record BudgetCost(int BatchTokens, double Microseconds);
