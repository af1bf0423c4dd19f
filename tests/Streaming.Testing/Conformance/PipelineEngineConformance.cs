using System.Text;
using Streaming.Contracts;
using Streaming.Core;
using Streaming.Core.Engine;
using Streaming.Testing.Engine;
using Streaming.Testing.Fakes;
using Streaming.Testing.Faults;

namespace Streaming.Testing.Conformance;

/// <summary>What every <see cref="IPipelineEngine"/> does with a pipeline: the delivery rules, told by the ledger.</summary>
public abstract class PipelineEngineConformance
{
    /// <summary>The engine under test.</summary>
    protected abstract IPipelineEngine CreateEngine();

    /// <summary>A world for the engine under test.</summary>
    protected PipelineWorld World(int partitions = 1, FakeModel? model = null) => new(CreateEngine(), partitions, model);

    [Fact]
    public async Task RunAsync_BoundedSource_IndexesAllAndEnds()
    {
        var world = World(3);
        world.Append(500);
        await world.RunAsync();
        world.AssertSound();
        Assert.Equal(500, world.Sink.Documents.Count);
        Assert.Equal(500, world.Progress.Snapshot().Outcomes.Indexed);
    }

    [Fact]
    public async Task RunAsync_EmptySource_Ends()
    {
        var world = World();
        await world.RunAsync();
        world.AssertSound();
    }

    [Fact]
    public async Task RunAsync_Document_CarriesWhatTheModelFoundAndWhereItCameFrom()
    {
        var world = World(2);
        world.Log.Append("""{"text":"Obama was good","source":"wire","language":"en","event_time":"2024-05-06T07:08:09Z","metadata":{"a":1},"extra":"x","lineage":"theirs"}""", "k", 1);
        await world.RunAsync();
        var document = world.Sink.Documents["k"];
        Assert.Equal("Obama", Assert.Single(document.Entities).Text);
        Assert.Equal("positive", document.Sentiment!.Label);
        Assert.Equal(("wire", "en"), (document.Source, document.Language));
        Assert.Equal(new DateTimeOffset(2024, 5, 6, 7, 8, 9, TimeSpan.Zero), document.EventTime);
        Assert.Equal("x", document.Unknown!["extra"].GetString());
        Assert.Equal("theirs", document.Unknown["message_lineage"].GetString());
        Assert.Equal(("fake", "1", "test", "raw", 1, 0L), (document.Lineage.Model, document.Lineage.ModelVersion, document.Lineage.Topology, document.Lineage.Topic, document.Lineage.Partition, document.Lineage.Offset));
    }

    [Fact]
    public async Task RunAsync_SecondRun_StartsAtTheCommit()
    {
        var world = World();
        world.Append(50);
        await world.RunAsync();
        world.Log.Append("one more", "more");
        await world.RunAsync();
        world.AssertSound();
        Assert.Equal(0, world.Ledger.Replays);
        Assert.Equal(51, world.Sink.Documents.Count);
    }

    [Fact]
    public async Task RunAsync_OffsetsWithGaps_CommitsToTheEnd()
    {
        var world = World();
        for (var i = 0; i < 40; i++)
            world.Log.Append("text", "k" + Make.Number(i), gap: i % 4);
        await world.RunAsync();
        world.AssertSound();
    }

