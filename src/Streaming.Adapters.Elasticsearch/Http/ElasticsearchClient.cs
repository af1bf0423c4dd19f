using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Streaming.Core;

namespace Streaming.Adapters.Elasticsearch.Http;

/// <summary>An answer with its body, in a pooled buffer.</summary>
internal sealed class Answer(HttpStatusCode status, PooledBuffer body, TimeSpan? retryAfter, bool isElastic) : IDisposable
{
    public int Status => (int)status;

    public ReadOnlySpan<byte> Body => body.Span;

    public ReadOnlyMemory<byte> BodyMemory => body.Memory;

    public TimeSpan? RetryAfter => retryAfter;

    /// <summary>True when the header says that this is Elasticsearch.</summary>
    public bool IsElastic => isElastic;

    public bool IsSuccess => Status is >= 200 and < 300;

    /// <summary>The type of the error, e.g. <c>index_not_found_exception</c>, or null.</summary>
    public string? ErrorType()
    {
        try
        {
            var reader = new Utf8JsonReader(Body);
            using var document = JsonDocument.ParseValue(ref reader);
            return document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty("error", out var error) && error.ValueKind == JsonValueKind.Object
                && error.TryGetProperty("type", out var type)
                ? type.GetString()
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public void Dispose() => body.Dispose();
}

/// <summary>No answer: refused, cut, timed out.</summary>
internal sealed class NoAnswerException(string message, Exception inner) : Exception(message, inner)
{
    /// <summary>True when TLS failed, by the host's certificate or for want of TLS: waiting does not help.</summary>
    public bool IsUntrusted => InnerException is HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError, InnerException: AuthenticationException };
}

/// <summary>Requests to a cluster: hosts in turn, authentication, trust, time limits. What an answer means is the caller's.</summary>
internal sealed class ElasticsearchClient : IDisposable
{
    // RFC 5280, 4.2.1.12: what a certificate must be good for, where it says what it is good for.
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);
    private readonly HttpClient _http;
    private readonly HostPool _hosts;
    private readonly ElasticsearchOptions _options;
    private readonly AuthenticationHeaderValue? _authentication;

    public ElasticsearchClient(ElasticsearchOptions options)
    {
        Validate(options);
        _options = options;
        _hosts = new HostPool(options.Urls, options.Time);
        _authentication = Authentication(options);
        _http = new HttpClient(Handler(options)) { Timeout = Timeout.InfiniteTimeSpan };
        Compresses = options.Compress ?? !options.Urls[0].IsLoopback;
    }

    /// <summary>Whether bodies are to be compressed.</summary>
    public bool Compresses { get; }

    /// <summary>Hosts, for messages.</summary>
    public string Where => string.Join(",", _options.Urls.Select(u => u.GetComponents(UriComponents.SchemeAndServer, UriFormat.Unescaped)));

    /// <summary>Sends JSON, or nothing.</summary>
    public Task<Answer> SendAsync(HttpMethod method, string path, string? json, CancellationToken cancellationToken)
    {
        var content = json is null ? null : new ByteArrayContent(Encoding.UTF8.GetBytes(json));
        return SendAsync(method, path, content, "application/json", null, _options.RequestTimeout, cancellationToken);
    }

    /// <summary>Sends a body to the next host.</summary>
    /// <exception cref="NoAnswerException">It is not known what became of the request.</exception>
    public async Task<Answer> SendAsync(
        HttpMethod method,
        string path,
        HttpContent? content,
        string contentType,
        string? encoding,
        TimeSpan timeout,
        CancellationToken cancellationToken)
    {
        var host = _hosts.Take();
        using var request = new HttpRequestMessage(method, new Uri(host.Base, path)) { Content = content };
        request.Headers.Authorization = _authentication;
        if (content is not null)
        {
            content.Headers.ContentType = new MediaTypeHeaderValue(contentType);
            if (encoding is not null)
                content.Headers.ContentEncoding.Add(encoding);
        }

        using var limit = new CancellationTokenSource(timeout, _options.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        var body = new PooledBuffer();
        try
        {
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, both.Token).ConfigureAwait(false);
            await body.FillAsync(await response.Content.ReadAsStreamAsync(both.Token).ConfigureAwait(false), both.Token).ConfigureAwait(false);
            _hosts.Answered(host);
            return new Answer(response.StatusCode, body, RetryAfter(response), response.Headers.Contains("X-Elastic-Product"));
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested && e is HttpRequestException or IOException or OperationCanceledException)
        {
            body.Dispose();
            _hosts.Failed(host);
            var why = limit.IsCancellationRequested ? $"no answer within {timeout.TotalSeconds:0.#} s" : Innermost(e);
            throw new NoAnswerException($"{host.Base.GetComponents(UriComponents.SchemeAndServer, UriFormat.Unescaped)}: {why}", e);
        }
        catch
        {
            body.Dispose();
            throw;
        }
    }

