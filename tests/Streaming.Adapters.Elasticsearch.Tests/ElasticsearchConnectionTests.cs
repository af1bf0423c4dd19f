using System.Net;
using Streaming.Core;
using Streaming.Core.Sinks;
using Streaming.Testing.Fakes;
using Streaming.Testing.Servers;

namespace Streaming.Adapters.Elasticsearch.Tests;

/// <summary>Who is trusted, who one is, and which of several hosts is asked.</summary>
public sealed class ElasticsearchConnectionTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("streaming-elasticsearch-");

    private string CaFile => Path.Combine(_folder.FullName, "ca.pem");

    [Fact]
    public async Task StartAsync_AuthorityOfTheTopology_IsTrusted()
    {
        using var authority = new TestAuthority("ours");
        authority.WriteCertificate(CaFile);
        using var certificate = authority.IssueServer(IPAddress.Loopback);
        await using var server = new FakeElasticsearch(certificate);

        await WriteAsync(Options(server.Url) with { CaFile = CaFile }, "a");

        Assert.Equal(1, server.Count);
    }

    [Fact]
    public async Task StartAsync_NoOrAnotherAuthority_IsRefusedAtOnceAndNamesTheSetting()
    {
        using var authority = new TestAuthority("ours");
        using var certificate = authority.IssueServer(IPAddress.Loopback);
        using (var other = new TestAuthority("somebody else"))
            other.WriteCertificate(CaFile);
        await using var server = new FakeElasticsearch(certificate);

        foreach (var caFile in (string?[])[null, CaFile])
            await IsUntrustedAsync(Options(server.Url) with { CaFile = caFile });
    }

    [Fact]
    public async Task StartAsync_CertificateOfAnotherHost_IsRefusedThoughItsAuthorityIsKnown()
    {
        using var authority = new TestAuthority("ours");
        authority.WriteCertificate(CaFile);
        using var certificate = authority.IssueServer(IPAddress.Parse("127.0.0.2"));
        await using var server = new FakeElasticsearch(certificate);

        await IsUntrustedAsync(Options(server.Url) with { CaFile = CaFile });
    }

    [Fact]
    public void Constructor_AuthorityFileIsNone_NamesTheSetting()
    {
        File.WriteAllText(CaFile, "-----BEGIN CERTIFICATE-----\nno\n-----END CERTIFICATE-----\n");
        foreach (var file in (string[])[CaFile, CaFile + ".missing"])
        {
            var error = Assert.Throws<StreamingException>(() => new ElasticsearchSink(Options(new Uri("https://127.0.0.1:1")) with { CaFile = file }));
            Assert.Equal(("elasticsearch_setting_invalid", ExitCode.Usage), (error.Code, error.ExitCode));
            Assert.Contains("sink.ca_file", error.Message);
        }
    }

    [Fact]
    public async Task WriteAsync_ApiKeyFromAFile_IsSentWithEveryRequest()
    {
        var secret = Path.Combine(_folder.FullName, "key");
        await File.WriteAllTextAsync(secret, "canary-key\n");
        await using var server = new FakeElasticsearch { Authorization = "ApiKey canary-key" };

        await WriteAsync(Options(server.Url) with { ApiKey = "file:" + secret }, "a");

        Assert.Equal(1, server.Count);
    }

    [Fact]
    public async Task WriteAsync_UserAndPassword_AreSentAsRfc7617Says()
    {
        await using var server = new FakeElasticsearch { Authorization = "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==" };

        await WriteAsync(Options(server.Url) with { Username = "Aladdin", Password = "open sesame" }, "a");

        Assert.Equal(1, server.Count);
    }

    [Fact]
    public async Task StartAsync_WrongKey_IsToldWithoutTheKey()
    {
        await using var server = new FakeElasticsearch { Authorization = "ApiKey right" };
        await using var sink = new ElasticsearchSink(Options(server.Url) with { ApiKey = "canary-key" });

        var error = await Assert.ThrowsAsync<StreamingException>(async () => await sink.StartAsync(default));

        Assert.Equal("elasticsearch_authentication_failed", error.Code);
        Assert.DoesNotContain("canary-key", error.ToString());
    }

    [Fact]
    public async Task WriteAsync_SeveralHosts_TakeTurnsAndWorkGoesOnWithoutTheOneThatDied()
    {
        await using var first = new FakeElasticsearch();
        var second = new FakeElasticsearch();
        await using var sink = new ElasticsearchSink(Options(first.Url, second.Url));
        await sink.StartAsync(default);
        for (var i = 0; i < 4; i++)
            await WriteAsync(sink, $"both-{i}");
        Assert.Equal((2, 2), (first.Count, second.Count));

        await second.DisposeAsync();
        for (var i = 0; i < 4; i++)
            await WriteAsync(sink, $"one-{i}");
        Assert.Equal(6, first.Count);
    }

    /// <inheritdoc/>
    public void Dispose() => _folder.Delete(recursive: true);

    private static ElasticsearchOptions Options(params Uri[] urls) => new() { Urls = urls, Alias = "docs", StartTimeout = TimeSpan.FromMinutes(3) };

    private static async Task IsUntrustedAsync(ElasticsearchOptions options)
    {
        await using var sink = new ElasticsearchSink(options);
        var error = await Assert.ThrowsAsync<StreamingException>(async () => await sink.StartAsync(default));
        Assert.Equal(("elasticsearch_certificate_untrusted", ExitCode.Usage), (error.Code, error.ExitCode));
        Assert.Contains("sink.ca_file", error.Message);
    }

    private static async Task WriteAsync(ElasticsearchOptions options, string id)
    {
        await using var sink = new ElasticsearchSink(options);
        await sink.StartAsync(default);
        await WriteAsync(sink, id);
    }

    private static async Task WriteAsync(ElasticsearchSink sink, string id)
    {
        var document = Make.Document(id, "a text");
        Assert.Equal([new SinkResult(SinkStatus.Applied)], await sink.WriteAsync([new DocumentWrite { Id = id, Version = 1, Document = document }], default));
    }
}
