using System.Buffers.Binary;
using System.Text.Json.Nodes;
using Streaming.Core.Models.Bundle;
using static Streaming.Adapters.Onnx.Tests.Import.Malformed.MalformedCheckpoint;

namespace Streaming.Adapters.Onnx.Tests.Import.Malformed;

/// <summary>Weights with one thing wrong: headers, shapes, types, values, lengths.</summary>
internal static class MalformedWeights
{
    private const string Invalid = "safetensors_invalid";
    private const string Unsuitable = "safetensors_tensor_unsuitable";
    private const string Some = "encoder.layer.0.output.LayerNorm.bias";

    internal static IEnumerable<MalformedCheckpoint> All() =>
        [.. Prefixes(), .. Headers(), .. Truncated(), .. Missing(), .. Shapes(), .. Types(), .. Values()];

    private static IEnumerable<MalformedCheckpoint> Prefixes()
    {
        foreach (var length in new[] { 0L, 1, 7, -1, long.MaxValue, 100_000_001, 4_294_967_296, long.MinValue })
        {
            yield return Bytes($"header length {length}", Weights, bytes =>
            {
                BinaryPrimitives.WriteInt64LittleEndian(bytes, length);
                return bytes;
            }, Invalid);
        }

        yield return Bytes("no bytes", Weights, static _ => [], "model_file_empty");
        yield return Bytes("three bytes", Weights, static _ => [1, 2, 3], Invalid);
        yield return Bytes("a zip file", Weights, static _ => [.. "PK\u0003\u0004"u8, .. new byte[1000]], Invalid);
        yield return Bytes("a pickle", Weights, static _ => [0x80, 2, (byte)'c', .. "os\nsystem\n"u8, .. new byte[100]], Invalid);
    }

    private static IEnumerable<MalformedCheckpoint> Headers()
    {
        yield return HeaderText("header is a list", static _ => "[]", Invalid);
        yield return HeaderText("header is empty", static _ => "", Invalid);
        yield return HeaderText("header begins with a space", static text => " " + text, Invalid);
        yield return HeaderText("header is cut", static text => text[..(text.Length / 2)], Invalid);
        yield return HeaderText("header goes on", static text => text + "{}", Invalid);
        yield return HeaderText("header is nested 10,000 deep", static _ => "{\"a\":" + new string('[', 10_000), Invalid);
        yield return HeaderText("header has a comment", static text => "{/**/" + text[1..], Invalid);
        yield return HeaderText("tensor twice", static text => text[..text.LastIndexOf('}')] + $",\"{Some}\":{{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}}}}", Invalid);
        yield return HeaderText("metadata twice", static text => "{\"__metadata__\":{},\"__metadata__\":{}," + text[1..], Invalid);
        yield return HeaderText("metadata holds a number", static text => "{\"__metadata__\":{\"a\":1}," + text[1..], Invalid);
        yield return Bytes("header is not UTF-8", Weights, static bytes =>
        {
            bytes[20] = 0xFF;
            return bytes;
        }, Invalid);
        yield return Tensor("dtype unknown", static tensor => tensor["dtype"] = "F7");
        yield return Tensor("dtype in lower case", static tensor => tensor["dtype"] = "f32");
        yield return Tensor("dtype a number", static tensor => tensor["dtype"] = 1);
        yield return Tensor("dtype missing", static tensor => tensor.Remove("dtype"));
        yield return Tensor("shape missing", static tensor => tensor.Remove("shape"));
        yield return Tensor("offsets missing", static tensor => tensor.Remove("data_offsets"));
        yield return Tensor("a field too many", static tensor => tensor["path"] = "../../etc/passwd");
        yield return Tensor("shape negative", static tensor => tensor["shape"] = new JsonArray(-32));
        yield return Tensor("shape a fraction", static tensor => tensor["shape"] = new JsonArray(32.5));
        yield return Tensor("shape a string", static tensor => tensor["shape"] = new JsonArray("32"));
        yield return Tensor("shape overflows", static tensor => tensor["shape"] = new JsonArray(1L << 40, 1L << 40));
        yield return Tensor("shape overflows to the length", static tensor => tensor["shape"] = new JsonArray(32, 1L << 62));
        yield return Tensor("shape of 17 dimensions", static tensor => tensor["shape"] = new JsonArray([.. Enumerable.Repeat(1, 16).Select(static one => (JsonNode)one), 32]));
        yield return Tensor("offsets turned round", static tensor => tensor["data_offsets"] = new JsonArray(128, 0));
        yield return Tensor("offsets beyond the file", static tensor => tensor["data_offsets"] = new JsonArray(1L << 40, (1L << 40) + 128));
        yield return Tensor("offsets overflow", static tensor => tensor["data_offsets"] = new JsonArray(long.MaxValue - 127, long.MaxValue));
        yield return Tensor("three offsets", static tensor => tensor["data_offsets"] = new JsonArray(0, 128, 256));
        yield return Tensor("offsets negative", static tensor => tensor["data_offsets"] = new JsonArray(-128, 0));
        yield return Tensor("offsets overlap another tensor", static tensor => Shift(tensor, 4));
        yield return Tensor("offsets leave a hole", static tensor => Shift(tensor, -4));
        yield return Tensor("offsets of another tensor", static tensor => tensor["data_offsets"] = new JsonArray(0, 128));
        yield return Header("name empty", static root => Rename(root, ""), Invalid);
        yield return Header("name with a line feed", static root => Rename(root, "a\nb"), Invalid);
        yield return Header("name too long", static root => Rename(root, new string('n', 5000)), Invalid);
        yield return Header("name of another case", static root => Rename(root, Some.ToUpperInvariant()), "safetensors_tensor_missing");
        yield return Header("name with a suffix", static root => Rename(root, Some + ".1"), "safetensors_tensor_missing");
        yield return Header("name with another prefix", static root => Rename(root, "module." + Some), "safetensors_tensor_missing");
    }

