using System.Text.Json;
using Streaming.Core;

namespace Streaming.Learning.Data;

/// <summary>Reads CLINC150 (Larson et al. 2019): one JSON object, parts of <c>[text, intent]</c>.</summary>
internal static class ClincReader
{
    private const int MaxBytes = 256 * 1024 * 1024;

    public static IEnumerable<Sample> Read(string path, DataReadOptions options)
    {
        var part = options.Part ?? "train";
        using var document = Open(path);
        if (document.RootElement.ValueKind != JsonValueKind.Object)
            throw DataErrors.Malformed(path, 1, "a JSON object of parts is expected");
        if (!document.RootElement.TryGetProperty(part, out var rows) || rows.ValueKind != JsonValueKind.Array)
        {
            var parts = document.RootElement.EnumerateObject().Where(static p => p.Value.ValueKind == JsonValueKind.Array).Select(static p => p.Name);
            throw new StreamingException("data_part_missing", $"{Path.GetFileName(path)}: there is no part '{part}'. It has {string.Join(", ", parts)}.");
        }

        var row = 0;
        foreach (var pair in rows.EnumerateArray())
        {
            row++;
            if (pair.ValueKind != JsonValueKind.Array || pair.GetArrayLength() != 2 || pair[0].ValueKind != JsonValueKind.String || pair[1].ValueKind != JsonValueKind.String)
                throw DataErrors.Malformed(path, row, $"row {row} of '{part}' must be two strings, text and intent");
            yield return new LabelledText { Text = pair[0].GetString()!, Labels = [pair[1].GetString()!], Origin = $"{Path.GetFileName(path)}:{part}[{row - 1}]" };
        }
    }

    private static JsonDocument Open(string path)
    {
        using var stream = DataFile.OpenBytes(path);
        using var bytes = new MemoryStream();
        try
        {
            var buffer = new byte[1 << 16];
            while (stream.Read(buffer) is var read and > 0)
            {
                if (bytes.Length + read > MaxBytes)
                    throw DataErrors.Malformed(path, 1, $"the file has more than {MaxBytes} bytes");
                bytes.Write(buffer, 0, read);
            }

            return JsonDocument.Parse(bytes.ToArray(), new JsonDocumentOptions { MaxDepth = 8 });
        }
        catch (InvalidDataException e)
        {
            throw DataFile.Undecodable(path, 1, e);
        }
        catch (JsonException e)
        {
            throw DataErrors.Malformed(path, (e.LineNumber ?? 0) + 1, "not valid JSON", e);
        }
    }
}
