using System.Text;

namespace Streaming.Cli.Tests.EndToEnd;

/// <summary>Wrong files, folders and arguments: one coded message, an exit code, no stack trace.</summary>
[Collection(EndToEndGroup.Name)]
public sealed class BadSetupTests
{
    [ProductTheory]
    [InlineData("unknown key", "name: x\nsource: { topics: [a] }\nchain: [decode]\nsinck: {}\n", "invalid_topology", "sinck")]
    [InlineData("not YAML", "name: [x\n", "invalid_topology", ":")]
    [InlineData("empty", "", "invalid_topology", "")]
    [InlineData("binary", "\0\u0001\u0002", "invalid_topology", "")]
    [InlineData("alias bomb", AliasBomb, "invalid_topology", "alias")]
    public async Task Run_WrongTopology_SaysWhereAndWhat(string what, string yaml, string code, string says)
    {
        using var data = new DataFolderOfTest();
        await File.WriteAllTextAsync(data.File("x.yaml"), yaml);
        var result = (await ProductProcess.RunAsync("run", data.File("x.yaml"), "--once", "--data", data.File("data"))).Ended(2);
        Assert.True(code == result.ErrorCode(), what);
        Assert.Contains(says, result.Error, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("x.yaml", result.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(data.File("data")));
    }

    [ProductFact]
    public async Task Run_EightThousandBrackets_IsRefused()
    {
        using var data = new DataFolderOfTest();
        await File.WriteAllTextAsync(data.File("x.yaml"), "name: " + new string('[', 8_000));
        var result = (await ProductProcess.RunAsync("run", data.File("x.yaml"), "--once", "--data", data.File("data"))).Ended(2);
        Assert.Equal("invalid_topology", result.ErrorCode());
    }

    [ProductTheory]
    [InlineData(2, null, "run", "nowhere.yaml")]
    [InlineData(2, null, "ingest", "nowhere.jsonl")]
    [InlineData(2, "usage", "run")]
    [InlineData(2, "usage", "frobnicate")]
    [InlineData(2, "usage", "demo", "--no-such-option")]
    [InlineData(2, null, "demo", "--port", "99999")]
    [InlineData(2, "usage", "demo", "--port", "eighty")]
    [InlineData(2, null, "demo", "--address", "somewhere")]
    public async Task Command_WrongArguments_EndsWithTwo(int exitCode, string? code, params string[] arguments)
    {
        using var data = new DataFolderOfTest();
        var told = arguments is ["frobnicate"] ? arguments : [.. arguments, "--data", data.File("data")];
        var result = await ProductProcess.RunAsync(told);
        Assert.True(Product.NoModelBecause is not null || result.ExitCode == exitCode, $"{result.ExitCode}: {result.Error}");
        var said = result.ErrorCode();
        Assert.True(code is null || code == said || Product.NoModelBecause is not null, result.Error);
        Assert.Equal("", result.Out);
    }

    [EnrichingFact]
    public async Task Run_DamagedBundle_IsRefusedBeforeAnythingRuns()
    {
        using var data = new DataFolderOfTest();
        var cases = new (string Name, string[] Codes, Action<string> Damage)[]
        {
            ("encoder missing", ["model_file_missing"], static folder => File.Delete(Path.Combine(folder, "encoder.onnx"))),
            ("encoder cut off", ["model_file_damaged", "model_digest_mismatch", "model_file_size", "model_tampered"], static folder =>
            {
                using var file = File.OpenWrite(Path.Combine(folder, "encoder.onnx"));
                file.SetLength(file.Length / 2);
            }),
            ("encoder tampered with", ["model_file_damaged", "model_digest_mismatch", "model_tampered"], static folder =>
            {
                using var file = File.Open(Path.Combine(folder, "encoder.onnx"), FileMode.Open);
                file.Position = file.Length / 2;
                var old = file.ReadByte();
                file.Position--;
                file.WriteByte((byte)(old ^ 1));
            }),
            ("manifest is no JSON", ["model_manifest_invalid"], static folder => File.WriteAllBytes(Path.Combine(folder, "manifest.json"), [0xFF, 0, (byte)'{'])),
            ("manifest is empty", ["model_manifest_invalid"], static folder => File.WriteAllText(Path.Combine(folder, "manifest.json"), "")),
            ("manifest is null", ["model_manifest_invalid"], static folder => File.WriteAllText(Path.Combine(folder, "manifest.json"), "null")),
            ("manifest leads outside", ["model_manifest_invalid", "model_path_refused"], static folder =>
            {
                var path = Path.Combine(folder, "manifest.json");
                File.WriteAllText(path, File.ReadAllText(path).Replace("\"encoder.onnx\"", "\"../../encoder.onnx\"", StringComparison.Ordinal));
            }),
            ("no bundle", ["model_not_found"], static folder => Directory.Delete(folder, recursive: true)),
        };
        foreach (var (name, codes, damage) in cases)
        {
            var home = HomeWithBundle(data, name);
            damage(Path.Combine(home, "models", "starter"));
            var result = await ProductProcess.RunAsync(["run", Product.Minimal, "--once", "--data", data.File("data")], new Dictionary<string, string> { ["STREAMING_HOME"] = home });
            Assert.True(result.ExitCode == 2, $"{name}: {result.ExitCode} {result.Error}");
            Assert.True(codes.Contains(result.ErrorCode()), $"{name}: {result.Error}");
            Directory.Delete(home, recursive: true);
        }
    }

    [EnrichingTheory]
    [InlineData("file", "store_unavailable")]
    [InlineData("foreign", "store_foreign_file")]
    [InlineData("garbage", "store_foreign_file")]
    [InlineData("directory", "store_path_is_directory")]
    public async Task Commands_DataFolderOfNoUse_SaySo(string kind, string code)
    {
        using var data = new DataFolderOfTest();
        var folder = data.File("data");
        if (kind == "file")
        {
            await File.WriteAllTextAsync(folder, "I was here first.");
        }
        else
        {
            Directory.CreateDirectory(folder);
            var store = Path.Combine(folder, "streaming.db");
            if (kind == "directory")
                Directory.CreateDirectory(store);
            else
                await File.WriteAllBytesAsync(store, kind == "foreign" ? ForeignDatabase() : Encoding.ASCII.GetBytes(new string('?', 8_192)));
        }

        await File.WriteAllTextAsync(data.File("a.txt"), "One text.\n");
        foreach (var arguments in (string[][])[["run", Product.Minimal, "--once"], ["ingest", data.File("a.txt")], ["demo", "--once"]])
        {
            var result = await ProductProcess.RunAsync([.. arguments, "--data", folder]);
            Assert.True(result.ExitCode is 2 or 3, $"{kind}: {result.ExitCode} {result.Error}");
            Assert.Equal(code, result.ErrorCode());
        }

        if (kind == "file")
            Assert.Equal("I was here first.", await File.ReadAllTextAsync(folder));
        else if (kind == "foreign")
            Assert.Equal(ForeignDatabase(), await File.ReadAllBytesAsync(Path.Combine(folder, "streaming.db")));
    }

    [EnrichingFact]
    public async Task Run_FolderThatCannotBeWritten_SaysSo()
    {
        // Rights do not hold root back; the kernel's own folder holds everyone.
        foreach (var folder in (string[])["/proc/streaming", "/dev/null/streaming"])
        {
            var result = (await ProductProcess.RunAsync("run", Product.Minimal, "--once", "--data", folder)).Ended(3);
            Assert.Contains(result.ErrorCode(), (string[])["store_unavailable", "store_read_only"]);
        }
    }

    [EnrichingFact]
    public async Task Run_SecondOfOneTopology_IsRefusedAndTheFirstGoesOn()
    {
        using var data = new DataFolderOfTest();
        await using var first = ProductProcess.Start(["run", Product.Minimal, "--port", "0", "--data", data.Path]);
        using var http = new HttpClient { BaseAddress = DemoTests.AddressIn(await first.SaysAsync("http://")) };
        await Eventually.TrueAsync(async () => (await http.GetAsync("/health/ready")).IsSuccessStatusCode, "ready");
        var second = (await ProductProcess.RunAsync("run", Product.Minimal, "--once", "--data", data.Path)).Ended(3);
        Assert.Equal("group_in_use", second.ErrorCode());
        await File.WriteAllTextAsync(data.File("a.txt"), "A quixotic text.\n");
        (await ProductProcess.RunAsync("ingest", data.File("a.txt"), "--data", data.Path)).Ended(0);
        await Eventually.TrueAsync(async () => (await DemoTests.SearchAsync(http, "quixotic")).GetProperty("total").GetInt32() == 1, "the text, while it runs");
        first.Terminate();
        (await first.EndAsync()).Ended(0);
    }

    private const string AliasBomb = """
        a: &a [x, x, x, x, x, x, x, x, x]
        b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]
        c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b]
        d: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c]
        e: &e [*d, *d, *d, *d, *d, *d, *d, *d, *d]
        f: &f [*e, *e, *e, *e, *e, *e, *e, *e, *e]
        g: &g [*f, *f, *f, *f, *f, *f, *f, *f, *f]
        name: *g
        """;

    private static string HomeWithBundle(DataFolderOfTest data, string name)
    {
        var home = data.File("home " + name);
        var bundle = Path.Combine(home, "models", "starter");
        Directory.CreateDirectory(Path.Combine(home, "topologies"));
        foreach (var file in Directory.EnumerateFiles(Product.Bundle, "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(bundle, Path.GetRelativePath(Product.Bundle, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }

        return home;
    }

    /// <summary>A SQLite file of another program: header of an empty database with an application id of its own.</summary>
    private static byte[] ForeignDatabase()
    {
        var page = new byte[4_096];
        "SQLite format 3\0"u8.CopyTo(page);
        page[16] = 0x10;
        page[18] = page[19] = 1;
        page[21] = 64;
        page[22] = page[23] = 32;
        page[27] = 1;
        page[31] = 1;
        page[47] = 4;
        page[59] = 1;
        "FOTO"u8.CopyTo(page.AsSpan(68));
        page[100] = 13;
        page[105] = 0x10;
        return page;
    }
}
