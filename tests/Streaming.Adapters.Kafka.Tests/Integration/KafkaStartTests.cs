using System.Diagnostics;
using Streaming.Core;
using Streaming.Testing.Faults;
using Streaming.Testing.Servers;

namespace Streaming.Adapters.Kafka.Tests.Integration;

/// <summary>A start with right settings goes on; a wrong one is told by the setting's name, within seconds, and never with a secret.</summary>
[Collection(KafkaCollection.Name)]
[Trait("Category", "Integration")]
public sealed class KafkaStartTests(KafkaServer server)
{
    private const string Topic = "no.such.topic";

    private static readonly (string, string)[] Sasl =
        [("security.protocol", "sasl_plaintext"), ("sasl.mechanism", "PLAIN"), ("sasl.username", "test"), ("sasl.password", "test")];

    private (string, string)[] Tls => [("security.protocol", "ssl"), ("ssl.ca.location", server.CaFile)];

    private (string, string)[] SaslTls => [.. Sasl, ("security.protocol", "sasl_ssl"), ("ssl.ca.location", server.CaFile)];

    private static Dictionary<string, string> Settings(string bootstrap, params (string Name, string Value)[] more)
    {
        var client = new Dictionary<string, string> { ["bootstrap.servers"] = bootstrap };
        foreach (var (name, value) in more)
            client[name] = value;
        return client;
    }

    /// <summary>Refused by both. One who answers is waited for, so that a slow one is not taken for one who does not.</summary>
    private static async Task<StreamingException> RefusedAsync(Dictionary<string, string> client, bool answers = true)
    {
        var watch = Stopwatch.StartNew();
        if (answers)
            client[KafkaServer.SetupTimeout] = KafkaServer.SetupMilliseconds;
        await using var source = new KafkaMessageSource(new KafkaSourceOptions { Client = client, Topics = [Topic], Group = "g" });
        var error = await Assert.ThrowsAnyAsync<StreamingException>(async () => await source.StartAsync(new RecordingListener(), default));
        await using var producer = new KafkaMessageProducer(new KafkaProducerOptions { Client = client });
        var alike = await Assert.ThrowsAnyAsync<StreamingException>(async () => await producer.CheckAsync([Topic], default));
        Assert.Equal(error.Code, alike.Code);
        // Twice the bound of one, for both.
        Assert.True(FaultReport.IsWithin(watch.Elapsed, TimeSpan.FromSeconds(20)), $"took {watch.Elapsed}");
        Assert.DoesNotContain("canary", error.ToString() + alike);
        return error;
    }

    /// <summary>Written and read with these settings.</summary>
    private async Task WorksAsync(Dictionary<string, string> client)
    {
        var topic = await new KafkaBench(server).TopicAsync();
        await using var producer = new KafkaMessageProducer(new KafkaProducerOptions { Client = client, StartTimeout = KafkaBench.StartPatience });
        await producer.CheckAsync([topic], default);
        Assert.True((await producer.ProduceAsync(topic, [new() { Value = "over the wire"u8.ToArray() }], KafkaBench.Limit()))[0].IsStored);
        await using var source = new KafkaMessageSource(new KafkaSourceOptions { Client = client, Topics = [topic], Group = KafkaBench.Name("g"), StartTimeout = KafkaBench.StartPatience });
        await source.StartAsync(new RecordingListener(), default);
        var message = Assert.Single(await KafkaBench.ReadAsync(source, 1));
        Assert.Equal("over the wire"u8.ToArray(), message.Value!.Value.ToArray());
        await source.CommitAsync(KafkaBench.Ends([message]), KafkaBench.Limit());
    }

    [Fact]
    public async Task StartAsync_WrongAddress_NamesTheSetting()
    {
        var error = await RefusedAsync(Settings($"127.0.0.1:{ServerProcess.FreePort()}"), answers: false);
        Assert.Equal(("kafka_unreachable", ExitCode.DependencyUnavailable), (error.Code, error.ExitCode));
        Assert.Contains("bootstrap.servers", error.Message);
    }

    [Fact]
    public async Task StartAsync_HostThatDoesNotResolve_NamesTheSetting()
    {
        var error = await RefusedAsync(Settings("no-such-host.invalid:9092"), answers: false);
        Assert.Equal("kafka_unreachable", error.Code);
        Assert.Contains("bootstrap.servers", error.Message);
    }

    [IntegrationFact("kafka")]
    public async Task StartAsync_MissingTopic_NamesIt()
    {
        var error = await RefusedAsync(Settings(server.Bootstrap));
        Assert.Equal(("kafka_topic_missing", ExitCode.Usage), (error.Code, error.ExitCode));
        Assert.Contains(Topic, error.Message);
        Assert.Contains("streaming topics create", error.Message);
    }

    [IntegrationTheory("kafka")]
    [InlineData("sasl.password")]
    [InlineData("sasl.username")]
    public async Task StartAsync_WrongCredentials_SaysSoAndNotThePassword(string setting)
    {
        foreach (var client in (Dictionary<string, string>[])[Settings(server.SaslBootstrap, [.. Sasl, (setting, "canary-wrong")]), Settings(server.SaslTlsBootstrap, [.. SaslTls, (setting, "canary-wrong")])])
        {
            var error = await RefusedAsync(client);
            Assert.Equal(("kafka_authentication_failed", ExitCode.Usage), (error.Code, error.ExitCode));
            Assert.Contains("sasl.password", error.Message);
        }
    }

    [IntegrationFact("kafka")]
    public async Task StartAsync_AuthorityOfAnother_NamesTheSetting()
    {
        var foreign = Path.GetTempFileName();
        try
        {
            using (var authority = new TestAuthority("somebody else"))
                authority.WriteCertificate(foreign);
            foreach (var client in (Dictionary<string, string>[])[Settings(server.TlsBootstrap, [.. Tls, ("ssl.ca.location", foreign)]), Settings(server.TlsBootstrap, ("security.protocol", "ssl"))])
            {
                var error = await RefusedAsync(client);
                Assert.Equal(("kafka_authentication_failed", ExitCode.Usage), (error.Code, error.ExitCode));
                Assert.Contains("ssl.ca.location", error.Message);
            }
        }
        finally
        {
            File.Delete(foreign);
        }
    }

    [Fact]
    public async Task StartAsync_AuthorityFileMissing_NamesTheSetting()
    {
        var error = await RefusedAsync(Settings("127.0.0.1:1", ("security.protocol", "ssl"), ("ssl.ca.location", "/no/such/ca.pem")));
        Assert.Equal(("kafka_setting_invalid", ExitCode.Usage), (error.Code, error.ExitCode));
        Assert.Contains("ssl.ca.location", error.Message);
    }

    [IntegrationFact("kafka")]
    public async Task StartAsync_PlainTextToATlsListener_NamesTheProtocol()
    {
        var error = await RefusedAsync(Settings(server.TlsBootstrap), answers: false);
        Assert.Equal("kafka_unreachable", error.Code);
        Assert.Contains("security.protocol", error.Message);
    }

    [IntegrationFact("kafka")]
    public Task StartAsync_Sasl_Works() => WorksAsync(Settings(server.SaslBootstrap, Sasl));

    [IntegrationFact("kafka")]
    public Task StartAsync_Tls_Works() => WorksAsync(Settings(server.TlsBootstrap, Tls));

    [IntegrationFact("kafka")]
    public Task StartAsync_SaslOverTls_Works() => WorksAsync(Settings(server.SaslTlsBootstrap, SaslTls));
}
