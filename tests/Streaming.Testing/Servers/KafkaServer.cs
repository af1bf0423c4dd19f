namespace Streaming.Testing.Servers;

/// <summary>A real Kafka broker. As an xUnit class or collection fixture it is started once; without integration tests it never is.</summary>
public sealed class KafkaServer : ServerProcess, Xunit.IAsyncLifetime
{
    private readonly int _controllerPort = FreePort();
    private readonly int _saslPort = FreePort();

    /// <summary>A broker, not started yet.</summary>
    public KafkaServer()
        : base("kafka")
    {
        Variables["KAFKA_HEAP"] = "256m";
        Variables["KAFKA_SASL"] = "1";
        Variables["KAFKA_SASL_PORT"] = _saslPort.ToString();
    }

    /// <summary>For <c>bootstrap.servers</c>.</summary>
    public string Bootstrap => $"127.0.0.1:{Port}";

    /// <summary>Listener that wants SASL/PLAIN, user and password <c>test</c>.</summary>
    public string SaslBootstrap => $"127.0.0.1:{_saslPort}";

    /// <inheritdoc/>
    protected override string[] Arguments => [Port.ToString(), _controllerPort.ToString()];

    /// <inheritdoc/>
    protected override string[] ReadyArguments => [Data, "90"];

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        if (IntegrationSkip.Reason("kafka") is null)
            await StartAsync();
    }

    /// <inheritdoc/>
    async Task Xunit.IAsyncLifetime.DisposeAsync() => await DisposeAsync();
}
