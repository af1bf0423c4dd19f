using Streaming.Contracts;
using Streaming.Core;
using Streaming.Core.Models;

namespace Streaming.Server.Analysis;

/// <summary>Runs the model on one text at a time, outside any stream.</summary>
public static class DocumentAnalyzer
{
    private const int MaxBatchTokens = 1_024;

    /// <summary>Analyses one text with the model in force.</summary>
    /// <exception cref="StreamingException">The text cannot be processed; the code is the stage's.</exception>
    public static async ValueTask<AnalyzeResult> AnalyzeAsync(IModelSource models, TextMessage message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(models);
        ArgumentNullException.ThrowIfNull(message);
        using var lease = models.Acquire();
        var model = lease.Model;
        var prepared = model.Prepare(message);
        if (!prepared.IsSuccess)
            throw new StreamingException(prepared.Failure.Code, prepared.Failure.Reason);
        var document = prepared.Value;
        var windows = document.Windows;
        var first = 0;
        while (first < windows.Count)
        {
            var count = 1;
            var longest = windows[first].Length;
            while (first + count < windows.Count && Math.Max(longest, windows[first + count].Length) * (count + 1) <= MaxBatchTokens)
                longest = Math.Max(longest, windows[first + count++].Length);
            var batch = new TokenSequence[count];
            for (var i = 0; i < count; i++)
                batch[i] = windows[first + i];
            using (var output = await model.Runner.RunAsync(batch, cancellationToken).ConfigureAwait(false))
            {
                for (var i = 0; i < count; i++)
                    model.Accept(document, first + i, output, i);
            }

            first += count;
        }

        var annotations = model.Complete(document);
        return new()
        {
            Text = message.Text,
            Entities = annotations.Entities,
            Topics = annotations.Topics,
            Sentiment = annotations.Sentiment,
            Aspects = annotations.Aspects,
            AspectCategories = annotations.AspectCategories,
            Coverage = annotations.Coverage,
            Model = model.Identity.Name,
            ModelVersion = model.Identity.Version,
        };
    }
}
