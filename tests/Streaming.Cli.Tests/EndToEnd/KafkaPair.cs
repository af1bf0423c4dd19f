using System.Net.Http.Json;
using System.Text.Json;
using Streaming.Adapters.Kafka;
using Streaming.Testing.Servers;

namespace Streaming.Cli.Tests.EndToEnd;

/// <summary>Two processes of one group on a real broker, each with data of its own and the HTTP interface, and an index that counts.</summary>
/// <param name="kafka">The broker.</param>
/// <param name="name">Name of the topology; its topic is <c>NAME.raw</c>, of two partitions.</param>
internal sealed class KafkaPair(KafkaServer kafka, string name) : IAsyncDisposable
{
    private readonly List<ProductProcess> _processes = [];
    private readonly List<HttpClient> _clients = [];

    /// <summary>Folder of this test.</summary>
    public DataFolderOfTest Data { get; } = new();

    /// <summary>Where documents go.</summary>
    public FakeElasticsearch Index { get; } = new();

    /// <summary>The topology's file.</summary>
    public string Topology { get; private set; } = "";

    /// <summary>Messages sent so far.</summary>
    public int Sent { get; private set; }

    /// <summary>The two processes.</summary>
    public IReadOnlyList<ProductProcess> Processes => _processes;

    /// <summary>Their HTTP interfaces.</summary>
    public IReadOnlyList<HttpClient> Clients => _clients;

    /// <summary>Writes the topology with these further sections, makes its topics, and starts both.</summary>
    public async Task StartAsync(params string[] sections)
    {
        Topology = Data.WriteLines(name + ".yaml",
        [
            $"name: {name}", $"source: {{topics: [{name}.raw], partitions: 2, kafka: {{{kafka.ClientYaml}, session.timeout.ms: \"30000\"}}}}", $"sink: {{url: \"{Index.Url}\"}}", .. sections,
        ]);
        (await ProductProcess.RunAsync("topics", "create", Topology)).Ok();
        foreach (var data in new[] { "one", "two" })
            _processes.Add(ProductProcess.Start(["run", Topology, "--port", "0", "--data", Data.File(data)]));
        foreach (var process in _processes)
        {
            _clients.Add(new HttpClient { BaseAddress = DemoTests.AddressIn(await process.SaysAsync("http://")) });
            await process.SaysAsync("running " + name);
        }
    }

    /// <summary>Waits until both are in the group and each has a partition.</summary>
    public async Task ShareAsync()
    {
        await InGroupAsync(kafka, name, 2);
        foreach (var client in _clients)
            await Eventually.TrueAsync(async () => (await client.GetAsync("/health/ready")).IsSuccessStatusCode, () => "a partition for each process" + Said());
    }

    /// <summary>Waits until a group has so many members and each knows what it has.</summary>
    public static async Task InGroupAsync(KafkaServer kafka, string group, int members)
    {
        using var admin = new Confluent.Kafka.AdminClientBuilder(KafkaSettings.Resolve(kafka.Client)).Build();
        await Eventually.TrueAsync(() => Task.FromResult(admin.ListGroup(group, ProductProcess.Patience) is { State: "Stable" } now && now.Members.Count == members), $"{members} processes in the group {group}");
    }

    /// <summary>Sends texts through the first process.</summary>
    public async Task SendAsync(IEnumerable<(string Id, string Text)> texts)
    {
        foreach (var (id, text) in texts)
        {
            (await _clients[0].PostAsJsonAsync($"/v1/topics/{name}.raw/messages", new { id, text })).EnsureSuccessStatusCode();
            Sent++;
        }
    }

    /// <summary>Waits until everything sent is in the index.</summary>
    public Task IndexedAsync() => Eventually.TrueAsync(() => Task.FromResult(Index.Count == Sent), () => $"{Sent} documents; there are {Index.Count}{Said()}");

    /// <summary>Version of the model that a process serves with.</summary>
    public static async Task<string> VersionAsync(HttpClient http) => (await HistoryAsync(http)).GetProperty("version").GetString()!;

    /// <summary>What a process tells of its channel.</summary>
    public static Task<JsonElement> HistoryAsync(HttpClient http) => http.GetFromJsonAsync<JsonElement>("/v1/models/history");

    /// <summary>What both said.</summary>
    public string Said() => string.Concat(_processes.Select(static process => $"\n--- process {process.Id}, {(process.HasEnded ? "ended" : "running")}, said:\n{process.Error}"));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var client in _clients)
            client.Dispose();
        foreach (var process in _processes)
            await process.DisposeAsync();
        await Index.DisposeAsync();
        Data.Dispose();
    }
}
