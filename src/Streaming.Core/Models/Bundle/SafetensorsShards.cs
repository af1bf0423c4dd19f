using System.Text.Json;

namespace Streaming.Core.Models.Bundle;

/// <summary>
/// The tensors of a checkpoint that is kept in several safetensors files, by its index (<c>weight_map</c>: tensor → file).
/// The index and every file's header are checked whole before a tensor is handed out.
/// </summary>
public sealed class SafetensorsShards : ITensorSource, IDisposable
{
    private const int MaxShards = 1_000;

    private readonly Dictionary<string, SafetensorsFile> _files = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SafetensorsFile> _owners = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SafetensorsTensor> _tensors = new(StringComparer.Ordinal);

    private SafetensorsShards()
    {
    }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, SafetensorsTensor> Tensors => _tensors;

    /// <summary>Opens the files that an index names.</summary>
    /// <param name="index">The JSON of the index.</param>
    /// <param name="pathOf">Path of a file by its plain name; refuses what must not be read.</param>
    /// <exception cref="StreamingException"><c>safetensors_invalid</c>, <c>model_path_refused</c>, <c>model_not_found</c>.</exception>
    public static SafetensorsShards Open(ReadOnlyMemory<byte> index, Func<string, string> pathOf)
    {
        ArgumentNullException.ThrowIfNull(pathOf);
        var shards = new SafetensorsShards();
        try
        {
            foreach (var (tensor, file) in Parse(index))
                shards.Add(tensor, file, pathOf);
            shards.RefuseUnlisted();
            return shards;
        }
        catch
        {
            shards.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public float[] ReadSingles(string name, params ReadOnlySpan<long> shape) =>
        _owners.TryGetValue(name, out var file)
            ? file.ReadSingles(name, shape)
            : throw new StreamingException("safetensors_tensor_missing", $"The checkpoint's index has no tensor '{name}'.");

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var file in _files.Values)
            file.Dispose();
    }

    private static List<(string Tensor, string File)> Parse(ReadOnlyMemory<byte> index)
    {
        try
        {
            using var document = JsonDocument.Parse(index, new JsonDocumentOptions { MaxDepth = 8, AllowDuplicateProperties = false });
            if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("weight_map", out var map) || map.ValueKind != JsonValueKind.Object)
                throw Invalid("it has no 'weight_map'");
            var entries = new List<(string, string)>();
            foreach (var entry in map.EnumerateObject())
            {
                var file = entry.Value.ValueKind == JsonValueKind.String ? entry.Value.GetString()! : "";
                if (!IsPlainName(file))
                    throw new StreamingException("model_path_refused", "The checkpoint's index names a file that is not a plain *.safetensors name in its own folder. Download the checkpoint again.");
                entries.Add((entry.Name, file));
            }
            return entries.Count > 0 ? entries : throw Invalid("its 'weight_map' is empty");
        }
        catch (JsonException e)
        {
            throw new StreamingException("safetensors_invalid", $"The checkpoint's index is refused: {e.Message}", ExitCode.Usage, e);
        }
    }

    private static bool IsPlainName(string name)
    {
        if (!name.EndsWith(".safetensors", StringComparison.Ordinal) || name.Length > 255 || name[0] == '.')
            return false;
        foreach (var character in name)
        {
            if (!char.IsAsciiLetterOrDigit(character) && character is not ('.' or '_' or '-'))
                return false;
        }
        return true;
    }

    private static StreamingException Invalid(string reason) =>
        new("safetensors_invalid", $"The checkpoint's index is refused: {reason}. Download the checkpoint again.");

    private void Add(string tensor, string name, Func<string, string> pathOf)
    {
        if (!_files.TryGetValue(name, out var file))
        {
            if (_files.Count == MaxShards)
                throw Invalid($"it names more than {MaxShards} files");
            _files.Add(name, file = SafetensorsFile.Open(pathOf(name)));
        }
        if (!file.Tensors.TryGetValue(tensor, out var entry))
            throw Invalid($"'{name}' has no tensor '{tensor}'");
        _tensors.Add(tensor, entry);
        _owners.Add(tensor, file);
    }

    /// <summary>A tensor that the index places elsewhere, or nowhere, would be there twice or unseen.</summary>
    private void RefuseUnlisted()
    {
        foreach (var (name, file) in _files)
        {
            foreach (var tensor in file.Tensors.Keys)
            {
                if (!_owners.TryGetValue(tensor, out var owner) || owner != file)
                    throw Invalid($"'{name}' holds the tensor '{tensor}', which the index does not place there");
            }
        }
    }
}
