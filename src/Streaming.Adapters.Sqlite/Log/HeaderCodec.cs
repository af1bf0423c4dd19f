using System.Buffers;
using System.Text;
using Streaming.Contracts;

namespace Streaming.Adapters.Sqlite.Log;

/// <summary>Headers as bytes: for each, length and UTF-8 of the name, then length + 1 and bytes of the value, 0 for null. Lengths are LEB128.</summary>
internal static class HeaderCodec
{
    internal static ReadOnlyMemory<byte>? Encode(IReadOnlyList<MessageHeader> headers)
    {
        if (headers.Count == 0)
            return null;
        var buffer = new ArrayBufferWriter<byte>();
        foreach (var header in headers)
        {
            var name = Encoding.UTF8.GetBytes(header.Name);
            Varint.Write(buffer, (ulong)name.Length);
            buffer.Write(name);
            Varint.Write(buffer, header.Value is null ? 0 : (ulong)header.Value.Length + 1);
            buffer.Write(header.Value ?? []);
        }
        return buffer.WrittenMemory;
    }

    internal static IReadOnlyList<MessageHeader> Decode(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
            return [];
        var headers = new List<MessageHeader>();
        while (!bytes.IsEmpty)
        {
            var name = Encoding.UTF8.GetString(Take(ref bytes, Varint.Read(ref bytes)));
            var length = Varint.Read(ref bytes);
            headers.Add(new MessageHeader(name, length == 0 ? null : Take(ref bytes, length - 1).ToArray()));
        }
        return headers;
    }

    private static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> bytes, ulong length)
    {
        var taken = bytes[..(int)length];
        bytes = bytes[(int)length..];
        return taken;
    }
}
