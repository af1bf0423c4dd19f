using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;

namespace Streaming.Adapters.Onnx.Tests.Import.Malformed;

/// <summary>A checkpoint folder with one thing wrong.</summary>
/// <param name="Name">What is wrong.</param>
/// <param name="Break">Does it to a good folder.</param>
/// <param name="Code">The error's code; null: any stable one.</param>
internal sealed record MalformedCheckpoint(string Name, Action<string> Break, string? Code = null)
{
    internal const string Weights = "model.safetensors";

    /// <summary>Replaces a file's text.</summary>
    internal static MalformedCheckpoint Content(string name, string file, string content, string? code = null) =>
        new(name, folder => File.WriteAllText(Path.Combine(folder, file), content), code);

    /// <summary>Replaces a file's bytes.</summary>
    internal static MalformedCheckpoint Bytes(string name, string file, Func<byte[], byte[]> change, string? code = null) =>
        new(name, folder => File.WriteAllBytes(Path.Combine(folder, file), change(File.ReadAllBytes(Path.Combine(folder, file)))), code);

    /// <summary>Changes a JSON file.</summary>
    internal static MalformedCheckpoint Json(string name, string file, Action<JsonObject> change, string? code = null) => new(name, folder =>
    {
        var path = Path.Combine(folder, file);
        var root = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        change(root);
        File.WriteAllText(path, root.ToJsonString());
    }, code);

    /// <summary>Changes the header of the weights and leaves the data.</summary>
    internal static MalformedCheckpoint Header(string name, Action<JsonObject> change, string? code = null) => HeaderText(name, text =>
    {
        var root = JsonNode.Parse(text)!.AsObject();
        change(root);
        return root.ToJsonString();
    }, code);

    /// <summary>Changes the header's text and leaves the data.</summary>
    internal static MalformedCheckpoint HeaderText(string name, Func<string, string> change, string? code = null) => Bytes(name, Weights, bytes =>
    {
        var length = (int)BinaryPrimitives.ReadInt64LittleEndian(bytes);
        return Join(Encoding.UTF8.GetBytes(change(Encoding.UTF8.GetString(bytes, 8, length))), bytes.AsSpan(8 + length));
    }, code);

    /// <summary>Header length, header and data as one file.</summary>
    internal static byte[] Join(byte[] header, ReadOnlySpan<byte> data)
    {
        var file = new byte[8 + header.Length + data.Length];
        BinaryPrimitives.WriteInt64LittleEndian(file, header.Length);
        header.CopyTo(file, 8);
        data.CopyTo(file.AsSpan(8 + header.Length));
        return file;
    }
}
