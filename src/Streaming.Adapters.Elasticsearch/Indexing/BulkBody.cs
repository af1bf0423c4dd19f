using System.Buffers;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Streaming.Adapters.Elasticsearch.Http;
using Streaming.Contracts;
using Streaming.Core.Messaging;
using Streaming.Core.Sinks;

namespace Streaming.Adapters.Elasticsearch.Indexing;

/// <summary>
/// Writes as NDJSON, serialised once into one pooled buffer. What is to be sent again is sent from there.
/// </summary>
internal sealed class BulkBody : IDisposable
{
    private readonly PooledBuffer _buffer = new(64 * 1024);
    private readonly PooledBuffer _scratch = new();
    private readonly Utf8JsonWriter _writer;
    private readonly List<(int Start, int Length)> _items = [];
    private readonly HashSet<string> _distinct = new(StringComparer.Ordinal);

    public BulkBody() =>
        _writer = new Utf8JsonWriter(_buffer, new JsonWriterOptions { Encoder = ContractsJson.Wire.Options.Encoder, SkipValidation = true });

    /// <summary>Bytes of an item.</summary>
    public int SizeOf(int item) => _items[item].Length;

    /// <summary>Adds a write; its number is the count of those before it.</summary>
    public void Add(DocumentWrite write)
    {
        var start = _buffer.Length;
        WriteAction(write);
        _buffer.Write("\n"u8);
        if (write.Document is { } document)
        {
            WriteDocument(document);
            _buffer.Write("\n"u8);
        }

        _items.Add((start, _buffer.Length - start));
    }

    /// <summary>The body of a request with these items.</summary>
    public void CopyTo(PooledBuffer body, ReadOnlySpan<int> items, bool compress)
    {
        if (!compress)
        {
            foreach (var item in items)
                body.Write(_buffer.Span.Slice(_items[item].Start, _items[item].Length));
            return;
        }

        using var target = new BufferStream(body);
        using var gzip = new GZipStream(target, CompressionLevel.Fastest);
        foreach (var item in items)
            gzip.Write(_buffer.Span.Slice(_items[item].Start, _items[item].Length));
    }

    public void Dispose()
    {
        _writer.Dispose();
        _buffer.Dispose();
        _scratch.Dispose();
    }

    private void WriteAction(DocumentWrite write)
    {
        _writer.Reset(_buffer);
        _writer.WriteStartObject();
        _writer.WriteStartObject(write.Document is null ? "delete"u8 : "index"u8);
        _writer.WriteString("_id"u8, write.Id);
        _writer.WriteNumber("version"u8, write.Version);
        _writer.WriteString("version_type"u8, "external"u8);
        _writer.WriteEndObject();
        _writer.WriteEndObject();
        _writer.Flush();
    }

    private void WriteDocument(EnrichedDocument document)
    {
        // The wire form as it is, then what searching needs, in the same object.
        var known = document.Unknown is { Count: > 0 } ? document with { Unknown = null } : document;
        _writer.Reset(_buffer);
        JsonSerializer.Serialize(_writer, known, ContractsJson.Wire.EnrichedDocument);
        _writer.Flush();
        _buffer.Truncate(_buffer.Length - 1);

        _scratch.Clear();
        _writer.Reset(_scratch);
        _writer.WriteStartObject();
        _writer.WriteString("@timestamp"u8, document.EventTime.UtcDateTime);
        _writer.WriteNumber("event_ticks"u8, document.EventTime.UtcTicks);
        _writer.WriteStartObject("facets"u8);
        WriteFacets(document);
        _writer.WriteEndObject();
        if (document.Unknown is RawFields raw)
        {
            _writer.WritePropertyName("unknown"u8);
            _writer.WriteRawValue(raw.Json.Span, skipInputValidation: true);
        }
        else if (document.Unknown is { Count: > 0 } unknown)
        {
            _writer.WriteStartObject("unknown"u8);
            foreach (var (name, value) in unknown)
            {
                _writer.WritePropertyName(name);
                value.WriteTo(_writer);
            }

            _writer.WriteEndObject();
        }

        _writer.WriteEndObject();
        _writer.Flush();
        _buffer.Write(","u8);
        _buffer.Write(_scratch.Span[1..]);
    }

    private void WriteFacets(EnrichedDocument document)
    {
        if (document.Entities.Count > 0)
        {
            _writer.WriteStartArray("entity"u8);
            _distinct.Clear();
            for (var i = 0; i < document.Entities.Count; i++)
                WriteDistinct(string.Concat(document.Entities[i].Type, ":", document.Entities[i].Text));
            _writer.WriteEndArray();
            _writer.WriteStartArray("entity_type"u8);
            _distinct.Clear();
            for (var i = 0; i < document.Entities.Count; i++)
                WriteDistinct(document.Entities[i].Type);
            _writer.WriteEndArray();
        }

        if (document.Topics.Count > 0)
        {
            _writer.WriteStartArray("topic"u8);
            _distinct.Clear();
            for (var i = 0; i < document.Topics.Count; i++)
                WriteDistinct(document.Topics[i].Label);
            _writer.WriteEndArray();
        }

        if (document.Sentiment is { } sentiment)
            _writer.WriteString("sentiment"u8, sentiment.Label);
        var categories = document.AspectCategories ?? [];
        if (document.Aspects.Count + categories.Count == 0)
            return;
        _writer.WriteStartArray("aspect"u8);
        _distinct.Clear();
        for (var i = 0; i < document.Aspects.Count; i++)
            WriteDistinct(document.Aspects[i].Term);
        for (var i = 0; i < categories.Count; i++)
            WriteDistinct(categories[i].Category);
        _writer.WriteEndArray();
    }

    private void WriteDistinct(string value)
    {
        if (_distinct.Add(value))
            _writer.WriteStringValue(value);
    }

    /// <summary>Lets a compressor write into a pooled buffer.</summary>
    private sealed class BufferStream(PooledBuffer buffer) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => buffer.Length;

        public override long Position
        {
            get => buffer.Length;
            set => throw new NotSupportedException();
        }

        public override void Flush()
        {
        }

        public override int Read(byte[] bytes, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] bytes, int offset, int count) => buffer.Write(bytes.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> bytes) => buffer.Write(bytes);
    }
}
