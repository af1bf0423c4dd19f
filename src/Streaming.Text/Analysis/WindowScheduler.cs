using Streaming.Core.Engine;
using Streaming.Core.Models;

namespace Streaming.Text.Analysis;

/// <summary>Puts the windows of many documents through the encoder: sorted by length, within a token budget, several passes in flight.</summary>
internal static class WindowScheduler
{
    /// <summary>Documents that are prepared before their windows are sorted: enough for tight batches, few enough to bound memory.</summary>
    internal const int ChunkSize = 2048;

    /// <summary>Runs every window once.</summary>
    /// <param name="runner">The encoder.</param>
    /// <param name="documents">Prepared documents; null entries are passed over.</param>
    /// <param name="batching">Budget and passes in flight.</param>
    /// <param name="accept">Called for each window; never twice at a time for one document.</param>
    /// <param name="cancellationToken">Ends the work between passes.</param>
    internal static async Task<BatchStatistics> RunAsync(
        IModelRunner runner, IReadOnlyList<PreparedDocument?> documents, BatchingOptions batching,
        Action<int, int, EncoderOutput, int> accept, CancellationToken cancellationToken)
    {
        var windows = new List<(int Document, int Window)>();
        var lengths = new List<int>();
        for (var document = 0; document < documents.Count; document++)
        {
            for (var window = 0; window < (documents[document]?.Windows.Count ?? 0); window++)
            {
                windows.Add((document, window));
                lengths.Add(documents[document]!.Windows[window].Length);
            }
        }

        var batches = BatchPacker.Pack(lengths.ToArray(), batching);
        var inFlight = batching.CallsFor(runner.Info) + runner.Info.CallsAhead;
        long padded = 0;
        await Parallel.ForEachAsync(
            batches,
            new ParallelOptions { MaxDegreeOfParallelism = inFlight, CancellationToken = cancellationToken },
            async (batch, cancellation) =>
            {
                var sequences = Array.ConvertAll(batch, index => documents[windows[index].Document]!.Windows[windows[index].Window]);
                using var output = await runner.RunAsync(sequences, cancellation).ConfigureAwait(false);
                Interlocked.Add(ref padded, (long)output.PaddedLength * batch.Length);
                for (var row = 0; row < batch.Length; row++)
                {
                    var (document, window) = windows[batch[row]];
                    lock (documents[document]!)
                        accept(document, window, output, row);
                }
            }).ConfigureAwait(false);
        return new BatchStatistics(documents.Count, windows.Count, batches.Count, lengths.Sum(static length => (long)length), padded);
    }
}
