using System.Diagnostics;
using System.Text;
using Streaming.Core.Topology;
using Streaming.Core.Topology.Rendering;
using Streaming.Core.Topology.Testing;

namespace Streaming.Core.Tests.Topology;

/// <summary>No file hangs or ends the process: each gives a topology or errors with a place, and soon.</summary>
public sealed class HostileFileTests
{
    // Far above what a file takes (milliseconds), far below a hang; a run away loader would eat memory and time without end.
    private static readonly TimeSpan Hang = TimeSpan.FromMinutes(3);

    private static readonly Dictionary<string, string> NoEnvironment = [];

    public static TheoryData<string> Names => new(Corpus.Keys);

    private static Dictionary<string, byte[]> Corpus { get; } = Build();

    [Theory]
    [MemberData(nameof(Names))]
    public void Load_HostileFile_GivesErrorsWithPlaces(string name)
    {
        var result = LoadInTime(Corpus[name]);

        Assert.False(result.IsValid);
        Assert.NotEmpty(result.Diagnostics);
        Assert.True(result.Diagnostics.Count <= TopologyLimits.MaxDiagnostics);
        Assert.All(result.Diagnostics, d =>
        {
            Assert.Matches("^[a-z0-9_]+$", d.Code);
            Assert.True(d.Position is { Line: >= 1, Column: >= 1 }, d.ToString());
            Assert.True(d.ToString().Length < 1_500, "a message shows too much of the file");
            Assert.DoesNotContain(d.ToString(), c => char.IsControl(c));
        });
    }

    [Fact]
    public void Load_AliasBomb_SaysSo()
    {
        Assert.InRange(Corpus["alias bomb"].Length, 200, 400);
        Assert.Contains(LoadInTime(Corpus["alias bomb"]).Diagnostics, d => d.Code == TopologyErrorCodes.TooComplex);
    }

    [Fact]
    public void Load_ThousandsOfBrackets_SaysSo() =>
        Assert.Contains(LoadInTime(Corpus["8000 brackets"]).Diagnostics, d => d.Code == TopologyErrorCodes.TooDeep);

    [Fact]
    public void Corpus_IsLarge() => Assert.True(Corpus.Count >= 80, $"{Corpus.Count} files");

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Load_RandomMutations_NeverThrow(int seed)
    {
        var random = new Random(seed);
        var seeds = Corpus.Values.Where(b => b.Length < 4_000).Append(Encoding.UTF8.GetBytes(Valid)).ToList();
        for (var round = 0; round < 500; round++)
        {
            var mutated = Mutate(random, round % 2 == 0 ? Encoding.UTF8.GetBytes(Valid) : seeds[random.Next(seeds.Count)], seeds);
            var result = LoadInTime(mutated);

            Assert.Equal(result.IsValid, !result.Diagnostics.Any(d => d.Severity == DiagnosticSeverity.Error));
            if (result.IsValid)
            {
                ExplainRenderer.WriteText(TextWriter.Null, result.Topology);
                ExplainRenderer.WriteJson(TextWriter.Null, result.Topology);
            }

            LintRenderer.WriteJson(TextWriter.Null, "t", result);
            TopologyTestLoader.LoadText(Encoding.Latin1.GetString(mutated), "t");
        }
    }

    [Fact]
    public void Load_VariablesThatGrow_AreStopped()
    {
        var environment = new Dictionary<string, string> { ["BIG"] = new('x', 60_000) };
        var result = TopologyLoader.LoadText("name: n\nsource: {topics: [t]}\ndescription: " + string.Concat(Enumerable.Repeat("${BIG}", 100_000)), "t", environment);

        Assert.Contains(result.Diagnostics, d => d.Code == TopologyErrorCodes.TooComplex);
    }