    [Fact]
    public async Task RunAsync_FewKeysManyVersions_KeepsOrderAndTheNewest()
    {
        var world = World(4);
        world.Append(800, keys: 7, text: i => string.Join(' ', Enumerable.Repeat("w", 1 + (i * 7 % 40))) + " " + Make.Number(i));
        await world.RunAsync();
        world.AssertSound();
        world.AssertOrderPerKey();
        for (var key = 0; key < 7; key++)
            Assert.EndsWith(" " + Make.Number(Enumerable.Range(0, 800).Last(i => i % 7 == key)), world.Sink.Documents["key-" + Make.Number(key)].Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_BadMessages_BecomeDeadLettersWithTheirBytes()
    {
        var world = World();
        byte[] broken = [0xFF, 1, 2];
        world.Append(20);
        world.Log.Append(broken, "broken");
        world.Log.Append("{\"text\":", "json");
        world.Log.Append("{\"text\":\"\\ud800\"}", "lone");
        world.Log.Append("UNPREPARABLE", "unpreparable");
        world.Append(20, text: i => "later " + Make.Number(i));
        await world.RunAsync();
        world.AssertSound();
        var letters = world.Letters.Letters.OrderBy(letter => letter.Offset).ToArray();
        Assert.Equal(
            [ErrorCodes.InvalidUtf8, ErrorCodes.MalformedJson, ErrorCodes.LoneSurrogate, ErrorCodes.ModelFailed],
            letters.Select(letter => letter.Code));
        Assert.Equal(broken, letters[0].Value);
        Assert.Equal("broken", Encoding.UTF8.GetString(letters[0].Key!));
        Assert.All(letters, letter => Assert.Equal((1, "test"), (letter.Attempts, letter.Topology)));
        Assert.Equal(4, world.Progress.Snapshot().Outcomes.DeadLettered);
    }

    [Fact]
    public async Task RunAsync_RedrivenMessage_CountsItsAttempts()
    {
        var world = World();
        world.Log.Append(new byte[] { 0xFF }, "k", headers: [new MessageHeader(MessageHeader.Attempts, "2"u8.ToArray())]);
        await world.RunAsync();
        Assert.Equal(3, Assert.Single(world.Letters.Letters).Attempts);
    }

    [Fact]
    public async Task RunAsync_RedrivenMessage_DoesNotReplaceWhatWasWrittenSince()
    {
        var world = World();
        world.Log.Append("older", "k");
        world.Log.Append("newer", "k");
        world.Log.Append("older"u8.ToArray(), "k", headers: [new MessageHeader(MessageHeader.Attempts, "1"u8.ToArray()), new MessageHeader(MessageHeader.FirstOffset, "0"u8.ToArray())]);
        await world.RunAsync();
        Assert.Equal("newer", world.Sink.Documents["k"].Text);
    }

    [Fact]
    public async Task RunAsync_NullValue_DeletesTheDocument()
    {
        var world = World();
        world.Log.Append("there", "a");
        world.Log.Append("stays", "b");
        world.Log.Append((string?)null, "a");
        await world.RunAsync();
        world.AssertSound();
        Assert.Equal("b", Assert.Single(world.Sink.Documents).Key);
        Assert.Equal(1, world.Progress.Snapshot().Outcomes.Deleted);
    }

    [Fact]
    public async Task RunAsync_FilterRules_LeaveOutAndCommit()
    {
        var world = World();
        world.Enrichment = new EnrichmentOptions { MinTextLength = 5, Languages = ["en"] };
        world.Log.Append("   abc   ", "short", isFiltered: true);
        world.Log.Append("{\"text\":\"lang genug\",\"language\":\"de-AT\"}", "german", isFiltered: true);
        world.Log.Append("{\"text\":\"long enough\",\"language\":\"EN-gb\"}", "english");
        world.Log.Append("no language given", "unknown");
        await world.RunAsync();
        world.AssertSound();
        Assert.Equal(["english", "unknown"], world.Sink.Documents.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(2, world.Progress.Snapshot().Outcomes.Filtered);
    }

    [Fact]
    public async Task RunAsync_TextsWithoutTokensAndOfManyWindows_AreIndexed()
    {
        var world = World();
        world.Append(60, text: i => i % 3 == 0 ? "" : string.Join(' ', Enumerable.Repeat("Word", i * 3)));
        await world.RunAsync();
        world.AssertSound();
        Assert.Equal(60, world.Sink.Documents.Count);
        Assert.Equal(3 * 59, world.Sink.Documents["key-59"].Entities.Count);
    }

    [Fact]
    public async Task RunAsync_PoisonTexts_AloneBecomeDeadLetters()
    {
        var world = World(2);
        world.Append(200, text: i => i % 50 == 7 ? "some " + FakeModel.Poison : i % 50 == 8 ? FakeModel.AcceptPoison : "text " + Make.Number(i));
        await world.RunAsync();
        world.AssertSound();
        Assert.Equal(192, world.Sink.Documents.Count);
        Assert.Equal(8, world.Letters.Letters.Count);
        Assert.All(world.Letters.Letters, letter => Assert.Equal(ErrorCodes.ModelFailed, letter.Code));
    }

    [Fact]
    public async Task RunAsync_PoisonInOneWindowOfMany_GivesUpThatDocumentOnce()
    {
        var world = World();
        world.Append(30, text: i => string.Join(' ', Enumerable.Range(0, 100).Select(w => i == 11 && w == 60 ? FakeModel.Poison : "word")));
        await world.RunAsync();
        world.AssertSound();
        Assert.Equal(11, Assert.Single(world.Letters.Letters).Offset);
        Assert.Equal(29, world.Sink.Documents.Count);
    }

    [Fact]
    public async Task RunAsync_ModelFailsOnce_DocumentsAreIndexedAllTheSame()
    {
        var world = World();
        world.Model.BeforeRun = (call, _) => call is 2 or 3 or 4 ? throw new OutOfMemoryException() : default;
        world.Append(100);
        await world.RunAsync();
        world.AssertSound();
        Assert.Empty(world.Letters.Letters);
    }

    [Fact]
    [FaultRow(27)]
    public async Task RunAsync_SchemaVersionsMixed_KeepsWhatIsNewAndDeadLettersWhatBreaks()
    {
        using var report = FaultReport.Begin(27);
        const int Messages = 400;
        var world = new PipelineWorld(CreateEngine(), 2);
        // In turn: today's fields, fields of a version to come, a version that breaks, and today's again as plain text.
        world.Append(Messages, text: static i => (i / 2 % 4) switch
        {
            0 => $$"""{"text": "text number {{Make.Number(i)}}", "source": "one"}""",
            1 => $$"""{"text": "text number {{Make.Number(i)}}", "author": {"name": "Someone", "ids": [1, 2]}, "priority": 7, "lineage": "theirs"}""",
            2 => $$"""{"text": {"body": "text number {{Make.Number(i)}}"}, "source": "one"}""",
            _ => "text number " + Make.Number(i),
        });
        await world.RunAsync();
        world.AssertSound();
        Assert.Equal(Messages / 4, world.Letters.Letters.Count);
        Assert.All(world.Letters.Letters, static letter => Assert.Equal(ErrorCodes.InvalidField, letter.Code));
        Assert.Equal(Messages * 3 / 4, world.Sink.Documents.Count);
        var newer = world.Sink.Documents.Values.Where(static document => document.Unknown is { Count: > 0 }).ToList();
        Assert.Equal(Messages / 4, newer.Count);
        Assert.All(newer, static document =>
        {
            Assert.Equal("Someone", document.Unknown!["author"].GetProperty("name").GetString());
            Assert.Equal(7, document.Unknown["priority"].GetInt32());
            Assert.Equal("theirs", document.Unknown["message_lineage"].GetString());
        });
        report.Seen($"{CreateEngine().Name}: {Messages} messages of four shapes in turn, {newer.Count} with unknown fields kept, {world.Letters.Letters.Count} that break dead-lettered, 0 lost");
    }

    [Fact]
    public async Task RunAsync_ModelSwapsUnderLoad_NeverMixesAndReleases()
    {
        var world = World(2);
        var models = new List<FakeModel> { world.Model };
        world.Append(1_000, text: i => string.Join(' ', Enumerable.Repeat("w", 1 + (i % 40))));
        await using var source = world.Log.Consume();
        var reads = 0;
        source.BeforeRead = () =>
        {
            if (++reads % 3 != 0)
                return;
            var next = new FakeModel("v" + Make.Number(reads));
            models.Add(next);
            world.Models.Swap(next);
        };
        await world.StartAsync(source).WaitAsync(PipelineWorld.Patience);
        world.AssertSound();
        Assert.Empty(world.Letters.Letters);
        Assert.True(models.Count > 3);
        Assert.All(models.SkipLast(1), model => Assert.True(model.IsDisposed));
        Assert.Contains(world.Sink.Documents.Values, document => document.Lineage.ModelVersion != "1");
    }
}
