namespace Streaming.Testing.Servers;

/// <summary>A real Kafka broker. As an xUnit class or collection fixture it is started once; without integration tests it never is.</summary>
public sealed class KafkaServer : ServerProcess, Xunit.IAsyncLifetime
{
    /// <summary>The client's setting that says how long a start looks for its broker.</summary>
    public const string SetupTimeout = "socket.connection.setup.timeout.ms";

    /// <summary>Its value where a broker is there.</summary>
    public const string SetupMilliseconds = "300000";

    private readonly int _controllerPort = FreePort();
    private readonly int _saslPort = FreePort();
    private readonly int _tlsPort = FreePort();
    private readonly int _saslTlsPort = FreePort();

    /// <summary>A broker, not started yet.</summary>
    public KafkaServer()
        : base("kafka")
    {
        Variables["KAFKA_HEAP"] = "256m";
        Variables["KAFKA_SASL"] = "1";
        Variables["KAFKA_SASL_PORT"] = _saslPort.ToString();
        Variables["KAFKA_SET"] = TlsSettings();
    }

    /// <summary>For <c>bootstrap.servers</c>.</summary>
    public string Bootstrap => $"127.0.0.1:{Port}";

    /// <summary>Client settings for it: its address, and time enough for a broker that is given no processor for a while.</summary>
    public Dictionary<string, string> Client => new() { ["bootstrap.servers"] = Bootstrap, [SetupTimeout] = SetupMilliseconds };

    /// <summary>The same inside the braces of a topology's <c>kafka: {…}</c>.</summary>
    public string ClientYaml => $"bootstrap.servers: \"{Bootstrap}\", {SetupTimeout}: \"{SetupMilliseconds}\"";

    /// <summary>The same as variables for a topology that is shipped, and a session that outlasts a while without a processor.</summary>
    public Dictionary<string, string> ClientVariables => new()
    {
        ["STREAMING_KAFKA_BOOTSTRAP"] = Bootstrap,
        ["STREAMING__SOURCE__KAFKA__SOCKET_CONNECTION_SETUP_TIMEOUT_MS"] = SetupMilliseconds,
        ["STREAMING__SOURCE__KAFKA__SESSION_TIMEOUT_MS"] = "30000",
    };

    /// <summary>Listener that wants SASL/PLAIN, user and password <c>test</c>.</summary>
    public string SaslBootstrap => $"127.0.0.1:{_saslPort}";

    /// <summary>Listener that speaks TLS and wants no credentials.</summary>
    public string TlsBootstrap => $"127.0.0.1:{_tlsPort}";

    /// <summary>Listener that speaks TLS and wants SASL/PLAIN, user and password <c>test</c>.</summary>
    public string SaslTlsBootstrap => $"127.0.0.1:{_saslTlsPort}";

    /// <summary>Certificate of the authority that signed the listeners' own, for <c>ssl.ca.location</c>.</summary>
    public string CaFile => Path.Combine(Data, "ca.pem");

    /// <inheritdoc/>
    protected override string[] Arguments => [Port.ToString(), _controllerPort.ToString()];

    /// <inheritdoc/>
    protected override string[] ReadyArguments => [Data, Patience];

    // Later lines of its settings replace earlier ones, so the listeners are said anew with two more.
    private string TlsSettings()
    {
        using var authority = new TestAuthority("streaming test authority");
        authority.WriteCertificate(CaFile);
        authority.WriteServer(Path.Combine(Data, "server.pem"));
        const string Host = "127.0.0.1";
        var reachable = $"PLAINTEXT://{Host}:{Port},SASL://{Host}:{_saslPort},TLS://{Host}:{_tlsPort},SASLTLS://{Host}:{_saslTlsPort}";
        return string.Join(
            ';',
            // Behind a blank, because the script that waits looks for the one line that begins so.
            $" listeners={reachable},CONTROLLER://{Host}:{_controllerPort}",
            $"advertised.listeners={reachable}",
            "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL:SASL_PLAINTEXT,TLS:SSL,SASLTLS:SASL_SSL",
            // A broker that is given no processor for a while is not thrown out by itself; one that was killed may come back after this time.
            "broker.session.timeout.ms=9000",
            "ssl.keystore.type=PEM",
            $"ssl.keystore.location={Path.Combine(Data, "server.pem")}",
            // The script splits settings at semicolons; in a properties file one can be spelled so.
            "listener.name.sasltls.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_test=\"test\"\\u003b");
    }

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        if (IntegrationSkip.Reason("kafka") is null)
            await StartAsync();
    }

    /// <inheritdoc/>
    async Task Xunit.IAsyncLifetime.DisposeAsync() => await DisposeAsync();
}