    [Fact]
    public void Load_EnvironmentWithReferences_IsNotFilledInTwice()
    {
        var environment = new Dictionary<string, string> { ["A"] = "${B}", ["B"] = "secret" };
        var result = TopologyLoader.LoadText("name: n\nsource: {topics: [t]}\ndescription: ${A}", "t", environment);

        Assert.Equal("${B}", result.GetOrThrow().Definition.Description);
    }

    private const string Valid = """
        name: reviews
        variables: {SIZE: 512}
        source:
          topics: [reviews.raw]
          kafka: {bootstrap.servers: "${HOST:-}"}
        chain:
          - decode
          - {stage: filter, options: {min_text_length: 3}}
          - normalise
          - tokenise
          - encode
          - topics
        batching: {max_batch_tokens: "${SIZE}", max_queue_delay: 20ms}
        """;

    private static TopologyLoadResult LoadInTime(byte[] bytes)
    {
        var watch = Stopwatch.StartNew();
        var result = TopologyLoader.LoadText(bytes, "t.yaml", NoEnvironment);
        Assert.True(watch.Elapsed < Hang, $"took {watch.Elapsed}");
        return result;
    }

    private static byte[] Mutate(Random random, byte[] source, List<byte[]> others)
    {
        var bytes = source.ToList();
        byte[] signs = [.. "[]{}:,-?&*!|>'\"%@`#\n \t${}<~"u8];
        for (var i = random.Next(1, 6); i > 0 && bytes.Count > 0; i--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(6))
            {
                case 0:
                    bytes[at] = signs[random.Next(signs.Length)];
                    break;
                case 1:
                    bytes.Insert(at, signs[random.Next(signs.Length)]);
                    break;
                case 2:
                    bytes.RemoveAt(at);
                    break;
                case 3:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 4:
                    var other = others[random.Next(others.Count)];
                    var from = random.Next(Math.Max(1, other.Length));
                    bytes.InsertRange(at, other.Skip(from).Take(40));
                    break;
                default:
                    bytes.InsertRange(at, bytes.Skip(at).Take(random.Next(1, 60)).ToList());
                    break;
            }
        }

