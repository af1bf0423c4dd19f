using System.Diagnostics;
using Streaming.Testing.Faults;
using Streaming.Testing.Servers;

namespace Streaming.Adapters.Kafka.Tests.Integration;

/// <summary>A broker of its own that is killed, held still and started again.</summary>
[Collection(KafkaCollection.Name)]
[Trait("Category", "Integration")]
public sealed class KafkaOutageTests
{
    [IntegrationFact("kafka")]
    [FaultRow(8)]
    public async Task Run_BrokerKilledAndStartedAgain_WaitsSaysSoOnceAndLosesNothing()
    {
        using var report = FaultReport.Begin(8);
        var cycles = FaultCounts.Of(20, 1);
        await using var server = new KafkaServer();
        await server.StartAsync();
        var world = await KafkaWorld.CreateAsync(server, 2);
        await world.AppendAsync(1_000);
        var run = world.Start();
        var most = 0d;
        for (var cycle = 1; cycle <= cycles; cycle++)
        {
            await KafkaBench.UntilAsync(() => world.Sink.Documents.Count == world.Written);
            await server.KillAsync();
            await KafkaBench.UntilAsync(() => world.Times("kafka_away") == cycle);
            var busy = await BusyAsync();
            // What else goes on in this process (compiling anew, say) ends; a busy loop does not.
            for (var again = 1; again < 10 && busy >= 0.2; again++)
                busy = await BusyAsync();
            most = Math.Max(most, busy);
            Assert.False(run.Task.IsCompleted);
            Assert.True(busy < 0.2, $"busy for {busy:P0} of the time while the broker was away");

            await server.StartAsync();
            await world.AppendAsync(1_000);
            await KafkaBench.UntilAsync(() => world.Times("kafka_back") == cycle);
        }

        await world.SettleAsync();
        await world.AssertSoundAsync();
        report.Seen($"Kafka: {cycles} times killed and started again, told once each, {world.Written:#,0} messages, 0 lost, {most:P0} of a core while it was down");
    }

    /// <summary>Share of a core that this process takes.</summary>
    private static async Task<double> BusyAsync()
    {
        var before = Process.GetCurrentProcess().TotalProcessorTime;
        var watch = Stopwatch.StartNew();
        await Task.Delay(TimeSpan.FromSeconds(3));
        return (Process.GetCurrentProcess().TotalProcessorTime - before) / watch.Elapsed;
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
