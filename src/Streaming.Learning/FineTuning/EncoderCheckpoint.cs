using System.Text.Json;
using Streaming.Core;
using Streaming.Core.Models.Bundle;

namespace Streaming.Learning.FineTuning;

/// <summary>A pretrained encoder as a Hugging Face folder holds it: its configuration and its tensors, in memory.</summary>
/// <param name="Config">Bytes of <c>config.json</c>.</param>
/// <param name="Tensors">Tensors by their names in the file.</param>
public sealed record EncoderCheckpoint(ReadOnlyMemory<byte> Config, IReadOnlyDictionary<string, CheckpointTensor> Tensors)
{
    private const int MaxConfigBytes = 1 << 20;

    /// <summary>Reads <c>config.json</c> and the safetensors of a folder, one file or shards with their index. Tensors of whole numbers are left out.</summary>
    /// <exception cref="StreamingException"><c>model_not_found</c>, <c>model_config_invalid</c>, <c>safetensors_invalid</c>.</exception>
    public static EncoderCheckpoint Load(string directory)
    {
        var config = Path.Combine(directory, "config.json");
        if (!File.Exists(config))
            throw new StreamingException("model_not_found", $"There is no '{config}'. Fine-tuning starts from a Hugging Face folder: config.json, model.safetensors, tokenizer.json or vocab.txt.");
        if (new FileInfo(config).Length > MaxConfigBytes)
            throw new StreamingException("model_config_invalid", $"config.json is refused: it is larger than {MaxConfigBytes} bytes.");
        var tensors = new Dictionary<string, CheckpointTensor>(StringComparer.Ordinal);
        foreach (var path in Files(directory))
        {
            using var file = SafetensorsFile.Open(path);
            foreach (var (name, tensor) in file.Tensors)
            {
                if (tensor.Type is TensorType.F32 or TensorType.F16 or TensorType.BF16)
                    tensors[name] = new CheckpointTensor([.. tensor.Shape], file.ReadSingles(name, [.. tensor.Shape]));
            }
        }

        return new EncoderCheckpoint(File.ReadAllBytes(config), tensors);
    }

    private static IEnumerable<string> Files(string directory)
    {
        var index = Path.Combine(directory, "model.safetensors.index.json");
        if (!File.Exists(index))
            return [Path.Combine(directory, "model.safetensors")];
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(index), new JsonDocumentOptions { MaxDepth = 8 });
            return [.. document.RootElement.GetProperty("weight_map").EnumerateObject().Select(p => Shard(directory, p.Value.GetString())).Distinct(StringComparer.Ordinal)];
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new StreamingException("safetensors_invalid", $"'{index}' is refused: it is no index of shards.", ExitCode.Usage, e);
        }
    }

    // A shard lies beside its index; anything else is a path trick.
    private static string Shard(string directory, string? name) =>
        !string.IsNullOrEmpty(name) && name == Path.GetFileName(name) && !name.Contains('\\', StringComparison.Ordinal)
            ? Path.Combine(directory, name)
            : throw new StreamingException("safetensors_invalid", "The index of shards names a file that is not in its own folder.");
}
