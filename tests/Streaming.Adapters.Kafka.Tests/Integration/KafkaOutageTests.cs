using Streaming.Testing.Servers;

namespace Streaming.Adapters.Kafka.Tests.Integration;

/// <summary>A broker of its own that is killed, held still and started again.</summary>
[Collection(KafkaCollection.Name)]
[Trait("Category", "Integration")]
public sealed class KafkaOutageTests
{
    [IntegrationFact("kafka")]
    public async Task Run_BrokerKilledAndStartedAgain_WaitsSaysSoOnceAndLosesNothing()
    {
        await using var server = new KafkaServer();
        await server.StartAsync();
        var world = await KafkaWorld.CreateAsync(server, 2);
        await world.AppendAsync(1_000);
        var run = world.Start();
        await KafkaBench.UntilAsync(() => world.Sink.Documents.Count == 1_000);

        await server.KillAsync();
        await KafkaBench.UntilAsync(() => world.Heard("kafka_away"));
        var before = System.Diagnostics.Process.GetCurrentProcess().TotalProcessorTime;
        await Task.Delay(TimeSpan.FromSeconds(3));
        var busy = System.Diagnostics.Process.GetCurrentProcess().TotalProcessorTime - before;
        Assert.False(run.Task.IsCompleted);
        Assert.True(busy < TimeSpan.FromSeconds(0.6), $"busy for {busy} of 3 s while the broker was away");

        await server.StartAsync();
        await world.AppendAsync(1_000);
        await world.SettleAsync();
        await world.AssertSoundAsync();
        Assert.True(world.Heard("kafka_back"));
    }

    [IntegrationFact("kafka")]
    public async Task Run_BrokerHeldStill_GoesOnWhereItWas()
    {
        await using var server = new KafkaServer();
        await server.StartAsync();
        var world = await KafkaWorld.CreateAsync(server, 2);
        world.Settings = [("session.timeout.ms", "6000"), ("socket.timeout.ms", "5000")];
        await world.AppendAsync(500);
        world.Start();
        await KafkaBench.UntilAsync(() => world.Sink.Documents.Count == 500);
        server.Freeze();
        await Task.Delay(TimeSpan.FromSeconds(8));
        server.Thaw();
        await world.AppendAsync(500);
        await world.SettleAsync();
        await world.AssertSoundAsync();
    }
}
