using Streaming.Server.Tests.Fakes;

namespace Streaming.Server.Tests.Http;

public sealed class ModelEndpointsTests
{
    [Fact]
    public async Task History_Decisions_ComeWithWhatWasMeasured()
    {
        await using var server = await RunningServer.StartAsync();

        var (status, body) = await server.GetAsync("/v1/models/history");

        Assert.Equal((200, "1-r1"), (status, body.GetProperty("version").GetString()));
        Assert.Equal(["promoted", "promoted", "refused"], body.GetProperty("events").EnumerateArray().Select(static e => e.GetProperty("kind").GetString()));
        Assert.Equal(0.63, body.GetProperty("events")[1].GetProperty("metrics").GetProperty("ner.test.micro_f1.after").GetDouble());
    }

    [Fact]
    public async Task Lineage_NoRegistry_IsUnavailable()
    {
        await using var server = await RunningServer.StartAsync();

        Assert.Equal(503, (await server.GetAsync("/v1/lineage?document=x")).Status);
    }
}
