using System.Diagnostics;
using System.Text.Json.Nodes;
using static Streaming.Adapters.Onnx.Tests.Import.Malformed.MalformedCheckpoint;

namespace Streaming.Adapters.Onnx.Tests.Import.Malformed;

/// <summary>Configurations, indexes, links and file kinds with one thing wrong.</summary>
internal static class MalformedFolders
{
    private const string Config = "config.json";
    private const string Index = "model.safetensors.index.json";
    private const string Invalid = "model_config_invalid";
    private const string Refused = "model_path_refused";
    private const string Unsupported = "model_unsupported";

    internal static IEnumerable<MalformedCheckpoint> All() => [.. Configs(), .. Indexes(), .. Links(), .. Kinds()];

    private static IEnumerable<MalformedCheckpoint> Configs()
    {
        foreach (var (field, values) in new (string, string[])[]
        {
            ("hidden_size", ["NaN", "Infinity", "-32", "0", "33", "1e400", "\"32\"", "null", "[32]", "9223372036854775808", "3.5"]),
            ("num_hidden_layers", ["0", "-1", "1000000000", "true"]),
            ("num_attention_heads", ["0", "5", "-4", "1e9"]),
            ("intermediate_size", ["0", "-1", "2147483648"]),
            ("vocab_size", ["0", "-60", "1e12"]),
            ("max_position_embeddings", ["0", "2", "100000000"]),
            ("type_vocab_size", ["-1", "100000"]),
            ("layer_norm_eps", ["NaN", "-1", "0", "1", "1e999", "\"1e-12\""]),
        })
        {
            foreach (var value in values)
                yield return Replaced($"{field} is {value}", field, value, Invalid);
        }

        foreach (var (field, value) in new[] { ("model_type", "\"gpt2\""), ("model_type", "\"\""), ("hidden_act", "\"swish\""), ("position_embedding_type", "\"relative_key\""), ("model_type", "\"../bert\"") })
            yield return Replaced($"{field} is {value}", field, value, Unsupported);
        foreach (var field in new[] { "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "vocab_size", "max_position_embeddings", "type_vocab_size" })
            yield return Json($"{field} is missing", Config, root => root.Remove(field), Invalid);
        foreach (var (field, factor, code) in new[] { ("vocab_size", 2, "safetensors_tensor_unsuitable"), ("num_hidden_layers", 2, "safetensors_tensor_missing"), ("intermediate_size", 2, "safetensors_tensor_unsuitable"), ("max_position_embeddings", 3, "safetensors_tensor_unsuitable") })
            yield return Json($"{field} is not that of the weights", Config, root => root[field] = root[field]!.GetValue<int>() * factor, code);
        yield return Content("config empty", Config, "", "model_file_empty");
        yield return Content("config not JSON", Config, "hidden_size: 32", Invalid);
        yield return Content("config a list", Config, "[]", Invalid);
        yield return Content("config nested 10,000 deep", Config, new string('[', 10_000), Invalid);
        yield return Content("config of two megabytes", Config, "{\"a\":\"" + new string('a', 2_000_000) + "\"}", Invalid);
        yield return Bytes("config not UTF-8", Config, static bytes => [.. bytes[..^1], .. ",\"a\":\""u8, 0xFF, .. "\"}"u8], Invalid);
    }

    private static IEnumerable<MalformedCheckpoint> Indexes()
    {
        foreach (var name in new[]
        {
            "../model.safetensors", "../../../../etc/passwd", "/etc/passwd", "/dev/zero", "a/model.safetensors", "..\\model.safetensors", "C:\\model.safetensors", "file:///etc/passwd",
            "https://example.org/model.safetensors", ".hidden.safetensors", "", ".", "..", "model.safetensors\u0000.txt", "model.bin", "%2e%2e%2fmodel.safetensors", "model.safetensors/../../x.safetensors",
            "\uff0e\uff0e\uff0fmodel.safetensors", new string('m', 300) + ".safetensors",
        })
        {
            yield return Indexed($"shard named '{name[..Math.Min(40, name.Length)]}'", root => root["weight_map"]![First(root)] = name, Refused);
        }

        yield return Indexed("shard a number", static root => root["weight_map"]![First(root)] = 1, Refused);
        yield return Indexed("shard not there", static root => root["weight_map"]![First(root)] = "other.safetensors", "model_not_found");
        yield return Indexed("tensor in the other shard", static root => root["weight_map"]![First(root)] = "model-00002-of-00002.safetensors", "safetensors_invalid");
        yield return Indexed("tensor in no shard", static root => root["weight_map"]!["x"] = "model-00001-of-00002.safetensors", "safetensors_invalid");
        yield return Indexed("tensor left out", static root => root["weight_map"]!.AsObject().Remove(First(root)), "safetensors_invalid");
        yield return Indexed("map empty", static root => root["weight_map"] = new JsonObject(), "safetensors_invalid");
        yield return Indexed("map a list", static root => root["weight_map"] = new JsonArray(), "safetensors_invalid");
        yield return Indexed("map missing", static root => root.Remove("weight_map"), "safetensors_invalid");
        yield return Sharded("index not JSON", static folder => File.WriteAllText(Path.Combine(folder, Index), "{"), "safetensors_invalid");
        yield return Sharded("index nested 10,000 deep", static folder => File.WriteAllText(Path.Combine(folder, Index), new string('[', 10_000)), "safetensors_invalid");
        yield return Sharded("a name twice", static folder => File.WriteAllText(Path.Combine(folder, Index), "{\"weight_map\":{\"a\":\"m.safetensors\",\"a\":\"n.safetensors\"}}"), "safetensors_invalid");
        yield return Sharded("a shard cut", static folder => Cut(Path.Combine(folder, "model-00002-of-00002.safetensors")), "safetensors_invalid");
        yield return Sharded("a shard that is a link outside", static folder => LinkOutside(folder, "model-00002-of-00002.safetensors"), Refused);
    }

    private static IEnumerable<MalformedCheckpoint> Links()
    {
        foreach (var file in new[] { Config, Weights, "vocab.txt", "LICENSE", "README.md" })
            yield return new($"{file} a link outside", folder => LinkOutside(folder, file), Refused);
        yield return new("weights a link to nowhere", static folder => Link(folder, Weights, "nowhere.safetensors"));
        yield return new("weights a link to themselves", static folder => Link(folder, Weights, Weights));
        yield return new("config a link to a device", static folder => Link(folder, Config, "/dev/zero"), Refused);
        yield return new("weights a link to a device", static folder => Link(folder, Weights, "/dev/zero"), Refused);
        yield return new("config a link by another link", static folder =>
        {
            var outside = Directory.CreateDirectory(folder + "-outside").FullName;
            File.Move(Path.Combine(folder, Config), Path.Combine(outside, Config));
            File.CreateSymbolicLink(Path.Combine(folder, "inner"), Path.Combine(outside, Config));
            File.CreateSymbolicLink(Path.Combine(folder, Config), "inner");
        }, Refused);
    }

    private static IEnumerable<MalformedCheckpoint> Kinds()
    {
        foreach (var file in new[] { Config, Weights, "vocab.txt" })
        {
            yield return new($"{file} a folder", folder =>
            {
                File.Delete(Path.Combine(folder, file));
                Directory.CreateDirectory(Path.Combine(folder, file));
            });
            yield return new($"{file} a pipe", folder =>
            {
                File.Delete(Path.Combine(folder, file));
                using var process = Process.Start("mkfifo", [Path.Combine(folder, file)]);
                process.WaitForExit();
            }, "model_file_empty");
        }

        foreach (var file in new[] { "pytorch_model.bin", "pytorch_model.bin.index.json" })
        {
            yield return new($"only {file}", folder =>
            {
                File.Delete(Path.Combine(folder, Weights));
                File.WriteAllBytes(Path.Combine(folder, file), [0x80, 2]);
            }, "model_pickle_refused");
        }
    }

    private static MalformedCheckpoint Replaced(string name, string field, string value, string code) => new(name, folder =>
    {
        var path = Path.Combine(folder, Config);
        var root = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        root[field] = "@";
        File.WriteAllText(path, root.ToJsonString().Replace("\"@\"", value, StringComparison.Ordinal));
    }, code);

    private static MalformedCheckpoint Indexed(string name, Action<JsonObject> change, string code) => Sharded(name, folder =>
    {
        var path = Path.Combine(folder, Index);
        var root = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        change(root);
        File.WriteAllText(path, root.ToJsonString());
    }, code);

    private static MalformedCheckpoint Sharded(string name, Action<string> change, string code) => new(name, folder =>
    {
        File.Delete(Path.Combine(folder, Weights));
        new TinyBert().WriteFolder(folder, shards: 2);
        change(folder);
    }, code);

    private static string First(JsonObject root) => root["weight_map"]!.AsObject().First().Key;

    private static void Cut(string path) => File.WriteAllBytes(path, File.ReadAllBytes(path)[..^5]);

    private static void LinkOutside(string folder, string file)
    {
        var outside = Directory.CreateDirectory(folder + "-outside").FullName;
        File.Move(Path.Combine(folder, file), Path.Combine(outside, file));
        File.CreateSymbolicLink(Path.Combine(folder, file), Path.Combine(outside, file));
    }

    private static void Link(string folder, string file, string target)
    {
        File.Delete(Path.Combine(folder, file));
        File.CreateSymbolicLink(Path.Combine(folder, file), target);
    }
}