    private static IEnumerable<MalformedCheckpoint> Truncated()
    {
        for (var part = 1; part < 16; part++)
        {
            var share = part;
            yield return Bytes($"cut after {share}/16", Weights, bytes => bytes[..(bytes.Length * share / 16)], Invalid);
        }

        yield return Bytes("a byte short", Weights, static bytes => bytes[..^1], Invalid);
        yield return Bytes("a byte long", Weights, static bytes => [.. bytes, 0], Invalid);
        yield return Bytes("twice the file", Weights, static bytes => [.. bytes, .. bytes], Invalid);
    }

    private static IEnumerable<MalformedCheckpoint> Missing()
    {
        foreach (var (name, _, _) in new TinyBert().Tensors)
            yield return new($"without {name}", folder => File.WriteAllBytes(Path.Combine(folder, Weights), new TinyBert().Safetensors(without: name)), "safetensors_tensor_missing");
    }

    private static IEnumerable<MalformedCheckpoint> Shapes()
    {
        foreach (var (name, _, shape) in new TinyBert().Tensors.Where(static tensor => tensor.Shape.Length == 2))
        {
            if (shape[0] != shape[1])
                yield return Rewritten($"{name} transposed", (writer, tensor) => writer.Add(tensor.Name, tensor.Values, tensor.Name == name ? [.. tensor.Shape.Reverse()] : tensor.Shape), Unsuitable);
            yield return Rewritten($"{name} flat", (writer, tensor) => writer.Add(tensor.Name, tensor.Values, tensor.Name == name ? [tensor.Values.Length] : tensor.Shape), Unsuitable);
        }
    }

    private static IEnumerable<MalformedCheckpoint> Types()
    {
        foreach (var type in new[] { TensorType.I32, TensorType.I64, TensorType.U8, TensorType.Bool, TensorType.U32, TensorType.I16 })
        {
            var size = type is TensorType.I64 ? 8 : type is TensorType.U8 or TensorType.Bool ? 1 : type is TensorType.I16 ? 2 : 4;
            yield return Rewritten($"{Some} of type {type}", (writer, tensor) =>
            {
                if (tensor.Name == Some)
                    writer.Add(tensor.Name, type, new byte[tensor.Values.Length * size], tensor.Shape);
                else
                    writer.Add(tensor.Name, tensor.Values, tensor.Shape);
            }, Unsuitable);
        }
    }

    private static IEnumerable<MalformedCheckpoint> Values()
    {
        foreach (var (value, name) in new[] { (float.NaN, Some), (float.PositiveInfinity, "encoder.layer.1.output.dense.weight"), (float.NegativeInfinity, "embeddings.word_embeddings.weight"), (float.NaN, "encoder.layer.0.attention.self.key.bias") })
        {
            yield return Rewritten($"{value} in {name}", (writer, tensor) =>
            {
                var values = (float[])tensor.Values.Clone();
                if (tensor.Name == name)
                    values[^1] = value;
                writer.Add(tensor.Name, values, tensor.Shape);
            }, "model_weights_invalid");
        }
    }

    private static MalformedCheckpoint Tensor(string name, Action<JsonObject> change) => Header(name, root => change(root[Some]!.AsObject()), Invalid);

    private static void Shift(JsonObject tensor, long by)
    {
        var offsets = tensor["data_offsets"]!.AsArray();
        tensor["data_offsets"] = new JsonArray(offsets[0]!.GetValue<long>() - by, offsets[1]!.GetValue<long>() - by);
    }

    private static void Rename(JsonObject root, string name)
    {
        var tensor = root[Some]!.DeepClone();
        root.Remove(Some);
        root[name] = tensor;
    }

    private static MalformedCheckpoint Rewritten(string name, Action<SafetensorsWriter, (string Name, float[] Values, long[] Shape)> add, string code) => new(name, folder =>
    {
        var writer = new SafetensorsWriter();
        foreach (var tensor in new TinyBert().Tensors)
            add(writer, tensor);
        File.WriteAllBytes(Path.Combine(folder, Weights), writer.ToBytes());
    }, code);
}
