using System.Text;
using System.Text.Json;

namespace Streaming.Core.Models.Bundle;

/// <summary>Reads the JSON header of a safetensors file and refuses whatever the format does not allow.</summary>
/// <remarks>
/// The format: eight bytes of header length (little-endian), a JSON object name → {dtype, shape, data_offsets},
/// then the data. Tensors cover the data without overlap and without gaps.
/// </remarks>
internal static class SafetensorsHeader
{
    /// <summary>The longest header the format allows, in bytes.</summary>
    public const long MaxHeaderLength = 100_000_000;

    private const int MaxDimensions = 16;
    private const int MaxNameLength = 1024;
    private const int MaxTensors = 1_000_000;
    private const string MetadataKey = "__metadata__";

    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    public static int SizeOf(TensorType type) => type switch
    {
        TensorType.Bool or TensorType.U8 or TensorType.I8 => 1,
        TensorType.I16 or TensorType.U16 or TensorType.F16 or TensorType.BF16 => 2,
        TensorType.I32 or TensorType.U32 or TensorType.F32 => 4,
        TensorType.F64 or TensorType.I64 or TensorType.U64 => 8,
        _ => throw new InvalidOperationException($"No size for {type}: this is a bug."),
    };

    public static string Name(TensorType type) => type == TensorType.Bool ? "BOOL" : type.ToString();

    /// <summary>Parses and checks a header.</summary>
    /// <param name="header">The JSON, without the eight length bytes.</param>
    /// <param name="dataLength">Bytes behind the header.</param>
    /// <param name="file">Name for messages.</param>
    public static (Dictionary<string, SafetensorsTensor> Tensors, Dictionary<string, string> Metadata) Parse(
        ReadOnlySpan<byte> header, long dataLength, string file)
    {
        if (header.IsEmpty || header[0] != (byte)'{')
            throw Invalid(file, "its header does not start with '{'");
        try
        {
            // The JSON reader accepts some byte sequences that are not UTF-8 inside skipped strings: check once, strictly.
            _ = StrictUtf8.GetCharCount(header);
            return Read(header, dataLength, file);
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException or DecoderFallbackException)
        {
            throw Invalid(file, "its header is not the JSON the format asks for", e);
        }
    }

    public static StreamingException Invalid(string file, string reason, Exception? inner = null) =>
        new("safetensors_invalid", $"The safetensors file '{file}' is refused: {reason}. Download or write it again.", ExitCode.Usage, inner);

