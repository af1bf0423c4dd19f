namespace Streaming.Testing.Servers;

/// <summary>A real Elasticsearch, one node, no security. As an xUnit class or collection fixture it is started once; without integration tests it never is.</summary>
public class ElasticsearchServer : ServerProcess, Xunit.IAsyncLifetime
{
    /// <summary>A server, not started yet.</summary>
    public ElasticsearchServer()
        : base("elasticsearch") => Variables["ES_HEAP"] = "512m";

    /// <summary>Its address.</summary>
    public Uri Url => new($"http://127.0.0.1:{Port}");

    /// <summary>Node settings, <c>name=value;name=value</c>; before the start.</summary>
    public string NodeSettings
    {
        set => Variables["ES_SET"] = value;
    }

    /// <inheritdoc/>
    protected override string[] Arguments => [Port.ToString()];

    /// <inheritdoc/>
    protected override string[] ReadyArguments => [Port.ToString(), Patience];

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        if (IntegrationSkip.Reason("elasticsearch") is null)
            await StartAsync();
    }

    /// <inheritdoc/>
    async Task Xunit.IAsyncLifetime.DisposeAsync() => await DisposeAsync();
}
