using Streaming.Cli.Tests.Running;

namespace Streaming.Cli.Tests.Models;

public sealed class RegistryCommandsTests : IDisposable
{
    private readonly Binary _binary = new();

    public void Dispose() => _binary.Dispose();

    [StarterFact]
    public async Task PromoteRollBackPinAndCollect_EachStep_IsSeenInTheList()
    {
        var second = StarterCopy.Make(_binary.File("second"), "9.9.9");

        Assert.Equal(1, (await _binary.RunAsync("models", "promote", "starter", "--json")).Json().GetProperty("sequence").GetInt32());
        var promoted = (await _binary.RunAsync("models", "promote", second, "--reason", "a test", "--json")).Json();
        Assert.Equal("9.9.9", promoted.GetProperty("version").GetString());
        var back = (await _binary.RunAsync("models", "rollback", "starter", "--json")).Json();
        Assert.NotEqual("9.9.9", back.GetProperty("version").GetString());
        Assert.True((await _binary.RunAsync("models", "pin", "starter", "--json")).Json().GetProperty("pinned").GetBoolean());
        Assert.Single((await _binary.RunAsync("models", "gc", "--keep", "0", "--json")).Json().GetProperty("deleted").EnumerateArray());

        var channel = (await _binary.RunAsync("models", "list", "--registry", "--json")).Json().GetProperty("channels")[0];
        Assert.Equal(["promoted", "promoted", "rolled_back", "pinned"], channel.GetProperty("events").EnumerateArray().Select(static e => e.GetProperty("kind").GetString()));
        Assert.Equal("a test", channel.GetProperty("events")[1].GetProperty("reasons")[0].GetString());
        (await _binary.RunAsync("models", "rollback", "starter")).FailedWith(2, "model_nothing_before");
    }

    [Fact]
    public async Task Collect_NoRegistry_SaysWhereItLooked() => (await _binary.RunAsync("models", "gc")).FailedWith(2, "registry_missing");
}
