using Streaming.Contracts;
using Streaming.Learning.Provenance;
using Streaming.Learning.Retraining;
using Streaming.Learning.Tests.Retraining;

namespace Streaming.Learning.Tests.Provenance;

public sealed class LineageReaderTests
{
    [Fact]
    public async Task OfDocumentAsync_AfterARetraining_LeadsToBundleParentLabelsAndBack()
    {
        using var world = await RetrainWorld.CreateAsync();
        await world.LabelAsync(200);
        Assert.True((await world.Cycle().RunAsync(RetrainTriggers.Count, default))!.Promoted);
        var reader = new LineageReader(world.Registry, world.Samples);
        var model = world.InForce.Identity;

        var found = await reader.OfDocumentAsync(Document("dr0", model), default);

        Assert.Equal(["hash@1-r1", "hash@1", "hash@0"], found.Bundles.Select(static b => $"{b.Name}@{b.Version}"));
        var made = found.Bundles[0];
        Assert.Equal(("promoted", "gate", "t-1", 200), (made.Decision, made.DecidedBy, made.Cycle, made.Labels));
        Assert.Equal(200, made.Labellers["replay:l"]);
        Assert.Equal("seed", found.Bundles[1].DecidedBy);
        Assert.Single(found.Labels);
        Assert.Equal(["hash@1-r1"], found.Taught);

        var back = reader.OfModel("hash@1")!;
        Assert.Equal(["hash@1-r1"], back.Children);
        Assert.Contains("dr0", reader.OfModel(world.InForce.Digest[..12])!.LearntFrom);
        Assert.Null(reader.OfModel("hash@77"));
    }

    [Fact]
    public async Task OfDocumentAsync_BundleThatNobodyKnows_SaysWhatTheDocumentSays()
    {
        using var world = await RetrainWorld.CreateAsync();

        var found = await new LineageReader(world.Registry, null).OfDocumentAsync(Document("x", world.InForce.Identity with { Version = "77" }), default);

        Assert.Equal(("77", null), (Assert.Single(found.Bundles).Version, found.Bundles[0].Digest));
    }

    private static EnrichedDocument Document(string id, Core.Models.ModelIdentity model) => new()
    {
        Id = id, Text = "t", Entities = [], Topics = [], Aspects = [], Coverage = 1, EventTime = DateTimeOffset.UnixEpoch, IngestTime = DateTimeOffset.UnixEpoch,
        Lineage = new Contracts.Lineage { Model = model.Name, ModelVersion = model.Version, Heads = model.Heads, Topology = "t", Topic = "raw", Partition = 0, Offset = 1 },
    };
}
