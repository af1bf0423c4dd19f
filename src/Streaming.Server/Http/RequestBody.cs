using System.Buffers;
using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Streaming.Server.Http;

/// <summary>Reads a request's body whole, within a limit.</summary>
internal static class RequestBody
{
    public static async ValueTask<ReadOnlyMemory<byte>> ReadAsync(HttpRequest request, long limit, CancellationToken cancellationToken)
    {
        if (request.ContentLength > limit)
            throw TooLarge(limit);
        var writer = new ArrayBufferWriter<byte>((int)Math.Clamp(request.ContentLength ?? 4_096, 256, limit));
        while (true)
        {
            var read = await request.Body.ReadAsync(writer.GetMemory(4_096), cancellationToken).ConfigureAwait(false);
            if (read == 0)
                return writer.WrittenMemory;
            writer.Advance(read);
            if (writer.WrittenCount > limit)
                throw TooLarge(limit);
        }
    }

    public static string MediaType(HttpRequest request) =>
        MediaTypeHeaderValue.TryParse(request.ContentType, out var type) ? type.MediaType.ToString().ToLowerInvariant() : "";

    public static BadHttpRequestException Unsupported(string mediaType, string expected) =>
        new($"the content type is '{(mediaType.Length <= 60 ? mediaType : mediaType[..60])}'; it must be {expected}", StatusCodes.Status415UnsupportedMediaType);

    private static BadHttpRequestException TooLarge(long limit) =>
        new(string.Create(CultureInfo.InvariantCulture, $"the body is larger than {limit} bytes; send it in parts"), StatusCodes.Status413PayloadTooLarge);
}
