using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Streaming.Contracts;
using Streaming.Core;
using Streaming.Core.Engine;
using Streaming.Core.Messaging;
using Streaming.Core.Telemetry;
using Streaming.Server.Http;

namespace Streaming.Server.Ingest;

/// <summary><c>POST /v1/topics/{topic}/messages</c>.</summary>
internal static class IngestEndpoint
{
    public static void Map(IEndpointRouteBuilder routes, ServerOptions options, ServerParts parts) =>
        routes.MapPost("/v1/topics/{topic}/messages", async Task<IResult> (HttpContext context) =>
            {
                var producer = parts.Producer ?? throw Unavailable.Part("message log");
                var topic = (string?)context.Request.RouteValues["topic"] ?? "";
                if (!parts.Topics.Contains(topic, StringComparer.Ordinal))
                    return Problem.Of(404, "unknown_topic", $"no running topology reads this topic; there are: {string.Join(", ", parts.Topics)}");
                var body = await RequestBody.ReadAsync(context.Request, options.MaxRequestBytes, context.RequestAborted).ConfigureAwait(false);
                var items = Read(body, RequestBody.MediaType(context.Request), options);
                var result = await StoreAsync(producer, topic, items, TraceOf(context.Request), context.RequestAborted).ConfigureAwait(false);
                var status = result.Rejected == 0 ? 200 : result.Stored > 0 ? 207 : 422;
                return Results.Json(result, ServerJson.Wire.IngestResult, statusCode: status);
            })
            .WithName("ingest").WithSummary("Writes messages to a topic")
            .WithDescription("application/json: a message, or an array of them; application/x-ndjson: one message a line; text/plain: one text a line. "
                + "200: all are durable; 207: some were refused, each with a code; 422: none was stored.")
            .Accepts<TextMessage>("application/json", "application/x-ndjson", "text/plain")
            .Produces<IngestResult>().Produces<IngestResult>(207).Produces<IngestResult>(422)
            .ProducesProblem(400).ProducesProblem(404).ProducesProblem(413).ProducesProblem(415);

    private static List<StageOutcome<OutgoingMessage>> Read(ReadOnlyMemory<byte> body, string mediaType, ServerOptions options)
    {
        var items = new List<StageOutcome<OutgoingMessage>>();
        var decoder = new MessageDecoder(new EnrichmentOptions { MaxMessageBytes = options.MaxMessageBytes });
        switch (mediaType)
        {
            case "application/json":
                ReadJson(body, items, options, decoder);
                break;
            case "application/x-ndjson" or "application/jsonl" or "application/ndjson":
                ReadLines(body, items, options, decoder, json: true);
                break;
            case "text/plain":
                ReadLines(body, items, options, decoder, json: false);
                break;
            default:
                throw RequestBody.Unsupported(mediaType, "application/json, application/x-ndjson or text/plain");
        }

        if (items.Count == 0)
            throw new StreamingException("no_messages", "the body has no message");
        return items;
    }

    private static void ReadJson(ReadOnlyMemory<byte> body, List<StageOutcome<OutgoingMessage>> items, ServerOptions options, MessageDecoder decoder)
    {
        if (body.Span.TrimStart(" \t\r\n"u8) is not [(byte)'[', ..])
        {
            Add(items, body, options, decoder, json: true);
            return;
        }

        // Cut the array by position, so that each message's bytes stay as they were sent.
        var reader = new Utf8JsonReader(body.Span, new JsonReaderOptions { MaxDepth = 65 });
        try
        {
            reader.Read();
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                Add(items, body[start..(int)reader.BytesConsumed], options, decoder, json: true);
            }

            reader.Read();
        }
        catch (JsonException error)
        {
            throw new StreamingException(ErrorCodes.MalformedJson, $"the body is not valid JSON (line {(error.LineNumber ?? 0) + 1}, byte {error.BytePositionInLine ?? 0}); nothing was stored");
        }
    }

    private static void ReadLines(ReadOnlyMemory<byte> body, List<StageOutcome<OutgoingMessage>> items, ServerOptions options, MessageDecoder decoder, bool json)
    {
        while (!body.IsEmpty)
        {
            var end = body.Span.IndexOf((byte)'\n');
            var line = end < 0 ? body : body[..end];
            body = end < 0 ? default : body[(end + 1)..];
            if (line.Span is [.., (byte)'\r'])
                line = line[..^1];
            if (!line.Span.Trim(" \t"u8).IsEmpty)
                Add(items, line, options, decoder, json);
        }
    }

    private static void Add(List<StageOutcome<OutgoingMessage>> items, ReadOnlyMemory<byte> value, ServerOptions options, MessageDecoder decoder, bool json)
    {
        if (items.Count == options.MaxMessages)
            throw new BadHttpRequestException($"the body has more than {options.MaxMessages} messages; send them in parts", StatusCodes.Status413PayloadTooLarge);
        if (value.Length > options.MaxMessageBytes)
            items.Add(new StageFailure("ingest", ErrorCodes.MessageTooLarge, $"the message has {value.Length} bytes; the limit is {options.MaxMessageBytes}"));
        else
            items.Add(json ? IngestItem.FromJson(decoder, value) : IngestItem.FromText(value));
    }

    /// <summary>A caller's trace goes on with its messages.</summary>
    private static MessageHeader[] TraceOf(HttpRequest request)
    {
        string? parent = request.Headers.TraceParent;
        if (!ActivityContext.TryParse(parent, null, out _))
            return [];
        string? state = request.Headers.TraceState;
        var header = new MessageHeader(PipelineTracing.TraceParent, Encoding.ASCII.GetBytes(parent!));
        return string.IsNullOrEmpty(state) ? [header] : [header, new MessageHeader(PipelineTracing.TraceState, Encoding.ASCII.GetBytes(state))];
    }

    private static async ValueTask<IngestResult> StoreAsync(IMessageProducer producer, string topic, List<StageOutcome<OutgoingMessage>> items, MessageHeader[] trace, CancellationToken cancellationToken)
    {
        var messages = new List<OutgoingMessage>(items.Count);
        foreach (var item in items)
        {
            if (item.IsSuccess)
                messages.Add(trace.Length == 0 ? item.Value : item.Value with { Headers = [.. item.Value.Headers, .. trace] });
        }

        var produced = messages.Count == 0 ? [] : await producer.ProduceAsync(topic, messages, cancellationToken).ConfigureAwait(false);
        var results = new IngestItemResult[items.Count];
        var (next, stored) = (0, 0);
        for (var i = 0; i < results.Length; i++)
        {
            var item = items[i];
            if (!item.IsSuccess)
            {
                results[i] = new() { Index = i, Status = "rejected", Code = item.Failure.Code, Reason = item.Failure.Reason };
                continue;
            }

            var answer = produced[next++];
            if (!answer.IsStored)
            {
                results[i] = new() { Index = i, Status = "rejected", Code = "log_refused", Reason = answer.Error };
                continue;
            }

            stored++;
            results[i] = new() { Index = i, Status = "stored", Partition = answer.Partition.Partition, Offset = answer.Offset };
        }

        return new(stored, results.Length - stored, results);
    }
}
