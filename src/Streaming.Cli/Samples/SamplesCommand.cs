using System.CommandLine;
using System.Text.Json;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Composition;
using Streaming.Contracts;
using Streaming.Core;
using Streaming.Core.Labelling;
using Streaming.Server.Search;

namespace Streaming.Cli.Samples;

/// <summary><c>streaming samples list|stats|export</c>: what was chosen to be labelled, why, and what labellers said.</summary>
internal static class SamplesCommand
{
    private const int MaxSize = 10_000;

    public static Command Create(CliContext context) => new Command("samples", "Documents chosen to be labelled, and their labels").With(List(context), Stats(context), Export(context));

    private static Option<string?> Topology() => new("--topology") { Description = "Only of the topology of this name", HelpName = "NAME" };

    private static Command List(CliContext context)
    {
        var topology = Topology();
        var size = new Option<string>("--size") { Description = "At most so many, 1 to 10,000", HelpName = "N", DefaultValueFactory = static _ => "50" };
        var data = CommonOptions.Data();
        var json = CommonOptions.Json();
        return new Command("list", "Requests for labels, the newest first").With(topology, size, data, json).Does(context, async (parsed, cancellationToken) =>
        {
            var query = new RequestQuery
            {
                Topology = parsed.GetValue(topology),
                NewestFirst = true,
                Size = SearchParameters.ParseCount("--size", parsed.GetValue(size)!, 1, MaxSize),
            };
            await using var store = await DataFolder.OpenExistingStoreAsync(context, parsed.GetValue(data), cancellationToken);
            var requests = store is null ? [] : await store.Samples.ListRequestsAsync(query, cancellationToken);
            if (parsed.GetValue(json))
                SamplesText.WriteRequests(context.Out, requests);
            else
                SamplesText.ShowRequests(context.Out, requests);
            return ExitCode.Ok;
        });
    }

    private static Command Stats(CliContext context)
    {
        var topology = Topology();
        var data = CommonOptions.Data();
        var json = CommonOptions.Json();
        return new Command("stats", "How many were chosen, why and from where; labels, agreement with the text, and cost by labeller and prompt")
            .With(topology, data, json)
            .Does(context, async (parsed, cancellationToken) =>
            {
                await using var store = await DataFolder.OpenExistingStoreAsync(context, parsed.GetValue(data), cancellationToken);
                var totals = store is null ? null : await store.Samples.GetStatisticsAsync(parsed.GetValue(topology), 0, cancellationToken);
                var spent = store is null ? 0 : await store.Spending.SpentTodayAsync(cancellationToken);
                if (parsed.GetValue(json))
                    SamplesText.WriteStatistics(context.Out, totals, spent);
                else
                    SamplesText.ShowStatistics(context.Out, totals, spent);
                return ExitCode.Ok;
            });
    }

    private static Command Export(CliContext context)
    {
        var topology = Topology();
        var requests = new Option<bool>("--requests") { Description = "Requests instead of labels" };
        var data = CommonOptions.Data();
        return new Command("export", "Every labelled sample as JSON lines (schemas/labelled-sample.v1.json)").With(topology, requests, data).Does(context, async (parsed, cancellationToken) =>
        {
            await using var store = await DataFolder.OpenExistingStoreAsync(context, parsed.GetValue(data), cancellationToken);
            if (store is null)
                return ExitCode.Ok;
            for (long after = 0; ;)
            {
                var lines = new List<string>();
                if (parsed.GetValue(requests))
                {
                    foreach (var stored in await store.Samples.ListRequestsAsync(new RequestQuery { Topology = parsed.GetValue(topology), AfterSequence = after, Size = MaxSize }, cancellationToken))
                    {
                        lines.Add(JsonSerializer.Serialize(stored.Request, ContractsJson.Wire.LabelRequest));
                        after = stored.Sequence;
                    }
                }
                else
                {
                    foreach (var stored in await store.Samples.ListSamplesAsync(new SampleQuery { Topology = parsed.GetValue(topology), AfterSequence = after, Size = MaxSize }, cancellationToken))
                    {
                        lines.Add(JsonSerializer.Serialize(stored.Sample, ContractsJson.Wire.LabelledSample));
                        after = stored.Sequence;
                    }
                }

                foreach (var line in lines)
                    context.Out.WriteLine(line);
                if (lines.Count < MaxSize)
                    return ExitCode.Ok;
            }
        });
    }
}
