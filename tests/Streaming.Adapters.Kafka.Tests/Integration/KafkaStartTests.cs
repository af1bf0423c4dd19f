using System.Diagnostics;
using Streaming.Core;
using Streaming.Testing.Servers;

namespace Streaming.Adapters.Kafka.Tests.Integration;

[Collection(KafkaCollection.Name)]
[Trait("Category", "Integration")]
public sealed class KafkaStartTests(KafkaServer server)
{
    private static KafkaSourceOptions Options(string bootstrap, params (string Name, string Value)[] more)
    {
        var client = new Dictionary<string, string> { ["bootstrap.servers"] = bootstrap };
        foreach (var (name, value) in more)
            client[name] = value;
        return new KafkaSourceOptions { Client = client, Topics = ["no.such.topic"], Group = "g" };
    }

    [Fact]
    public async Task StartAsync_WrongAddress_IsToldWithinTenSeconds()
    {
        var watch = Stopwatch.StartNew();
        await using var source = new KafkaMessageSource(Options($"127.0.0.1:{ServerProcess.FreePort()}"));
        var error = await Assert.ThrowsAsync<DependencyUnavailableException>(async () => await source.StartAsync(new RecordingListener(), default));
        Assert.Equal("kafka_unreachable", error.Code);
        Assert.Contains("bootstrap.servers", error.Message);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(10), $"took {watch.Elapsed}");
    }

    [IntegrationFact("kafka")]
    public async Task StartAsync_MissingTopic_NamesIt()
    {
        await using var source = new KafkaMessageSource(Options(server.Bootstrap));
        var error = await Assert.ThrowsAsync<StreamingException>(async () => await source.StartAsync(new RecordingListener(), default));
        Assert.Equal("kafka_topic_missing", error.Code);
        Assert.Contains("no.such.topic", error.Message);
    }

    [IntegrationFact("kafka")]
    public async Task StartAsync_WrongPassword_SaysCredentialsAndNotThePassword()
    {
        var watch = Stopwatch.StartNew();
        await using var source = new KafkaMessageSource(Options(
            server.SaslBootstrap,
            ("security.protocol", "sasl_plaintext"), ("sasl.mechanism", "PLAIN"), ("sasl.username", "test"), ("sasl.password", "canary-wrong")));
        var error = await Assert.ThrowsAsync<StreamingException>(async () => await source.StartAsync(new RecordingListener(), default));
        Assert.Equal("kafka_authentication_failed", error.Code);
        Assert.DoesNotContain("canary", error.ToString());
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(10), $"took {watch.Elapsed}");
    }

    [IntegrationFact("kafka")]
    public async Task StartAsync_RightPassword_GoesOn()
    {
        await using var source = new KafkaMessageSource(Options(
            server.SaslBootstrap,
            ("security.protocol", "sasl_plaintext"), ("sasl.mechanism", "PLAIN"), ("sasl.username", "test"), ("sasl.password", "test")));
        var error = await Assert.ThrowsAsync<StreamingException>(async () => await source.StartAsync(new RecordingListener(), default));
        Assert.Equal("kafka_topic_missing", error.Code);
    }
}