    public void Dispose() => _http.Dispose();

    private TimeSpan? RetryAfter(HttpResponseMessage response)
    {
        var header = response.Headers.RetryAfter;
        if (header is null)
            return null;
        var wait = header.Delta ?? (header.Date - _options.Time.GetUtcNow());
        return wait < TimeSpan.Zero ? TimeSpan.Zero : wait;
    }

    private static string Innermost(Exception e)
    {
        while (e.InnerException is { } inner)
            e = inner;
        return e.Message;
    }

    private static void Validate(ElasticsearchOptions options)
    {
        if (options.Urls.Count == 0)
            throw new StreamingException("elasticsearch_setting_invalid", "Elasticsearch has no address: set STREAMING_ELASTICSEARCH_URL or the topology's sink.url, e.g. http://127.0.0.1:9200.");
        foreach (var url in options.Urls)
        {
            if (!url.IsAbsoluteUri || (url.Scheme != Uri.UriSchemeHttp && url.Scheme != Uri.UriSchemeHttps))
                throw new StreamingException("elasticsearch_setting_invalid", $"sink.url '{url.OriginalString}' is not an http or https address.");
            if (url.UserInfo.Length > 0)
                throw new StreamingException("elasticsearch_setting_invalid", "sink.url holds a user or password; give them as username and password, so that they are never shown.");
        }

        if (!IndexNames.IsValid(options.Alias))
            throw new StreamingException("elasticsearch_setting_invalid", $"'{options.Alias}' is no name for an index: lower-case letters, digits, '-', '_' and '.', not beginning with '-', '_', '+' or '.', at most 200 bytes.");
        if (options.ApiKey is not null && options.Username is not null)
            throw new StreamingException("elasticsearch_setting_invalid", "Give an API key or a user, not both.");
    }

    private static AuthenticationHeaderValue? Authentication(ElasticsearchOptions options)
    {
        if (options.ApiKey is not null)
            return new AuthenticationHeaderValue("ApiKey", Secret("api_key", options.ApiKey));
        if (options.Username is null)
            return null;
        var pair = Encoding.UTF8.GetBytes(options.Username + ":" + Secret("password", options.Password ?? ""));
        return new AuthenticationHeaderValue("Basic", Convert.ToBase64String(pair));
    }

    private static string Secret(string setting, string value)
    {
        if (value.StartsWith("env:", StringComparison.Ordinal))
        {
            return Environment.GetEnvironmentVariable(value[4..])
                ?? throw new StreamingException("elasticsearch_setting_invalid", $"sink.{setting}: the environment variable {value[4..]} is not set.");
        }

        if (!value.StartsWith("file:", StringComparison.Ordinal))
            return value;
        try
        {
            return File.ReadAllText(value[5..]).Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new StreamingException("elasticsearch_setting_invalid", $"sink.{setting}: the file {value[5..]} cannot be read.", ExitCode.Usage, e);
        }
    }

    private static SocketsHttpHandler Handler(ElasticsearchOptions options)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            ConnectTimeout = ConnectTimeout,
            AutomaticDecompression = DecompressionMethods.GZip,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            MaxConnectionsPerServer = options.MaxConcurrentBulks + 16,
        };
        if (options.CaFile is null)
            return handler;

        X509Certificate2Collection authorities = [];
        try
        {
            authorities.ImportFromPemFile(options.CaFile);
        }
        catch (Exception e) when (e is IOException or CryptographicException or UnauthorizedAccessException)
        {
            throw new StreamingException("elasticsearch_setting_invalid", $"sink.ca_file: {options.CaFile} is not a readable PEM file.", ExitCode.Usage, e);
        }

        if (authorities.Count == 0)
            throw new StreamingException("elasticsearch_setting_invalid", $"sink.ca_file: {options.CaFile} holds no certificate.");
        handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, chain, errors) => IsTrusted(authorities, certificate, chain, errors);
        return handler;
    }

    private static bool IsTrusted(X509Certificate2Collection authorities, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (errors == SslPolicyErrors.None)
            return true;
        // A wrong name is wrong whoever signed it.
        if (errors != SslPolicyErrors.RemoteCertificateChainErrors || certificate is null)
            return false;
        using var own = new X509Chain();
        own.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        own.ChainPolicy.CustomTrustStore.AddRange(authorities);
        own.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        own.ChainPolicy.ApplicationPolicy.Add(new Oid(ServerAuthentication));
        if (chain is not null)
        {
            foreach (var element in chain.ChainElements)
                own.ChainPolicy.ExtraStore.Add(element.Certificate);
        }

        using var server = new X509Certificate2(certificate);
        return own.Build(server);
    }
}
