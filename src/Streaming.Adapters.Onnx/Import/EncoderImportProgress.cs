namespace Streaming.Adapters.Onnx.Import;

/// <summary>How far an import is.</summary>
/// <param name="Step">What it is doing: <c>reading</c>, <c>calibrating</c>, <c>writing</c>, <c>checking</c>.</param>
/// <param name="Share">Share of that step that is done, 0–1.</param>
public readonly record struct EncoderImportProgress(string Step, double Share);
