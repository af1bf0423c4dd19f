using System.Diagnostics;
using System.Text.RegularExpressions;
using Streaming.Adapters.Onnx.Bert;
using Streaming.Adapters.Onnx.Import;
using Streaming.Core;
using Xunit.Abstractions;

namespace Streaming.Adapters.Onnx.Tests.Import.Malformed;

/// <summary>Every malformed checkpoint is refused with a stable code, quickly, and leaves nothing behind.</summary>
public sealed partial class MalformedCheckpointTests(ITestOutputHelper output) : IDisposable
{
    private const int AtLeast = 200;

    // Far more than a refusal takes on a busy machine; a hang must fail this test, not the suite.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    private readonly string _folder = Directory.CreateTempSubdirectory("streaming-test-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task ImportAsync_Corpus_EachIsRefusedWithACode()
    {
        var corpus = MalformedWeights.All().Concat(MalformedFolders.All()).Concat(MalformedTokenizers.All()).ToList();
        var wrong = new List<string>();
        var slowest = (Time: TimeSpan.Zero, Name: "");
        for (var number = 0; number < corpus.Count; number++)
        {
            var folder = Path.Combine(_folder, $"c{number}");
            new TinyBert().WriteFolder(folder);
            corpus[number].Break(folder);
            var start = Stopwatch.GetTimestamp();
            var code = await Refusal(folder, number);
            var took = Stopwatch.GetElapsedTime(start);
            slowest = took > slowest.Time ? (took, corpus[number].Name) : slowest;
            if (code is null || !StableCode().IsMatch(code) || (corpus[number].Code is { } expected && expected != code))
                wrong.Add($"{corpus[number].Name}: {code ?? "imported"} instead of {corpus[number].Code ?? "a coded error"}");
            if (Directory.Exists(Target(number)) || Directory.EnumerateDirectories(_folder, "*.part-*").Any())
                wrong.Add($"{corpus[number].Name}: something was left behind");
        }

        output.WriteLine($"{corpus.Count} malformed checkpoints, {corpus.Count - wrong.Count} refused as they should be; slowest {slowest.Time.TotalMilliseconds:F0} ms ({slowest.Name})");
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        Assert.True(corpus.Count >= AtLeast, $"only {corpus.Count}");
        Assert.Equal(corpus.Count, corpus.Select(static one => one.Name).Distinct().Count());
    }

    [Fact]
    public async Task ImportAsync_DrawnDamage_IsRefusedWithACodeOrDoesNotMatter()
    {
        var random = new Random(20240611);
        var refused = 0;
        for (var number = 0; number < 120; number++)
        {
            var folder = Path.Combine(_folder, $"d{number}");
            new TinyBert().WriteFolder(folder);
            var file = Path.Combine(folder, new[] { "model.safetensors", "model.safetensors", "config.json", "vocab.txt" }[random.Next(4)]);
            var bytes = File.ReadAllBytes(file);

            // The head of the weights holds all that can mislead; what a weight is does not matter here.
            var reach = file.EndsWith(".safetensors", StringComparison.Ordinal) ? 3_000 : bytes.Length;
            for (var hit = random.Next(1, 6); hit > 0; hit--)
                bytes[random.Next(reach)] = (byte)random.Next(256);
            File.WriteAllBytes(file, random.Next(4) == 0 ? bytes[..random.Next(bytes.Length)] : bytes);

            var code = await Refusal(folder, number);

            Assert.Matches(StableCode(), code ?? "imported");
            refused += code is null ? 0 : 1;
        }

        output.WriteLine($"{refused} of 120 refused");
        Assert.InRange(refused, 60, 120);
    }

    private async Task<string?> Refusal(string folder, int number)
    {
        try
        {
            var options = new EncoderImportOptions { Directory = folder, Name = "bad", Output = Target(number), Overwrite = true, Precision = EncoderPrecision.Fp32 };
            await Task.Run(() => EncoderImporter.ImportAsync(options, null, default)).WaitAsync(Patience);
            Directory.Delete(Target(number), recursive: true);
            return null;
        }
        catch (StreamingException error)
        {
            return error.Code;
        }
        catch (Exception error)
        {
            return $"{error.GetType().Name}: {error.Message}";
        }
    }

    private string Target(int number) => Path.Combine(_folder, $"bundle{number}");

    [GeneratedRegex("^[a-z][a-z0-9]*(_[a-z0-9]+)*$")]
    private static partial Regex StableCode();
}
