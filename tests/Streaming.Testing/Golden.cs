using System.IO.Compression;
using System.Text.Json;

namespace Streaming.Testing;

/// <summary>Reads the reference vectors under <c>tests/golden</c>, which are compressed copies.</summary>
public static class Golden
{
    /// <summary>Opens a vector file, decompressed.</summary>
    /// <param name="path">Name without <c>.gz</c>, e.g. <c>wordpiece/encode_128.jsonl</c>.</param>
    public static Stream Open(string path) => new GZipStream(File.OpenRead(PathOf(path)), CompressionMode.Decompress);

    /// <summary>The whole of a vector file.</summary>
    public static byte[] ReadAllBytes(string path)
    {
        using var stream = Open(path);
        using var copy = new MemoryStream();
        stream.CopyTo(copy);
        return copy.ToArray();
    }

    /// <summary>The whole of a text file.</summary>
    public static string ReadAllText(string path)
    {
        using var reader = new StreamReader(Open(path));
        return reader.ReadToEnd();
    }

    /// <summary>One JSON document.</summary>
    public static JsonElement ReadJson(string path)
    {
        using var document = JsonDocument.Parse(ReadAllBytes(path));
        return document.RootElement.Clone();
    }

    /// <summary>One JSON document a line.</summary>
    public static IEnumerable<JsonElement> ReadJsonLines(string path)
    {
        using var reader = new StreamReader(Open(path));
        while (reader.ReadLine() is { } line)
        {
            if (line.Length == 0)
                continue;
            using var document = JsonDocument.Parse(line);
            yield return document.RootElement.Clone();
        }
    }

    /// <summary>A little-endian float32 array in C order (<c>.npy</c>, format 1 or 2), with its shape.</summary>
    public static (int[] Shape, float[] Values) ReadNpy(string path)
    {
        var bytes = ReadAllBytes(path);
        if (bytes.Length < 12 || bytes[0] != 0x93 || bytes[1] != 'N')
            throw new InvalidDataException($"'{path}' is not an npy file.");
        var headerStart = bytes[6] == 1 ? 10 : 12;
        var headerLength = bytes[6] == 1 ? BitConverter.ToUInt16(bytes, 8) : BitConverter.ToInt32(bytes, 8);
        var header = System.Text.Encoding.ASCII.GetString(bytes, headerStart, headerLength);
        if (!header.Contains("'<f4'", StringComparison.Ordinal) || header.Contains("True", StringComparison.Ordinal))
            throw new InvalidDataException($"'{path}' is not float32 in C order: {header}");
        var open = header.IndexOf('(', StringComparison.Ordinal);
        var close = header.IndexOf(')', StringComparison.Ordinal);
        var shape = header[(open + 1)..close].Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(int.Parse).ToArray();
        var values = new float[shape.Aggregate(1, (product, length) => product * length)];
        Buffer.BlockCopy(bytes, headerStart + headerLength, values, 0, values.Length * sizeof(float));
        return (shape, values);
    }

    private static string PathOf(string path) => Path.Combine(SharedFolder.RepositoryRoot, "tests", "golden", path + ".gz");
}
