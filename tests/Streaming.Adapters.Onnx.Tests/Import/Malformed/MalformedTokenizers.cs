using System.Text.Json.Nodes;
using static Streaming.Adapters.Onnx.Tests.Import.Malformed.MalformedCheckpoint;

namespace Streaming.Adapters.Onnx.Tests.Import.Malformed;

/// <summary>Tokeniser files with one thing wrong, some of them made to hang or fill the process.</summary>
internal static class MalformedTokenizers
{
    private const string Vocabulary = "vocab.txt";
    private const string TokenizerFile = "tokenizer.json";
    private const string Invalid = "tokenizer_invalid";
    private const string Unsupported = "tokenizer_unsupported";

    internal static IEnumerable<MalformedCheckpoint> All() => [.. Lists(), .. Files(), .. Parts(), .. Models()];

    private static IEnumerable<MalformedCheckpoint> Lists()
    {
        yield return Content("vocabulary empty", Vocabulary, "", "model_file_empty");
        yield return Content("vocabulary without special tokens", Vocabulary, "a\nb\n", Invalid);
        yield return Bytes("vocabulary larger than the encoder's", Vocabulary, static bytes => [.. bytes, .. "x1\nx2\nx3\n"u8], "model_config_invalid");
        yield return new("no tokeniser at all", static folder => File.Delete(Path.Combine(folder, Vocabulary)), "tokenizer_missing");
        yield return Content("settings not JSON", "tokenizer_config.json", "{", "model_config_invalid");
        yield return Content("sentence settings not JSON", "sentence_bert_config.json", "[", "model_config_invalid");
    }

    private static IEnumerable<MalformedCheckpoint> Files()
    {
        yield return Content("file empty", TokenizerFile, "", "model_file_empty");
        yield return Content("file not JSON", TokenizerFile, "tokenizer", "model_config_invalid");
        yield return Content("file a list", TokenizerFile, "[]", Invalid);
        yield return Content("file nested 100,000 deep", TokenizerFile, new string('[', 100_000), "model_config_invalid");
        yield return Content("file of an object 100,000 deep", TokenizerFile, string.Concat(Enumerable.Repeat("{\"a\":", 100_000)), "model_config_invalid");
        yield return new("file of 70 megabytes", static folder =>
        {
            using var file = File.Create(Path.Combine(folder, TokenizerFile));
            file.SetLength(70L * 1024 * 1024);
        }, "model_config_invalid");
        yield return Content("no model", TokenizerFile, "{}", Unsupported);
    }