    private static (Dictionary<string, SafetensorsTensor> Tensors, Dictionary<string, string> Metadata) Read(
        ReadOnlySpan<byte> header, long dataLength, string file)
    {
        var reader = new Utf8JsonReader(header, new JsonReaderOptions { MaxDepth = 4 });
        var tensors = new Dictionary<string, SafetensorsTensor>(StringComparer.Ordinal);
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        var metadataSeen = false;
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString()!;
            reader.Read();
            if (name == MetadataKey)
            {
                if (metadataSeen)
                    throw Invalid(file, $"'{MetadataKey}' occurs twice");
                metadataSeen = true;
                ReadMetadata(ref reader, metadata, file);
                continue;
            }
            if (name.Length is 0 or > MaxNameLength || HasControl(name))
                throw Invalid(file, "a tensor's name is empty, too long, or has control characters");
            if (tensors.Count >= MaxTensors)
                throw Invalid(file, $"it has more than {MaxTensors} tensors");
            if (!tensors.TryAdd(name, ReadTensor(ref reader, name, file)))
                throw Invalid(file, $"the tensor '{name}' occurs twice");
        }
        if (reader.TokenType != JsonTokenType.EndObject || reader.Read())
            throw Invalid(file, "something stands behind its header's JSON");
        CheckCoverage(tensors, dataLength, file);
        return (tensors, metadata);
    }

    private static void ReadMetadata(ref Utf8JsonReader reader, Dictionary<string, string> metadata, string file)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
            throw Invalid(file, $"'{MetadataKey}' is not an object");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = reader.GetString()!;
            reader.Read();
            if (reader.TokenType != JsonTokenType.String)
                throw Invalid(file, $"'{MetadataKey}' holds something that is not a string");
            if (!metadata.TryAdd(key, reader.GetString()!))
                throw Invalid(file, $"a key of '{MetadataKey}' occurs twice");
        }
    }

    private static SafetensorsTensor ReadTensor(ref Utf8JsonReader reader, string name, string file)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
            throw Invalid(file, $"the tensor '{name}' is not an object");
        TensorType? type = null;
        List<long>? shape = null, offsets = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("dtype"u8) && type is null)
            {
                reader.Read();
                type = ParseType(reader.GetString(), name, file);
            }
            else if (reader.ValueTextEquals("shape"u8) && shape is null)
            {
                shape = ReadNumbers(ref reader, MaxDimensions, name, file);
            }
            else if (reader.ValueTextEquals("data_offsets"u8) && offsets is null)
            {
                offsets = ReadNumbers(ref reader, 2, name, file);
            }
            else
            {
                throw Invalid(file, $"the tensor '{name}' has an unknown or repeated field");
            }
        }
        if (type is not { } known || shape is null || offsets is not [var start, var end])
            throw Invalid(file, $"the tensor '{name}' lacks dtype, shape or data_offsets");
        if (end < start)
            throw Invalid(file, $"the tensor '{name}' ends before it starts");
        if (!TryByteLength(shape, SizeOf(known), out var expected) || expected != end - start)
            throw Invalid(file, $"the shape of the tensor '{name}' does not fit its offsets");
        return new SafetensorsTensor(name, known, shape, start, end - start);
    }

    private static TensorType ParseType(string? text, string name, string file)
    {
        foreach (var type in Enum.GetValues<TensorType>())
        {
            if (Name(type) == text)
                return type;
        }
        throw Invalid(file, $"the tensor '{name}' has an element type this product does not read");
    }

    private static List<long> ReadNumbers(ref Utf8JsonReader reader, int most, string name, string file)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartArray)
            throw Invalid(file, $"shape or data_offsets of the tensor '{name}' is not an array");
        var numbers = new List<long>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            // Fractions and exponents are refused by TryGetInt64, whatever their value.
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out var number) || number < 0 || numbers.Count == most)
                throw Invalid(file, $"shape or data_offsets of the tensor '{name}' holds something else than a few whole numbers");
            numbers.Add(number);
        }
        return numbers;
    }

    private static bool TryByteLength(List<long> shape, int elementSize, out long length)
    {
        length = elementSize;
        foreach (var dimension in shape)
        {
            if (dimension != 0 && length > long.MaxValue / dimension)
                return false;
            length *= dimension;
        }
        return true;
    }

    private static void CheckCoverage(Dictionary<string, SafetensorsTensor> tensors, long dataLength, string file)
    {
        var sorted = new SafetensorsTensor[tensors.Count];
        tensors.Values.CopyTo(sorted, 0);
        Array.Sort(sorted, static (a, b) => a.Offset != b.Offset ? a.Offset.CompareTo(b.Offset) : a.Length.CompareTo(b.Length));
        long end = 0;
        foreach (var tensor in sorted)
        {
            if (tensor.Offset < end)
                throw Invalid(file, $"the tensor '{tensor.Name}' overlaps another");
            if (tensor.Offset > end)
                throw Invalid(file, $"bytes before the tensor '{tensor.Name}' belong to no tensor");
            end += tensor.Length;
        }
        if (end != dataLength)
            throw Invalid(file, end > dataLength ? "it is shorter than its header says" : "it is longer than its header says");
    }

    private static bool HasControl(string name)
    {
        foreach (var character in name)
        {
            if (char.IsControl(character) || char.IsSurrogate(character))
                return true;
        }
        return false;
    }
}
