namespace Streaming.Cli.Tests.Data;

public sealed class DataCommandTests
{
    [Fact]
    public async Task Lint_OverlappingParts_EndsWithOneAndSaysWhere()
    {
        using var world = new CliWorld();
        var train = world.Write("train.bracket", "[Ann](PER) ran\n[Bob](PER) sat\n"u8);
        var test = world.Write("test.bracket", "[Bob](PER) sat\n"u8);
        var text = (await world.RunAsync("data", "lint", train, "--against", test)).Expect(1);
        Assert.Contains("error overlap: ", text.Output, StringComparison.Ordinal);
        Assert.Contains("train.bracket:2 = test.bracket:1", text.Output, StringComparison.Ordinal);
        var json = (await world.RunAsync("data", "lint", train, "--against", test, "--json")).Expect(1).Json;
        Assert.Contains(json.GetProperty("findings").EnumerateArray(), f => f.GetProperty("code").GetString() == "overlap");
    }

    [Fact]
    public async Task Stats_Spans_CountsLabelsAndSurfaces()
    {
        using var world = new CliWorld();
        var file = world.Write("a.bracket", "[Ann Lee](PER) met [Ann Lee](PER) in [Ulm](LOC)\nnobody\n"u8);
        var json = (await world.RunAsync("data", "stats", file, "--json")).Expect(0).Json;
        Assert.Equal(2, json.GetProperty("samples").GetInt32());
        Assert.Equal(1, json.GetProperty("annotated").GetInt32());
        var person = json.GetProperty("labels").GetProperty("PER");
        Assert.Equal((2, 1, 2.0), (person.GetProperty("count").GetInt32(), person.GetProperty("surfaces").GetInt32(), person.GetProperty("mean_words").GetDouble()));
        Assert.Contains("PER", (await world.RunAsync("data", "stats", file)).Expect(0).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Convert_ThenSplit_WritesEverySampleOnce()
    {
        using var world = new CliWorld();
        var lines = string.Concat(Enumerable.Range(0, 40).Select(i => $"[Ann{i}](PER) ran {i} times\n"));
        var file = world.Write("people.bracket", System.Text.Encoding.UTF8.GetBytes(lines));
        var converted = Path.Combine(world.Folder, "people.jsonl.gz");
        (await world.RunAsync("data", "convert", file, converted)).Expect(0);
        (await world.RunAsync("data", "convert", file, converted)).ExpectError(2, "file_exists");
        (await world.RunAsync("data", "split", converted, "--parts", "train=3,test=1", "--output", world.Folder, "--to", "conll")).Expect(0);
        var train = await File.ReadAllTextAsync(Path.Combine(world.Folder, "people.train.conll"));
        var test = await File.ReadAllTextAsync(Path.Combine(world.Folder, "people.test.conll"));
        Assert.Equal(30, train.Split("B-PER").Length - 1);
        Assert.Equal(10, test.Split("B-PER").Length - 1);
    }

    [Theory]
    [InlineData("lint")]
    [InlineData("stats")]
    public async Task AnyVerb_FileWithoutAKnownName_SaysHowToNameTheFormat(string verb)
    {
        using var world = new CliWorld();
        (await world.RunAsync("data", verb, world.Write("a.dat", "x"u8))).ExpectError(2, "data_format_unknown");
    }
}
