using System.Text.Json;
using Streaming.Cli.Tests.Running;

namespace Streaming.Cli.Tests.Models;

public sealed class BenchCommandTests : IDisposable
{
    private const string Messages = "{\"text\":\"Angela Merkel was born in Hamburg.\"}\n\n{\"text\":\"broken\nplain text about a good pizza\r\n";

    private readonly Binary _binary = new();

    [StarterFact]
    public async Task BenchPipeline_SmallFile_CountsEveryLineOnceARepeat()
    {
        var file = _binary.Write("small.jsonl", Messages);
        var result = (await _binary.RunAsync("bench", "pipeline", "--input", file, "--repeat", "2", "--threads", "1", "--json")).Json();
        Assert.Equal(6, result.GetProperty("documents").GetInt64());
        Assert.Equal(2, result.GetProperty("dead_lettered").GetInt64());
        Assert.True(result.GetProperty("spans").GetInt64() > 0);
        Assert.InRange(result.GetProperty("padded_tokens").GetInt64(), result.GetProperty("tokens").GetInt64(), long.MaxValue);
        Assert.True(result.GetProperty("tokens").GetInt64() > 0);
        Assert.True(result.GetProperty("peak_memory_bytes").GetInt64() > 10_000_000);
    }

    [StarterFact]
    public async Task BenchPipeline_WithComparisons_EncodesTheSameTokens()
    {
        var file = _binary.Write("small.jsonl", Messages);
        var result = (await _binary.RunAsync("bench", "pipeline", "--input", file, "--heads", "ner,topic", "--rounds", "2", "--reference", "--one-head", "--shadow", "--json")).Json();
        Assert.Equal(["ner", "topic"], result.GetProperty("heads").EnumerateArray().Select(static head => head.GetString()));
        Assert.Equal(result.GetProperty("tokens").GetInt64(), result.GetProperty("reference").GetProperty("tokens").GetInt64());
        Assert.Equal(result.GetProperty("tokens").GetInt64(), result.GetProperty("one_head").GetProperty("tokens").GetInt64());
        Assert.Equal(result.GetProperty("tokens").GetInt64(), result.GetProperty("shadowed").GetProperty("tokens").GetInt64());
        Assert.True(result.GetProperty("shadowed_cpu_ratio").GetDouble() > 0);
        Assert.Equal(2, result.GetProperty("rounds").GetArrayLength());
        Assert.True(result.GetProperty("ratio").GetDouble() > 0);
        Assert.True(result.GetProperty("paired_ratio").GetDouble() > 0);
        Assert.True(result.GetProperty("all_heads_vs_one").GetDouble() > 0);
    }

