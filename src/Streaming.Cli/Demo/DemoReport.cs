using Streaming.Cli.CommandLine;
using Streaming.Core.Engine;
using Streaming.Core.Models;

namespace Streaming.Cli.Demo;

/// <summary>What a demo that ends by itself has done.</summary>
internal sealed record DemoReport(PipelineSnapshot Done, TimeSpan Took, ModelIdentity Model, string PackageSet, long PeakMemoryBytes)
{
    /// <summary>True when every document read has ended in exactly one way and none was given up.</summary>
    public bool IsWhole => Done.Outcomes.Total == Done.Read && Done.Outcomes.DeadLettered == 0;

    private double Rate => Took.TotalSeconds > 0 ? Done.Outcomes.Total / Took.TotalSeconds : 0;

    /// <summary>One JSON object on standard output, or a few lines for a person.</summary>
    public void Write(CliContext context, bool json)
    {
        if (json)
        {
            JsonText.WriteObject(context.Out, writer =>
            {
                writer.WriteNumber("documents_in", Done.Read);
                writer.WriteNumber("indexed", Done.Outcomes.Indexed);
                writer.WriteNumber("dead_lettered", Done.Outcomes.DeadLettered);
                writer.WriteNumber("filtered", Done.Outcomes.Filtered);
                writer.WriteNumber("deleted", Done.Outcomes.Deleted);
                writer.WriteNumber("entities", Done.Entities);
                writer.WriteNumber("topics", Done.Topics);
                writer.WriteNumber("sentiments", Done.Sentiments);
                writer.WriteNumber("aspects", Done.Aspects);
                writer.WriteNumber("tokens", Done.Tokens);
                writer.WriteNumber("seconds", Math.Round(Took.TotalSeconds, 3));
                writer.WriteNumber("documents_per_second", Math.Round(Rate, 1));
                writer.WriteString("model", Model.Name);
                writer.WriteString("model_version", Model.Version);
                writer.WriteString("package_set", PackageSet);
                writer.WriteNumber("peak_memory_bytes", PeakMemoryBytes);
            });
            return;
        }

        context.Out.WriteLine($"{Done.Outcomes.Indexed:N0} of {Done.Read:N0} documents indexed, {Done.Outcomes.DeadLettered:N0} dead-lettered, in {Took.TotalSeconds:N1} s ({Rate:N0}/s)");
        context.Out.WriteLine($"{Done.Entities:N0} entities, {Done.Topics:N0} topics, {Done.Sentiments:N0} sentiments, {Done.Aspects:N0} aspects; model {Model.Name} {Model.Version}; {PackageSet} package set");
    }
}
