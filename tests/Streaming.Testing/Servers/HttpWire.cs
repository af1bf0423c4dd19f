using System.Buffers;
using System.Globalization;
using System.IO.Compression;
using System.IO.Pipelines;
using System.Text;

namespace Streaming.Testing.Servers;

/// <summary>A request as it came over the wire.</summary>
public sealed record WireRequest(string Method, string Path, IReadOnlyDictionary<string, string> Headers, byte[] Body);

/// <summary>Just enough of HTTP/1.1 to read requests and to answer them wrongly on purpose.</summary>
internal static class HttpWire
{
    /// <summary>The next request of a connection, or null at its end.</summary>
    public static async Task<WireRequest?> ReadAsync(PipeReader reader, CancellationToken cancellationToken)
    {
        string head;
        while (true)
        {
            var result = await reader.ReadAsync(cancellationToken);
            if (TryHead(result.Buffer, out head, out var consumed))
            {
                reader.AdvanceTo(consumed);
                break;
            }

            reader.AdvanceTo(result.Buffer.Start, result.Buffer.End);
            if (result.IsCompleted)
                return null;
        }

        var lines = head.Split("\r\n");
        var first = lines[0].Split(' ');
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        for (var i = 1; i < lines.Length; i++)
        {
            var colon = lines[i].IndexOf(':');
            if (colon > 0)
                headers[lines[i][..colon]] = lines[i][(colon + 1)..].Trim();
        }

        var length = headers.TryGetValue("Content-Length", out var text) ? int.Parse(text, CultureInfo.InvariantCulture) : 0;
        var body = new byte[length];
        var filled = 0;
        while (filled < length)
        {
            var result = await reader.ReadAsync(cancellationToken);
            var take = (int)Math.Min(result.Buffer.Length, length - filled);
            result.Buffer.Slice(0, take).CopyTo(body.AsSpan(filled));
            filled += take;
            reader.AdvanceTo(result.Buffer.GetPosition(take));
            if (result.IsCompleted && filled < length)
                return null;
        }

        if (headers.GetValueOrDefault("Content-Encoding") == "gzip")
            body = Unzip(body);
        return new WireRequest(first[0], Uri.UnescapeDataString(first[1]), headers, body);
    }

    /// <summary>An answer; with <paramref name="cutAt"/> the length is true and the body is not.</summary>
    public static byte[] Answer(int status, ReadOnlySpan<byte> body, string? extraHeaders = null, int? cutAt = null)
    {
        var head = $"HTTP/1.1 {status} Status\r\nContent-Type: application/json\r\nX-Elastic-Product: Elasticsearch\r\nContent-Length: {body.Length}\r\n{extraHeaders}\r\n";
        var sent = cutAt is { } at ? body[..Math.Min(at, body.Length)] : body;
        var bytes = new byte[Encoding.ASCII.GetByteCount(head) + sent.Length];
        var written = Encoding.ASCII.GetBytes(head, bytes);
        sent.CopyTo(bytes.AsSpan(written));
        return bytes;
    }

    private static bool TryHead(ReadOnlySequence<byte> buffer, out string head, out SequencePosition consumed)
    {
        var reader = new SequenceReader<byte>(buffer);
        if (reader.TryReadTo(out ReadOnlySequence<byte> found, "\r\n\r\n"u8))
        {
            head = Encoding.ASCII.GetString(found);
            consumed = reader.Position;
            return true;
        }

        (head, consumed) = ("", buffer.Start);
        return false;
    }

    private static byte[] Unzip(byte[] body)
    {
        using var target = new MemoryStream();
        using (var gzip = new GZipStream(new MemoryStream(body), CompressionMode.Decompress))
            gzip.CopyTo(target);
        return target.ToArray();
    }
}
