using System.Globalization;
using Streaming.Cli.CommandLine;
using Streaming.Core.Engine;

namespace Streaming.Cli.Demo;

/// <summary>What a learning demo that ends by itself has done.</summary>
internal sealed record LearnDemoReport
{
    /// <summary>F1 of the first model on the frozen test set.</summary>
    public required double Before { get; init; }

    /// <summary>F1 of the model in force at the end, on the same.</summary>
    public required double After { get; init; }

    /// <summary>Labels given.</summary>
    public required int Labelled { get; init; }

    /// <summary>Models swapped in while the stream ran.</summary>
    public required long Swaps { get; init; }

    /// <summary>Models that the gate refused.</summary>
    public required int Refused { get; init; }

    /// <summary>Whether the model that was bad on purpose was among them.</summary>
    public required bool BadRefused { get; init; }

    /// <summary>Messages fed.</summary>
    public required int Documents { get; init; }

    /// <summary>What the pipeline did.</summary>
    public required PipelineSnapshot Done { get; init; }

    /// <summary>Version in force at the end.</summary>
    public required string Version { get; init; }

    /// <summary>Time in all.</summary>
    public required TimeSpan Took { get; init; }

    /// <summary>True when the circle was closed and nothing was lost.</summary>
    public bool IsWhole => After > Before && Swaps > 0 && BadRefused && Done.Outcomes.Indexed == Documents;

    /// <summary>One JSON object on standard output, or a few lines for a person.</summary>
    public void Write(CliContext context, bool json)
    {
        if (json)
        {
            JsonText.WriteObject(context.Out, writer =>
            {
                writer.WriteNumber("f1_before", Math.Round(Before, 4));
                writer.WriteNumber("f1_after", Math.Round(After, 4));
                writer.WriteNumber("labelled", Labelled);
                writer.WriteNumber("swaps", Swaps);
                writer.WriteNumber("refused", Refused);
                writer.WriteBoolean("bad_model_refused", BadRefused);
                writer.WriteNumber("documents", Documents);
                writer.WriteNumber("indexed", Done.Outcomes.Indexed);
                writer.WriteNumber("dead_lettered", Done.Outcomes.DeadLettered);
                writer.WriteString("model_version", Version);
                writer.WriteNumber("seconds", Math.Round(Took.TotalSeconds, 1));
                writer.WriteNumber("peak_memory_bytes", Composition.PeakMemory.Bytes());
            });
            return;
        }

        context.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"F1 on the frozen test set: {Before:F3} → {After:F3}, from {Labelled} labels; {Swaps} models swapped in, {Refused} refused"));
        context.Out.WriteLine($"{Done.Outcomes.Indexed:N0} of {Documents:N0} documents indexed while it learnt; model in force: {LearnDemoModel.Name} {Version}");
    }
}