    private static IEnumerable<MalformedCheckpoint> Parts()
    {
        yield return Part("model of words", "model", """{"type":"WordLevel","vocab":{}}""", Unsupported);
        yield return Part("model a string", "model", "\"Unigram\"", Invalid);
        yield return Part("vocabulary an object", "model", """{"type":"Unigram","unk_id":0,"vocab":{"a":1}}""", Invalid);
        yield return Part("score missing", "model", """{"type":"Unigram","unk_id":0,"vocab":[["a"]]}""", Invalid);
        yield return Part("score a string", "model", """{"type":"Unigram","unk_id":0,"vocab":[["a","0"]]}""", Invalid);
        yield return Part("score without end", "model", """{"type":"Unigram","unk_id":0,"vocab":[["a",-1e999]]}""", Invalid);
        yield return Part("piece a number", "model", """{"type":"Unigram","unk_id":0,"vocab":[[1,-1]]}""", Invalid);
        yield return Part("unknown missing", "model", """{"type":"Unigram","vocab":[["a",-1]]}""", Invalid);
        yield return Part("unknown beyond", "model", """{"type":"Unigram","unk_id":9,"vocab":[["a",-1]]}""", Invalid);
        yield return Part("piece of a megabyte", "model", $$"""{"type":"Unigram","unk_id":0,"vocab":[["{{new string('a', 1_000_000)}}",-1]]}""", Invalid);
        yield return Part("merges missing", "model", """{"type":"BPE","vocab":{}}""", Invalid);
        yield return Part("merge of one", "model", """{"type":"BPE","vocab":{"a":0},"merges":["a"]}""", Invalid);
        yield return Part("merge unknown", "model", """{"type":"BPE","vocab":{"a":0},"merges":["a b"]}""", Invalid);
        yield return Part("id negative", "model", """{"type":"BPE","vocab":{"a":-1},"merges":[]}""", Invalid);
        yield return Part("id of a billion", "model", """{"type":"BPE","vocab":{"a":1000000000},"merges":[]}""", Invalid);
        yield return Part("prefix of pieces", "model", """{"type":"BPE","continuing_subword_prefix":"##","vocab":{},"merges":[]}""", Unsupported);
        yield return Part("dropout", "model", """{"type":"BPE","dropout":0.1,"vocab":{},"merges":[]}""", Unsupported);
        yield return Part("added token without id", "added_tokens", """[{"content":"<x>"}]""", Invalid);
        yield return Part("added token of an impossible id", "added_tokens", """[{"content":"<x>","id":99999999}]""", Invalid);
        yield return Part("added tokens strange", "added_tokens", """[1]""", Invalid);
        yield return Part("normaliser nested 50 deep", "normalizer", string.Concat(Enumerable.Repeat("""{"type":"Sequence","normalizers":[""", 50)) + string.Concat(Enumerable.Repeat("]}", 50)));
        yield return Part("normaliser of 1,000 steps", "normalizer", $$"""{"type":"Sequence","normalizers":[{{string.Join(',', Enumerable.Repeat("{\"type\":\"NFC\"}", 1000))}}]}""", Invalid);
        yield return Part("normaliser that grows text", "normalizer", """{"type":"Replace","pattern":{"String":"a"},"content":"aaaaaaaaaaaaaaaa"}""", Unsupported);
        yield return Part("normaliser with a costly pattern", "normalizer", """{"type":"Replace","pattern":{"Regex":"(a+)+$"},"content":""}""", Unsupported);
        yield return Part("normaliser unknown", "normalizer", """{"type":"Python"}""", Unsupported);
        yield return Part("character map not base64", "normalizer", """{"type":"Precompiled","precompiled_charsmap":"*"}""", Invalid);
        yield return Part("character map short", "normalizer", """{"type":"Precompiled","precompiled_charsmap":"AAA="}""", Invalid);
        yield return Part("character map with a size beyond", "normalizer", $$"""{"type":"Precompiled","precompiled_charsmap":"{{Convert.ToBase64String([0, 0, 0, 0x7F, 1, 2, 3, 4])}}"}""", Invalid);
        yield return Part("character map that grows text", "normalizer", $$"""{"type":"Precompiled","precompiled_charsmap":"{{Convert.ToBase64String([4, 0, 0, 0, 0, 0, 0, 0, .. Enumerable.Repeat((byte)'a', 5000)])}}"}""", Invalid);
        yield return Part("words by a pattern", "pre_tokenizer", """{"type":"Split","pattern":{"Regex":"(a+)+$"},"behavior":"Isolated"}""", Unsupported);
        yield return Part("no framing", "post_processor", "null", Unsupported);
        yield return Part("framing by tokens that are not there", "post_processor", """{"type":"BertProcessing","cls":["[NO]",1],"sep":["[NO]",2]}""", Invalid);
        yield return Part("framing by three tokens", "post_processor", """{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>","type_id":0}},{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],"pair":[]}""", Unsupported);
    }

    private static IEnumerable<MalformedCheckpoint> Models()
    {
        foreach (var (name, bytes) in new (string, byte[])[]
        {
            ("model cut in a field", [0x0A, 0x7F, 1]),
            ("model with a length beyond all", [0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F]),
            ("model with an endless number", [0x08, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]),
            ("model with field 0", [0x00, 0x00]),
            ("model with a wire type that is not", [0x0F, 0x00]),
            ("model without pieces", [0x12, 0x00]),
            ("model with a piece that is not UTF-8", [0x0A, 0x03, 0x0A, 0x01, 0xFF]),
            ("model with a score that is none", [0x0A, 0x08, 0x0A, 0x01, (byte)'a', 0x15, 0, 0, 0xC0, 0x7F]),
            ("model without an unknown piece", [0x0A, 0x03, 0x0A, 0x01, (byte)'a']),
        })
        {
            yield return new(name, folder =>
            {
                File.Delete(Path.Combine(folder, Vocabulary));
                File.WriteAllBytes(Path.Combine(folder, "spm.model"), bytes);
            }, Invalid);
        }
    }

    /// <summary>A good Unigram tokeniser but for one part.</summary>
    private static MalformedCheckpoint Part(string name, string part, string json, string? code = null) => new(name, folder =>
    {
        var root = JsonNode.Parse("""
            {"model":{"type":"Unigram","unk_id":2,"vocab":[["<s>",0],["</s>",0],["<unk>",0],["a",-1]]},"normalizer":null,"pre_tokenizer":null,
             "added_tokens":[{"id":0,"content":"<s>","special":true},{"id":1,"content":"</s>","special":true},{"id":2,"content":"<unk>","special":true}],
             "post_processor":{"type":"BertProcessing","cls":["<s>",0],"sep":["</s>",1]}}
            """)!.AsObject();
        root[part] = "@";
        File.WriteAllText(Path.Combine(folder, TokenizerFile), root.ToJsonString().Replace("\"@\"", json, StringComparison.Ordinal));
    }, code);
}