        return [.. bytes];
    }

    private static Dictionary<string, byte[]> Build()
    {
        var files = new Dictionary<string, byte[]>();
        const string head = "name: n\nsource: {topics: [t]}\n";
        void Text(string name, string text) => files.Add(name, Encoding.UTF8.GetBytes(text));
        void With(string name, string rest) => Text(name, head + rest);

        var bomb = new StringBuilder("a: &a [x,x,x,x,x,x,x,x,x]\n");
        for (var c = 'b'; c <= 'i'; c++)
            bomb.Append(c).Append(": &").Append(c).Append(" [").AppendJoin(',', Enumerable.Repeat("*" + (char)(c - 1), 7)).Append("]\n");
        Text("alias bomb", bomb.ToString());
        Text("alias bomb in mappings", "a: &a {b: 1}\nc: &c {d: *a, e: *a, f: *a}\ng: &g {h: *c, i: *c, j: *c}\nk: [*g, *g, *g, *g, *g, *g]\n");
        Text("alias to itself", "a: &a [*a]\n");
        Text("alias to its mapping", "&a a: *a\n");
        Text("unknown alias", "a: *nothing\n");
        Text("many aliases", "a: &a 1\nb: [" + string.Join(',', Enumerable.Repeat("*a", 5_000)) + "]\n");
        Text("merge key", head + "batching: &b {max_batch_size: 4}\nmodel: {<<: *b}\n");
        Text("alias as key", "a: &a x\n*a : b\n");
        Text("anchor without name", "a: & b\n");
        Text("8000 brackets", new string('[', 8_000));
        Text("8000 closed brackets", new string('[', 8_000) + new string(']', 8_000));
        Text("8000 braces", new string('{', 8_000));
        Text("brackets and braces", string.Concat(Enumerable.Repeat("{a: [", 4_000)));
        Text("a million brackets", new string('[', 1_000_000));
        Text("quoted then brackets", "don't: 'x'\nb: [don't, " + new string('[', 500));
        Text("anchored brackets", string.Concat(Enumerable.Range(0, 4_000).Select(i => $"[&a{i} ")));
        Text("brackets behind a false quote", "a: it is 'bout " + new string('[', 200) + "\nb:" + string.Concat(Enumerable.Range(0, 100).Select(i => "\n" + new string(' ', i + 1) + "k:")));
        Text("dashes", string.Concat(Enumerable.Repeat("- ", 8_000)));
        Text("half a million dashes", string.Concat(Enumerable.Repeat("- ", 500_000)));
        Text("question marks", string.Concat(Enumerable.Repeat("? ", 8_000)));
        Text("colons", string.Concat(Enumerable.Repeat(": ", 8_000)));
        Text("deep indentation", string.Concat(Enumerable.Range(0, 1_000).Select(i => new string(' ', i) + "a:\n")));
        Text("33 levels", string.Concat(Enumerable.Range(0, 33).Select(i => new string(' ', i) + "a:\n")) + new string(' ', 33) + "b");
        Text("33 flow levels", "a: " + new string('[', 33) + new string(']', 33));
        With("deep in a block", "a:\n  b: |\n    x\n  c: " + new string('[', 100));
        Text("deep through aliases", "a: &a " + new string('[', 15) + new string(']', 15) + "\nb: &b " + new string('[', 15) + "*a" + new string(']', 15) + "\nc: [[[*b]]]\n");

        Text("empty", string.Empty);
        Text("spaces", "   \n\n   ");
        Text("only a comment", "# nothing\n");
        Text("only a document start", "---\n");
        Text("only a document end", "...\n");
        Text("scalar", "hello");
        Text("number", "42");
        Text("null", "~");
        Text("list", "- a\n- b\n");
        Text("two documents", head + "---\n" + head);
        Text("directive", "%YAML 9.9\n---\n" + head);
        Text("unknown directive", "%FOO bar\n---\nname: n\n");
        Text("tag directive", "%TAG ! tag:x,2000:\n---\n!foo name: n\n");
        With("custom tag", "description: !!python/object/apply:os.system ['ls']\n");
        With("binary tag", "description: !!binary aGVsbG8=\n");
        With("set tag", "variables: !!set {a, b}\n");
        With("omap tag", "chain: !!omap [a: 1]\n");

        Text("tab indentation", "name: n\nsource:\n\ttopics: [t]\n");
        Text("tab after spaces", "name: n\nsource:\n  \ttopics: [t]\n");
        files.Add("NUL", [.. "name: a\0b\n"u8]);
        files.Add("only NULs", new byte[10_000]);
        files.Add("lone continuation byte", [.. "name: "u8, 0x80]);
        files.Add("overlong", [.. "name: "u8, 0xC0, 0xAF]);
        files.Add("surrogate bytes", [.. "name: "u8, 0xED, 0xA0, 0x80]);
        files.Add("truncated sequence", [.. "name: "u8, 0xE2, 0x82]);
        files.Add("0xFF", [.. "name: "u8, 0xFF]);
        files.Add("latin 1", Encoding.Latin1.GetBytes("name: café\n"));
        files.Add("UTF-16", [0xFF, 0xFE, .. Encoding.Unicode.GetBytes(head)]);
        files.Add("UTF-16 big-endian", [0xFE, 0xFF, .. Encoding.BigEndianUnicode.GetBytes(head)]);
        files.Add("UTF-16 without mark", Encoding.Unicode.GetBytes(head));
        files.Add("random bytes", RandomBytes(7, 5_000));
        files.Add("gzip", [0x1F, 0x8B, 8, 0, .. RandomBytes(8, 500)]);
        files.Add("ELF", [0x7F, .. "ELF"u8, 2, 1, 1, 0, .. RandomBytes(9, 500)]);
        Text("escape sequence", "name: n\nx\u001b[31mred: 1\n");
        Text("byte order mark inside", "name: n\n\uFEFFsource: {topics: [t]}\n");
        With("next line character", "descr\u0085iption: x\n");
        With("bidirectional override", "\u202Ecitpircsed: x\n");
        Text("too large", "# " + new string('x', TopologyLimits.MaxFileBytes));
        Text("a long line", "name: " + new string('x', 1_000_000));
        Text("a long key", new string('k', 500_000) + ": 1\n");
        Text("a long quoted key", "\"" + new string('k', 500_000) + "\": 1\n");
        Text("many keys", head + string.Concat(Enumerable.Range(0, 5_000).Select(i => $"key{i}: 1\n")));
        Text("too many keys", head + string.Concat(Enumerable.Range(0, 60_000).Select(i => $"key{i}: 1\n")));
        Text("many items", "name: n\nsource:\n  topics:\n" + string.Concat(Enumerable.Range(0, 9_000).Select(i => $"  - t{i}\n")));
        Text("many duplicates", string.Concat(Enumerable.Repeat("name: n\n", 20_000)));
        With("many stages", "chain: [" + string.Join(',', Enumerable.Repeat("decode", 5_000)) + "]\n");
        Text("many anchors", head + "x: [" + string.Join(',', Enumerable.Range(0, 8_000).Select(i => $"&a{i} {i}")) + "]\n");
        Text("a million new lines", new string('\n', 1_000_000) + "x");
        Text("a million carriage returns", new string('\r', 500_000) + "x: 1");
        Text("line separators", string.Concat(Enumerable.Repeat("\u2028", 100_000)) + "x: 1");

        Text("unclosed bracket", "name: n\nsource: {topics: [t\n");
        Text("unclosed quote", "name: \"n\nsource: {topics: [t]}\n");
        Text("unclosed single quote", "name: 'n\n");
        Text("bad escape", "name: \"\\q\"\n");
        Text("bad unicode escape", "name: \"\\uD800\"\n");
        Text("huge unicode escape", "name: \"\\UFFFFFFFF\"\n");
        Text("wrong indentation", "name: n\n  source: x\n");
        Text("colon in a value", "name: a: b: c\n");
        Text("at sign", "name: @n\n");
        Text("backtick", "name: `n`\n");
        Text("percent", "name: n\n%x: 1\n");
        Text("comma first", "[, a]\n");
        Text("block scalar with a wrong indicator", "name: |99\n  x\n");
        Text("block scalar without content", "name: |\n");
        Text("list as key", "? [a, b]\n: c\n");
        Text("mapping as key", "{a: b}: c\n");
        Text("empty key", ": x\n");
        Text("null key", "~: x\nname: n\n");
        Text("JSON with comments", "{\"name\": \"n\", /* no */ \"source\": {}}");
        With("variable without end", "description: ${A\n");
        With("variable without name", "description: ${}\n");
        With("variable with a bad name", "description: ${A B}\n");
        With("variable within variable", "description: ${A:-${B}\n");
        With("many variables", "description: " + string.Concat(Enumerable.Repeat("${A}", 100_000)) + "\n");
        With("extends a device", "extends: /dev/zero\n");
        With("extends upwards", "extends: ../../../etc/passwd\n");
        With("extends with NUL escape", "extends: \"a\\0b\"\n");
        With("huge number", "batching: {max_batch_size: " + new string('9', 10_000) + "}\n");
        With("huge duration", "batching: {max_queue_delay: 999999999999d}\n");
        With("huge size", "batching: {max_queue_bytes: 999999999999999GiB}\n");
        With("not a number", "thresholds: {topics: .nan}\n");
        With("infinity", "thresholds: {topics: .inf}\n");
        With("negative zero power", "thresholds: {topics: 1e400}\n");
        With("regular expression bomb", "sink: {index: \"" + new string('a', 5_000) + "!\"}\n");
        return files;
    }

    private static byte[] RandomBytes(int seed, int length)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }
}
