using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Streaming.Contracts;
using Streaming.Testing.Conformance;
using Streaming.Testing.Fakes;

namespace Streaming.Server.Tests.Fakes;

/// <summary>A server on a free port with fakes behind it.</summary>
internal sealed class RunningServer : IAsyncDisposable
{
    private readonly StreamingServer _server;

    private RunningServer(StreamingServer server) => _server = server;

    public required FakeIndex Index { get; init; }

    public required FakeProducer Producer { get; init; }

    public required FakeOperations Operations { get; init; }

    public required InMemorySampleStore Samples { get; init; }

    public required HttpClient Client { get; init; }

    public Uri Address => _server.Address;

    public static async Task<RunningServer> StartAsync(IEnumerable<EnrichedDocument>? documents = null, ServerOptions? options = null, Func<string?>? notReady = null)
    {
        var samples = new InMemorySampleStore();
        var (index, producer, operations) = (new FakeIndex(documents ?? SearchCorpus.Documents), new FakeProducer(), new FakeOperations());
        var server = await StreamingServer.StartAsync(options ?? new(), new()
        {
            Search = index,
            Producer = producer,
            Topics = ["text.raw"],
            Models = new FakeModel(),
            Status = operations,
            DeadLetters = operations,
            History = FakeHistory.Read,
            Samples = samples,
            Labels = new Dictionary<LabelTask, IReadOnlyList<string>> { [LabelTask.Entities] = ["PER", "LOC", "ORG"], [LabelTask.Sentiment] = ["negative", "neutral", "positive"] },
            Metrics = static () => "streaming_documents_total{outcome=\"indexed\"} 6\n",
            NotReadyBecause = notReady ?? (static () => null),
        }, CancellationToken.None);
        return new(server) { Index = index, Producer = producer, Operations = operations, Samples = samples, Client = new HttpClient { BaseAddress = server.Address } };
    }

    public async Task<(int Status, JsonElement Body)> GetAsync(string path)
    {
        using var response = await Client.GetAsync(new Uri(path, UriKind.Relative));
        return ((int)response.StatusCode, await ReadAsync(response));
    }

    public Task<(int Status, JsonElement Body)> PostAsync(string path, string contentType, string body) => PostAsync(path, contentType, Encoding.UTF8.GetBytes(body));

    public async Task<(int Status, JsonElement Body)> PostAsync(string path, string contentType, byte[] body)
    {
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = MediaTypeHeaderValue.Parse(contentType);
        // A body that is refused by its length is not sent: else the end of the connection may overtake the answer.
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(path, UriKind.Relative)) { Content = content, Headers = { ExpectContinue = true } };
        using var response = await Client.SendAsync(request);
        return ((int)response.StatusCode, await ReadAsync(response));
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _server.DisposeAsync();
    }

    private static async Task<JsonElement> ReadAsync(HttpResponseMessage response)
    {
        var bytes = await response.Content.ReadAsByteArrayAsync();
        return JsonDocument.Parse(bytes).RootElement;
    }
}
