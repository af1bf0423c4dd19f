using System.Text;
using System.Text.Json;
using Streaming.Testing;

namespace Streaming.Cli.Tests.Commands;

public sealed class TokenizeCommandTests : IDisposable
{
    private readonly CliWorld _world = new();
    private readonly string _vocabulary;

    public TokenizeCommandTests() => _vocabulary = _world.Write("vocab.txt", Golden.ReadAllBytes("wordpiece/vocab.txt"));

    [Fact]
    public async Task Tokenize_GoldenTexts_IdsAndOffsetsAreThoseOfHuggingFace()
    {
        // A text with a line feed is two texts here, and the vectors are cut at 128 tokens.
        var golden = Golden.ReadJsonLines("wordpiece/encode_128.jsonl")
            .Where(static line => !line.GetProperty("text").GetString()!.Contains('\n') && !line.GetProperty("text").GetString()!.EndsWith('\r'))
            .Where(static line => line.GetProperty("ids").GetArrayLength() < 128)
            // Lone surrogates cannot be written as UTF-8.
            .Where(static line => !line.GetProperty("text").GetString()!.AsSpan().Contains('\uFFFD'))
            .ToList();
        _world.Input = Encoding.UTF8.GetBytes(string.Concat(golden.Select(static line => line.GetProperty("text").GetString() + "\n")));

        var result = await _world.RunAsync("tokenize", "-", "--vocab", _vocabulary, "--json");

        var lines = result.Expect(0).Output.TrimEnd('\n').Split('\n');
        Assert.Equal(golden.Count, lines.Length);
        Assert.True(golden.Count > 2_000, $"only {golden.Count} texts");
        for (var i = 0; i < lines.Length; i++)
        {
            var line = JsonElement.Parse(lines[i]);
            Assert.Equal(Numbers(golden[i].GetProperty("ids")), Numbers(line.GetProperty("ids")));
            Assert.Equal(Numbers(golden[i].GetProperty("o16")), line.GetProperty("offsets").EnumerateArray().SelectMany(Numbers));
        }
    }

    [Fact]
    public async Task Tokenize_LongLine_IsNotCut()
    {
        _world.Input = Encoding.UTF8.GetBytes(string.Join(' ', Enumerable.Repeat("a", 5_000)));
        var result = await _world.RunAsync("tokenize", "-", "--vocab", _vocabulary, "--json");
        Assert.Equal(5_002, result.Expect(0).Json.GetProperty("ids").GetArrayLength());
    }

    [Fact]
    public async Task Tokenize_InvalidLine_IsNamedAndLinesStillCorrespond()
    {
        _world.Input = [.. "a\n"u8, 0xff, .. "\nb\n"u8];
        var result = await _world.RunAsync("tokenize", "-", "--vocab", _vocabulary, "--json");
        result.ExpectError(1, "invalid_utf8");
        Assert.Equal(3, result.Output.TrimEnd('\n').Split('\n').Length);
    }

    [Fact]
    public async Task Tokenize_AsData_SpecialTokenLiteralsStayText()
    {
        _world.Input = "[MASK]\n"u8.ToArray();
        Assert.Equal("101 103 102", (await _world.RunAsync("tokenize", "-", "--vocab", _vocabulary)).Expect(0).Output.Trim());
        Assert.NotEqual("101 103 102", (await _world.RunAsync("tokenize", "-", "--vocab", _vocabulary, "--as-data")).Expect(0).Output.Trim());
    }

    [Fact]
    public async Task Tokenize_MissingFiles_AreCodedErrors()
    {
        (await _world.RunAsync("tokenize", "nowhere", "--vocab", _vocabulary)).ExpectError(2, "input_not_found");
        (await _world.RunAsync("tokenize", "-", "--vocab", "nowhere.txt")).ExpectError(2, "tokenizer_missing");
        (await _world.RunAsync("tokenize", "-", "--bundle", "nowhere")).ExpectError(2, "model_not_found");
    }

    public void Dispose() => _world.Dispose();

    private static IEnumerable<int> Numbers(JsonElement array) => array.EnumerateArray().Select(static number => number.GetInt32());
}
