using Streaming.Cli.Tests.Running;

namespace Streaming.Cli.Tests.Models;

/// <summary>Documents of older models are enriched again: the encoder's work is done once, what is newer stays, a second job finds nothing to do.</summary>
public sealed class ReenrichTests : IDisposable
{
    private const int Documents = 12;
    private readonly Binary _binary = new();

    public void Dispose() => _binary.Dispose();

    [StarterFact]
    public async Task Reenrich_AfterAPromotionAndARollBack_RunsTheEncoderOnceForAllOfThem()
    {
        var topology = _binary.Write("follow.yaml", "name: follow\nmodel: {channel: stable}\nsource: {topics: [follow.raw]}\nchain: [decode, normalise, tokenise, encode, entities, topics, sentiment]\n");
        var texts = _binary.Write("texts.txt", string.Concat(Enumerable.Range(0, Documents).Select(static i => $"Anna number {i} flew from Oslo to Paris.\n")));
        (await _binary.RunAsync("ingest", texts, "--topic", "follow.raw")).Ok();
        (await _binary.RunAsync("run", topology, "--once")).Ok();
        var first = await VersionAsync();

        (await _binary.RunAsync("models", "promote", StarterCopy.Make(_binary.File("second"), "9.9.9"))).Ok();
        var again = (await _binary.RunAsync("reenrich", topology, "--rate", "0", "--json")).Json();
        Assert.Equal((Documents, 0, 0), (again.GetProperty("enriched").GetInt32(), again.GetProperty("failed").GetInt32(), again.GetProperty("cached_windows").GetInt32()));
        Assert.True(again.GetProperty("cache_bytes").GetInt64() > 0);
        Assert.Equal("9.9.9", await VersionAsync());
        Assert.Equal(0, (await _binary.RunAsync("reenrich", topology, "--json")).Json().GetProperty("enriched").GetInt32());

        (await _binary.RunAsync("models", "rollback", "starter")).Ok();
        var back = (await _binary.RunAsync("reenrich", topology, "--rate", "0", "--json")).Json();
        Assert.Equal((Documents, Documents, 0), (back.GetProperty("enriched").GetInt32(), back.GetProperty("cached_windows").GetInt32(), back.GetProperty("encoded_windows").GetInt32()));
        Assert.Equal(first, await VersionAsync());
    }

    private async Task<string> VersionAsync()
    {
        var found = (await _binary.RunAsync("search", "Oslo", "--json")).Json();
        return found.GetProperty("hits")[0].GetProperty("document").GetProperty("lineage").GetProperty("model_version").GetString()!;
    }
}
