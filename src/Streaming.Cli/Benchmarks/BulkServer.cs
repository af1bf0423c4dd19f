using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Streaming.Cli.Benchmarks;

/// <summary>
/// A stand-in for Elasticsearch in this process, for measuring and for faults on purpose: it takes bulk requests over HTTP,
/// parses every action and every token of every document, and answers item by item. It keeps nothing itself.
/// </summary>
internal sealed class BulkServer : IAsyncDisposable
{
    private const string WrongJson = """{"error":{"type":"illegal_argument_exception","reason":"the body is no bulk request"},"status":400}""";

    private readonly WebApplication _app;
    private int _bulks;

    private BulkServer(WebApplication app) => _app = app;

    /// <summary>Where it listens: 127.0.0.1, a free port.</summary>
    public Uri Url { get; private set; } = null!;

    /// <summary>Status instead of an answer for the bulk request of this number, from 1; 0: answer it.</summary>
    public Func<int, int> Refuse { get; set; } = static _ => 0;

    /// <summary>Whether this item of the bulk request of this number is refused with 429.</summary>
    public Func<int, string, bool> RefuseItem { get; set; } = static (_, _) => false;

    /// <summary>Bulk requests so far.</summary>
    public int Bulks => Volatile.Read(ref _bulks);

    /// <summary>Status of an item, given its action, id and version; when nothing is set, every item is new: 201.</summary>
    public Func<string, string, long, int> Apply { get; set; } = static (_, _, _) => 201;

    /// <summary>Starts it.</summary>
    public static async Task<BulkServer> StartAsync(CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(static kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = 128L * 1024 * 1024;
            kestrel.Listen(IPAddress.Loopback, 0);
        });
        var app = builder.Build();
        var server = new BulkServer(app);
        app.Run(server.ServeAsync);
        await app.StartAsync(cancellationToken);
        server.Url = new Uri(app.Urls.First());
        return server;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private Task ServeAsync(HttpContext http)
    {
        http.Response.Headers["X-Elastic-Product"] = "Elasticsearch";
        http.Response.ContentType = "application/json";
        var path = http.Request.Path.Value ?? "/";
        if (path.EndsWith("/_bulk", StringComparison.Ordinal))
            return BulkAsync(http);
        var alias = path.StartsWith("/_alias/", StringComparison.Ordinal) ? path["/_alias/".Length..] : null;
        return http.Response.WriteAsync(
            path == "/" ? """{"version":{"number":"8.19.0"},"tagline":"You Know, for Search"}"""
            : alias is not null ? "{\"" + alias + "-000001\":{\"aliases\":{\"" + alias + "\":{\"is_write_index\":true}}}}"
            : """{"acknowledged":true}""",
            http.RequestAborted);
    }

    private async Task BulkAsync(HttpContext http)
    {
        var number = Interlocked.Increment(ref _bulks);
        var reader = http.Request.BodyReader;
        ReadResult read;
        while (!(read = await reader.ReadAsync(http.RequestAborted)).IsCompleted)
            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        if (Refuse(number) is > 0 and var status)
        {
            reader.AdvanceTo(read.Buffer.End);
            http.Response.StatusCode = status;
            await http.Response.WriteAsync(string.Create(CultureInfo.InvariantCulture, $$"""{"error":{"type":"es_rejected_execution_exception","reason":"on purpose"},"status":{{status}}}"""), http.RequestAborted);
            return;
        }

        var length = (int)read.Buffer.Length;
        var body = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            read.Buffer.CopyTo(body);
            reader.AdvanceTo(read.Buffer.End);
            Answer(http.Response.BodyWriter, body.AsSpan(0, length), number);
            await http.Response.BodyWriter.FlushAsync(http.RequestAborted);
        }
        catch (JsonException)
        {
            http.Response.StatusCode = 400;
            await http.Response.WriteAsync(WrongJson, http.RequestAborted);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(body);
        }
    }

    private void Answer(PipeWriter output, ReadOnlySpan<byte> rest, int number)
    {
        var items = new ArrayBufferWriter<byte>(rest.Length / 8);
        var errors = false;
        using (var writer = new Utf8JsonWriter(items))
        {
            writer.WriteStartArray();
            while (!rest.IsEmpty)
            {
                var (action, id, version) = Action(Line(ref rest));
                if (action != "delete")
                    Parse(Line(ref rest));
                var status = RefuseItem(number, id) ? 429 : Apply(action, id, version);
                errors |= status >= 400;
                writer.WriteStartObject();
                writer.WriteStartObject(action);
                writer.WriteString("_id", id);
                writer.WriteNumber("status", status);
                if (status >= 400)
                {
                    writer.WriteStartObject("error");
                    writer.WriteString("type", status == 429 ? "es_rejected_execution_exception" : "version_conflict_engine_exception");
                    writer.WriteString("reason", "on purpose");
                    writer.WriteEndObject();
                }

                writer.WriteEndObject();
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        }

        output.Write(errors ? """{"took":1,"errors":true,"items":"""u8 : """{"took":1,"errors":false,"items":"""u8);
        output.Write(items.WrittenSpan);
        output.Write("}"u8);
    }

    private static (string Action, string Id, long Version) Action(ReadOnlySpan<byte> line)
    {
        string? action = null, id = null;
        long version = 0;
        var reader = new Utf8JsonReader(line);
        while (reader.Read())
        {
            if (reader.TokenType != JsonTokenType.PropertyName)
                continue;
            if (action is null)
            {
                action = reader.GetString();
            }
            else if (reader.ValueTextEquals("_id"u8))
            {
                reader.Read();
                id = reader.GetString();
            }
            else if (reader.ValueTextEquals("version"u8))
            {
                reader.Read();
                version = reader.GetInt64();
            }
        }

        return action is null || id is null ? throw new JsonException("an action without an id") : (action, id, version);
    }

    private static void Parse(ReadOnlySpan<byte> document)
    {
        var reader = new Utf8JsonReader(document);
        while (reader.Read())
        {
            // Every token is looked at; a string's escapes too.
            if (reader.TokenType == JsonTokenType.String && reader.ValueIsEscaped)
                _ = reader.GetString();
        }
    }

    private static ReadOnlySpan<byte> Line(ref ReadOnlySpan<byte> rest)
    {
        var end = rest.IndexOf((byte)'\n');
        if (end < 0)
            throw new JsonException("a bulk body ends with a line break");
        var line = rest[..end];
        rest = rest[(end + 1)..];
        return line;
    }
}
