using Streaming.Core.Engine;
using Streaming.Core.Models;

namespace Streaming.Text.Analysis;

/// <summary>Annotations of many texts.</summary>
/// <param name="Results">One result a text, in its order; a text that can't be analysed has its failure.</param>
/// <param name="Statistics">What it took.</param>
public sealed record BatchAnalysis(IReadOnlyList<StageOutcome<Annotations>> Results, BatchStatistics Statistics);