    [StarterFact]
    public async Task BenchPipeline_UnknownHead_NamesThoseThereAre()
    {
        var finished = await _binary.RunAsync("bench", "pipeline", "--heads", "colour");
        finished.FailedWith(2, "head_not_found");
        Assert.Contains("ner, topic, sentiment, absa", finished.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task BenchPipeline_NullModelSeveralSizes_ARowEach()
    {
        var file = _binary.Write("small.jsonl", Messages);
        var result = (await _binary.RunAsync("bench", "pipeline", "--input", file, "--model", "null", "--documents", "100,1000", "--json")).Json();
        Assert.Equal([100L, 1000L], result.GetProperty("rows").EnumerateArray().Select(static row => row.GetProperty("documents").GetInt64()));
        Assert.All(result.GetProperty("rows").EnumerateArray(), static row => Assert.True(row.GetProperty("cpu_microseconds_per_document").GetDouble() > 0));
    }

    [StarterFact]
    public async Task BenchPipeline_IntoTheFakeAtLowLoad_AcknowledgesEvery()
    {
        var result = (await _binary.RunAsync("bench", "pipeline", "--sink", "fake", "--rate", "20", "--seconds", "2", "--json")).Json();
        Assert.Equal((40, 40), (result.GetProperty("documents").GetInt32(), result.GetProperty("acknowledged").GetInt32()));
        Assert.InRange(result.GetProperty("p50_ms").GetDouble(), 0.01, result.GetProperty("p99_ms").GetDouble());
    }

    [StarterFact]
    public async Task BenchPipeline_SharedDuplicates_RunsFewerTokens()
    {
        var file = _binary.Write("same.jsonl", "the very same text about a good pizza\n");
        var each = (await _binary.RunAsync("bench", "pipeline", "--input", file, "--documents", "200", "--json")).Json();
        var shared = (await _binary.RunAsync("bench", "pipeline", "--input", file, "--documents", "200", "--share-duplicates", "10", "--json")).Json();
        Assert.Equal(200, shared.GetProperty("documents").GetInt64());
        Assert.Equal(each.GetProperty("spans").GetInt64(), shared.GetProperty("spans").GetInt64());
        Assert.True(shared.GetProperty("tokens").GetInt64() < each.GetProperty("tokens").GetInt64() / 2);
    }

    [Theory]
    [InlineData("kafka_bootstrap_missing", "--source", "kafka")]
    [InlineData("elasticsearch_url_missing", "--sink", "elasticsearch")]
    [InlineData("usage", "--reference", "--reference")]
    [InlineData("usage", "--documents", "many")]
    [InlineData("usage", "--kcat", "--kcat")]
    public async Task BenchPipeline_SomethingMissing_SaysWhat(string code, string option, string value) =>
        (await _binary.RunAsync(["bench", "pipeline", "--model", "null", option, .. option == value ? Array.Empty<string>() : [value]])).FailedWith(2, code);

    [Theory]
    [InlineData("tokenizer")]
    [InlineData("encoder")]
    [InlineData("pipeline")]
    public async Task Bench_NoSuchInput_IsCoded(string what) =>
        (await _binary.RunAsync("bench", what, "--input", "nowhere.jsonl")).FailedWith(2, "input_not_found");

    [StarterFact]
    public async Task Bench_FileWithoutMessages_IsCoded()
    {
        var file = _binary.Write("empty.jsonl", "\n\r\n");
        (await _binary.RunAsync("bench", "tokenizer", "--input", file)).FailedWith(2, "input_empty");
        (await _binary.RunAsync("bench", "pipeline", "--input", file)).FailedWith(2, "input_empty");
    }

    [StarterFact]
    public async Task BenchTokenizer_SmallFile_LeavesOutWhatCannotBeDecoded()
    {
        var file = _binary.Write("small.jsonl", Messages);
        var result = (await _binary.RunAsync("bench", "tokenizer", "--input", file, "--json")).Json();
        Assert.Equal(2, result.GetProperty("documents").GetInt32());
        Assert.True(result.GetProperty("tokens_per_second").GetDouble() > 0);
    }

    [StarterFact]
    public async Task BenchEncoder_Bundle_CountsFramingTokens()
    {
        var file = _binary.Write("one.jsonl", "the\n");
        var result = (await _binary.RunAsync("bench", "encoder", "--input", file, "--threads", "1", "--rounds", "1", "--json")).Json();
        Assert.Equal(3, result.GetProperty("tokens").GetInt64());
        Assert.Equal("int8", result.GetProperty("encoders")[0].GetProperty("encoder").GetString());
    }

    [Fact]
    public async Task BenchEncoder_FolderWithoutCheckpoint_IsCoded() =>
        (await _binary.RunAsync("bench", "encoder", "--encoder", ".")).FailedWith(2, "model_not_found");

    [Fact]
    public async Task BenchEngine_FewDocuments_AllGoThrough()
    {
        JsonElement result = (await _binary.RunAsync("bench", "engine", "--documents", "2000", "--json")).Json();
        Assert.Equal(2000, result.GetProperty("documents").GetInt32());
    }

    [Fact]
    public async Task BenchEngine_NotANumber_SaysTheRange()
    {
        var finished = await _binary.RunAsync("bench", "engine", "--documents", "0");
        finished.FailedWith(2, "usage");
        Assert.Contains("1 to 100000000", finished.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task BenchTraining_SmallCheckpoint_CountsTokensOfAStep()
    {
        var checkpoint = SmallCheckpoint.Write(_binary.Write("checkpoint", "") + ".folder", "good");
        var result = (await _binary.RunAsync("bench", "training", "--encoder", checkpoint, "--tokens", "96", "--length", "16", "--threads", "1", "--steps", "2", "--json")).Json();
        Assert.Equal("onnx", result.GetProperty("backend").GetString());
        Assert.Equal(96, result.GetProperty("tokens").GetInt32());
        Assert.True(result.GetProperty("trainable_parameters").GetInt64() > 10_000);
        Assert.True(result.GetProperty("tokens_per_second").GetDouble() > 0);
    }

    public void Dispose() => _binary.Dispose();
}
