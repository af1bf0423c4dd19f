using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Streaming.Contracts;
using Streaming.Core;
using Streaming.Server.Http;

namespace Streaming.Server.Analysis;

/// <summary><c>POST /v1/analyze</c>.</summary>
internal static class AnalyzeEndpoint
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static void Map(IEndpointRouteBuilder routes, ServerOptions options, ServerParts parts) =>
        routes.MapPost("/v1/analyze", async Task<IResult> (HttpContext context) =>
            {
                var models = parts.Models ?? throw Unavailable.Part("model");
                var body = await RequestBody.ReadAsync(context.Request, Math.Min(options.MaxRequestBytes, 8L * options.MaxAnalyzeLength), context.RequestAborted).ConfigureAwait(false);
                var request = Read(body.Span, RequestBody.MediaType(context.Request));
                if (request.Text.Length > options.MaxAnalyzeLength)
                    throw new BadHttpRequestException($"the text is longer than {options.MaxAnalyzeLength} UTF-16 code units; send it to a topic instead", StatusCodes.Status413PayloadTooLarge);
                var result = await DocumentAnalyzer.AnalyzeAsync(models, new TextMessage { Text = request.Text, Language = request.Language }, context.RequestAborted).ConfigureAwait(false);
                return Results.Json(result, ServerJson.Wire.AnalyzeResult);
            })
            .WithName("analyze").WithSummary("Annotates one text without keeping it")
            .Accepts<AnalyzeRequest>("application/json", "text/plain")
            .Produces<AnalyzeResult>().ProducesProblem(400).ProducesProblem(413).ProducesProblem(415);

    private static AnalyzeRequest Read(ReadOnlySpan<byte> body, string mediaType)
    {
        try
        {
            switch (mediaType)
            {
                case "text/plain":
                    return new() { Text = Strict.GetString(body) };
                case "application/json":
                    var request = JsonSerializer.Deserialize(body, ServerJson.Wire.AnalyzeRequest);
                    if (request?.Text is null)
                        throw new StreamingException(ErrorCodes.InvalidField, "the body must be an object with a string named text");
                    return request;
                default:
                    throw RequestBody.Unsupported(mediaType, "application/json or text/plain");
            }
        }
        catch (DecoderFallbackException)
        {
            throw new StreamingException(ErrorCodes.InvalidUtf8, "the text is not valid UTF-8");
        }
        catch (JsonException error)
        {
            throw new StreamingException(ErrorCodes.MalformedJson, "the body is not the JSON that was expected ({\"text\": \"…\"}): near byte " + (error.BytePositionInLine ?? 0).ToString(System.Globalization.CultureInfo.InvariantCulture));
        }
        catch (InvalidOperationException)
        {
            // The serialiser's way to say that a string has a lone surrogate.
            throw new StreamingException(ErrorCodes.LoneSurrogate, "the text has a lone surrogate");
        }
    }
}
