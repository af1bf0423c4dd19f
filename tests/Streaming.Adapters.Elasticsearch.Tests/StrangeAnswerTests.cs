using System.Net;
using System.Net.Sockets;
using System.Text;
using Streaming.Core;
using Streaming.Core.Search;

namespace Streaming.Adapters.Elasticsearch.Tests;

public sealed class StrangeAnswerTests
{
    [Theory]
    [InlineData("{}")]
    [InlineData("{\"hits\":")]
    [InlineData("[]")]
    [InlineData("{\"hits\":{\"total\":7,\"hits\":[]}}")]
    [InlineData("{\"hits\":{\"total\":{\"value\":1},\"hits\":[{}]}}")]
    [InlineData("<html></html>")]
    public async Task SearchAsync_AnswerThatIsNone_IsTheServersFault(string body)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var serving = ServeAsync(listener, body);
        using var index = new ElasticsearchSearchIndex(new ElasticsearchOptions { Urls = [new Uri($"http://{listener.LocalEndpoint}")], Alias = "docs", SearchTimeout = TimeSpan.FromMinutes(3) });
        var error = await Assert.ThrowsAsync<DependencyUnavailableException>(async () => await index.SearchAsync(new SearchRequest(), CancellationToken.None));
        Assert.Equal("elasticsearch_unclear", error.Code);
        await serving;
    }

    private static async Task ServeAsync(TcpListener listener, string body)
    {
        using var client = await listener.AcceptTcpClientAsync();
        var stream = client.GetStream();
        await stream.ReadAtLeastAsync(new byte[64 * 1024], 1);
        await stream.WriteAsync(Encoding.UTF8.GetBytes($"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}"));
    }
}
