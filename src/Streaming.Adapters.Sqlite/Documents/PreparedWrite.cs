using System.Buffers;
using System.Text;
using System.Text.Json;
using Streaming.Adapters.Sqlite.Search;
using Streaming.Contracts;
using Streaming.Core.Sinks;

namespace Streaming.Adapters.Sqlite.Documents;

/// <summary>A write with everything done that needs no database: serialised, cut into words, labelled. Or why it cannot be stored.</summary>
internal sealed class PreparedWrite
{
    private const int MaxIdBytes = 512;

    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    private PreparedWrite(byte[] key, long version)
    {
        Key = key;
        Version = version;
    }

    /// <summary>UTF-8 of the id.</summary>
    internal byte[] Key { get; }

    internal long Version { get; }

    /// <summary>JSON of the document; null for a delete.</summary>
    internal byte[]? Body { get; private init; }

    /// <summary>Folded words with a space between, UTF-8.</summary>
    internal ReadOnlyMemory<byte> Words { get; private init; }

    internal IReadOnlyList<Label> Labels { get; private init; } = [];

    /// <summary>100 ns since 1970.</summary>
    internal long EventTime { get; private init; }

    internal string? Model { get; private init; }

    internal string? ModelVersion { get; private init; }

    /// <summary>Why it is refused; then nothing else is set.</summary>
    internal string? Rejection { get; private init; }

    internal long Bytes => 256 + (Body?.Length ?? 0) + Words.Length;

    internal static PreparedWrite From(DocumentWrite write)
    {
        byte[] key;
        try
        {
            key = Strict.GetBytes(write.Id);
        }
        catch (EncoderFallbackException)
        {
            return Reject("the document id is not well-formed Unicode");
        }
        if (key.Length is 0 or > MaxIdBytes)
            return Reject($"the document id has {key.Length} bytes; 1 to {MaxIdBytes} are allowed");
        if (write.Version < 1)
            return Reject($"the version is {write.Version}; it must be at least 1");
        if (write.Document is not { } document)
            return new PreparedWrite(key, write.Version);
        if (HasLoneSurrogate(document.Text))
            return Reject("the text has a lone surrogate");
        try
        {
            return new PreparedWrite(key, write.Version)
            {
                Body = JsonSerializer.SerializeToUtf8Bytes(document, ContractsJson.Wire.EnrichedDocument),
                Words = CutWords(document.Text),
                Labels = DocumentLabels.Of(document),
                EventTime = Log.LogTable.Ticks(document.EventTime),
                Model = document.Lineage.Model,
                ModelVersion = document.Lineage.ModelVersion,
            };
        }
        catch (Exception e) when (e is JsonException or NotSupportedException or ArgumentException or InvalidOperationException)
        {
            return Reject($"the document cannot be written as JSON ({e.GetType().Name})");
        }
    }

    /// <summary>The form in which the index takes a text.</summary>
    internal static ReadOnlyMemory<byte> CutWords(string text)
    {
        var buffer = new ArrayBufferWriter<byte>(Math.Max(16, text.Length + 16));
        Span<char> room = stackalloc char[WordCutter.MaxWordLength];
        var cutter = new WordCutter(text, room);
        while (cutter.MoveNext())
        {
            var span = buffer.GetSpan(cutter.Word.Length * 3 + 1);
            var length = Encoding.UTF8.GetBytes(cutter.Word, span);
            span[length] = (byte)' ';
            buffer.Advance(length + 1);
        }
        return buffer.WrittenMemory;
    }

    private static PreparedWrite Reject(string reason) => new([], 0) { Rejection = reason };

    private static bool HasLoneSurrogate(string text)
    {
        ReadOnlySpan<char> rest = text;
        while (rest.IndexOfAnyInRange('\ud800', '\udfff') is var at and >= 0)
        {
            if (at + 1 >= rest.Length || !char.IsSurrogatePair(rest[at], rest[at + 1]))
                return true;
            rest = rest[(at + 2)..];
        }
        return false;
    }
}
