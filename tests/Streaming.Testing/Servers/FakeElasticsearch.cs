using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;

namespace Streaming.Testing.Servers;

/// <summary>
/// An Elasticsearch of a few hundred lines: bulk writes with external versions, every line parsed, and faults on
/// request. For what needs the real one's search, use the real one.
/// </summary>
public sealed class FakeElasticsearch : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly X509Certificate2? _certificate;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<string, (long Version, byte[]? Document)> _documents = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, int> _sentAfterSuccess = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> _succeeded = new(StringComparer.Ordinal);
    private readonly Task _accepting;
    private readonly object _applying = new();
    private int _bulks;
    private int _inFlight;
    private long _items;
    private long _superseded;

    /// <summary>Starts it.</summary>
    /// <param name="certificate">With it, TLS is spoken; the caller's to dispose, afterwards.</param>
    public FakeElasticsearch(X509Certificate2? certificate = null)
    {
        _certificate = certificate;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>Its address.</summary>
    public Uri Url => new($"{(_certificate is null ? "http" : "https")}://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    /// <summary>The <c>Authorization</c> header to insist on; null: none is needed.</summary>
    public string? Authorization { get; set; }

    /// <summary>The fault for the bulk request with this number (from 1) and these ids, or null. Called for each.</summary>
    public Func<int, IReadOnlyList<string>, BulkFault?> Fault { get; set; } = (_, _) => null;

    /// <summary>Requests with a body larger than this are answered with 413.</summary>
    public int MaxBytes { get; set; } = int.MaxValue;

    /// <summary>Answer to <c>GET /</c>.</summary>
    public string Root { get; set; } = """{"version":{"number":"8.19.0"},"tagline":"You Know, for Search"}""";

    /// <summary>Status of <c>GET /</c>.</summary>
    public int RootStatus { get; set; } = 200;

    /// <summary>So often it is asked for its alias before that is there.</summary>
    public int AliasHiddenFor { get; set; }

    /// <summary>Bulk requests so far.</summary>
    public int Bulks => Volatile.Read(ref _bulks);

    /// <summary>Most bulk requests at one time.</summary>
    public int MostInFlight { get; private set; }

    /// <summary>Documents that are there, not deleted.</summary>
    public int Count => _documents.Count(d => d.Value.Document is not null);

    /// <summary>Documents, id → version; deleted ones left out.</summary>
    public IReadOnlyDictionary<string, long> Versions => _documents.Where(d => d.Value.Document is not null).ToDictionary(d => d.Key, d => d.Value.Version);

    /// <summary>Items sent again although their success had been told.</summary>
    public int SentAfterSuccess => _sentAfterSuccess.Values.Sum();

    /// <summary>Items applied or refused for their version so far: what exceeds the number of documents was written again.</summary>
    public long Items => Interlocked.Read(ref _items);

    /// <summary>Items refused because the document there is the same or newer.</summary>
    public long Superseded => Interlocked.Read(ref _superseded);

    /// <summary>Other requests, as <c>METHOD PATH</c>.</summary>
    public ConcurrentQueue<string> Others { get; } = new();

    /// <summary>The document as it was written, or null.</summary>
    public JsonDocument? Get(string id) =>
        _documents.TryGetValue(id, out var found) && found.Document is { } bytes ? JsonDocument.Parse(bytes) : null;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Stopped.
        }
    }

    private async Task ServeAsync(TcpClient connection)
    {
        using (connection)
        {
            connection.NoDelay = true;
            try
            {
                await using var stream = await SecureAsync(connection.GetStream());
                var reader = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: 64 * 1024));
                while (await HttpWire.ReadAsync(reader, _stop.Token) is { } request)
                {
                    var answer = !IsAllowed(request) ? HttpWire.Answer(401, "{}"u8)
                        : request.Path.Contains("/_bulk", StringComparison.Ordinal) ? await BulkAsync(request)
                        : Other(request);
                    if (answer is null)
                        return;
                    await stream.WriteAsync(answer, _stop.Token);
                    if (_cut.Remove(answer))
                        return;
                }
            }
            catch (Exception e) when (e is IOException or OperationCanceledException or SocketException or AuthenticationException)
            {
                // The other side went or does not trust this one, or this one stops.
            }
        }
    }

    private async Task<Stream> SecureAsync(NetworkStream stream)
    {
        if (_certificate is null)
            return stream;
        var secure = new SslStream(stream);
        await secure.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = _certificate }, _stop.Token);
        return secure;
    }

    private bool IsAllowed(WireRequest request) => Authorization is null || request.Headers.GetValueOrDefault("Authorization") == Authorization;

    private readonly ConcurrentSet<byte[]> _cut = new();

    private async Task<byte[]?> BulkAsync(WireRequest request)
    {
        var number = Interlocked.Increment(ref _bulks);
        lock (_applying)
        {
            _inFlight++;
            MostInFlight = Math.Max(MostInFlight, _inFlight);
        }

        try
        {
            if (request.Body.Length > MaxBytes)
                return HttpWire.Answer(413, "{}"u8);
            var items = Parse(request.Body);
            var fault = Fault(number, items.ConvertAll(i => i.Id));
            if (fault?.Until is { } until)
                await until.WaitAsync(_stop.Token);
            if (fault?.DropBefore == true)
                return null;
            if (fault?.Status is { } status)
            {
                var body = $"{{\"error\":{{\"type\":\"{fault.ErrorType}\",\"reason\":\"made up\"}},\"status\":{status}}}";
                return HttpWire.Answer(status, Encoding.UTF8.GetBytes(body), fault.RetryAfter is { } seconds ? $"Retry-After: {seconds}\r\n" : null);
            }

            var answers = new List<string>(items.Count);
            var applied = new List<Item>(items.Count);
            foreach (var item in items)
                answers.Add(Apply(item, fault, applied));
            if (fault?.DropAfter == true)
                return null;
            if (fault is null or { TruncateAt: null, Body: null, Shorten: null })
            {
                foreach (var item in applied)
                    _succeeded[$"{item.Id}@{item.Version}"] = true;
            }

            if (fault?.Reverse == true)
                answers.Reverse();
            if (fault?.Shorten is { } most)
                answers.RemoveRange(most, answers.Count - most);
            var text = fault?.Body ?? $"{{\"took\":1,\"errors\":true,\"items\":[{string.Join(',', answers)}]}}";
            var bytes = HttpWire.Answer(200, Encoding.UTF8.GetBytes(text), null, fault?.TruncateAt);
            if (fault?.TruncateAt is not null)
                _cut.Add(bytes);
            return bytes;
        }
        finally
        {
            lock (_applying)
                _inFlight--;
        }
    }

    private string Apply(Item item, BulkFault? fault, List<Item> applied)
    {
        var id = JsonSerializer.Serialize(item.Id);
        var action = item.Document is null ? "delete" : "index";
        if (_succeeded.ContainsKey($"{item.Id}@{item.Version}"))
            _sentAfterSuccess.AddOrUpdate(item.Id, 1, (_, n) => n + 1);
        if (fault?.Items?.Invoke(item.Id) is { } refusal)
            return $"{{\"{action}\":{{\"_id\":{id},\"status\":{refusal.Status},\"error\":{{\"type\":\"{refusal.ErrorType}\",\"reason\":\"failed to parse field [text] of type [text]. Preview of field's value: 'canary'\"}}}}}}";
        applied.Add(item);
        Interlocked.Increment(ref _items);
        lock (_applying)
        {
            if (_documents.TryGetValue(item.Id, out var there) && there.Version >= item.Version)
            {
                Interlocked.Increment(ref _superseded);
                return $"{{\"{action}\":{{\"_id\":{id},\"status\":409,\"error\":{{\"type\":\"version_conflict_engine_exception\",\"reason\":\"newer\"}}}}}}";
            }

            var isNew = there.Document is null;
            _documents[item.Id] = (item.Version, item.Document);
            var status = item.Document is null ? (isNew ? 404 : 200) : isNew ? 201 : 200;
            return $"{{\"{action}\":{{\"_id\":{id},\"status\":{status}}}}}";
        }
    }

    private byte[] Other(WireRequest request)
    {
        Others.Enqueue($"{request.Method} {request.Path}");
        if (request.Path == "/")
            return HttpWire.Answer(RootStatus, Encoding.UTF8.GetBytes(Root));
        if (request.Path.EndsWith("/_search", StringComparison.Ordinal))
            return HttpWire.Answer(200, Encoding.UTF8.GetBytes($"{{\"hits\":{{\"total\":{{\"value\":{Count}}},\"hits\":[]}}}}"));
        if (request.Method == "GET" && request.Path.StartsWith("/_alias/", StringComparison.Ordinal))
        {
            if (AliasHiddenFor-- > 0)
                return HttpWire.Answer(404, "{}"u8);
            var alias = request.Path["/_alias/".Length..];
            return HttpWire.Answer(200, Encoding.UTF8.GetBytes($"{{\"{alias}-000001\":{{\"aliases\":{{\"{alias}\":{{\"is_write_index\":true}}}}}}}}"));
        }

        return HttpWire.Answer(200, request.Method == "HEAD" ? [] : """{"acknowledged":true}"""u8);
    }

    private static List<Item> Parse(byte[] body)
    {
        var items = new List<Item>();
        var rest = body.AsSpan();
        while (!rest.IsEmpty)
        {
            var line = Line(ref rest);
            var reader = new Utf8JsonReader(line);
            string id = "", action = "";
            long version = 0;
            while (reader.Read())
            {
                if (reader.TokenType != JsonTokenType.PropertyName)
                    continue;
                if (reader.ValueTextEquals("_id"u8))
                {
                    reader.Read();
                    id = reader.GetString()!;
                }
                else if (reader.ValueTextEquals("version"u8))
                {
                    reader.Read();
                    version = reader.GetInt64();
                }
                else if (action.Length == 0)
                {
                    action = reader.GetString()!;
                }
                else
                {
                    reader.Read();
                }
            }

            byte[]? document = null;
            if (action == "index")
            {
                var source = Line(ref rest);
                var check = new Utf8JsonReader(source);
                while (check.Read())
                {
                    // Every token of every document is looked at.
                }

                document = source.ToArray();
            }

            items.Add(new Item(id, version, document));
        }

        return items;
    }

    private static Span<byte> Line(ref Span<byte> rest)
    {
        var end = rest.IndexOf((byte)'\n');
        if (end < 0)
            throw new InvalidDataException("a bulk body ends with a line break");
        var line = rest[..end];
        rest = rest[(end + 1)..];
        return line;
    }

    private sealed record Item(string Id, long Version, byte[]? Document);

    private sealed class ConcurrentSet<T>
        where T : class
    {
        private readonly ConcurrentDictionary<T, bool> _items = new(ReferenceEqualityComparer.Instance);

        public void Add(T item) => _items[item] = true;

        public bool Remove(T item) => _items.TryRemove(item, out _);
    }
}
