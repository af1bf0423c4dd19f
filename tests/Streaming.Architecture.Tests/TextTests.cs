using System.Text.RegularExpressions;

namespace Streaming.Architecture.Tests;

/// <summary>What must not, or must, stand in the files themselves.</summary>
public sealed partial class TextTests
{
    // Written in parts, so that this file does not find itself.
    private static readonly Regex MachinePath = new(
        "(?<![A-Za-z0-9_.~*}-])/(?:" + "work" + "|" + "tmp" + "|" + "root" + "|home/[a-z]+)/[A-Za-z0-9_.-]|[A-Z]:\\\\" + "Users\\\\");

    private static readonly Regex Unfinished = new("\\b(?:TO" + "DO|FIX" + "ME|XX" + "X)\\b|Not" + "ImplementedException");

    [Fact]
    public void Files_MachinePaths_AreAbsent()
    {
        var wrong = Repository.TextFiles
            .Where(f => !f.EndsWith("TextTests.cs", StringComparison.Ordinal))
            .SelectMany(f => Find(f, MachinePath));

        Assert.Empty(wrong);
    }

    [Fact]
    public void Sources_UnfinishedWork_IsAbsent()
    {
        var wrong = Repository.Files
            .Where(f => f.EndsWith(".cs", StringComparison.Ordinal) && !f.StartsWith("tests/Streaming.Architecture.Tests/", StringComparison.Ordinal))
            .SelectMany(f => Find(f, Unfinished));

        Assert.Empty(wrong);
    }

    [Fact]
    public void Architecture_FilesItNames_Exist()
    {
        var text = Repository.Read("ARCHITECTURE.md");
        var wrong = NamedPath().Matches(text)
            .Where(m => !Repository.Exists(m.Groups["path"].Value.TrimEnd('/')))
            .Select(m => $"ARCHITECTURE.md:{Repository.LineOf(text, m)}: there is no {m.Groups["path"].Value}");

        Assert.Empty(wrong);
    }

    [Fact]
    public void Readme_FilesItNames_Exist()
    {
        var text = Repository.Read("README.md");
        var wrong = NamedPath().Matches(text)
            .Where(m => !Repository.Exists(m.Groups["path"].Value.TrimEnd('/')))
            .Select(m => $"README.md:{Repository.LineOf(text, m)}: there is no {m.Groups["path"].Value}");

        Assert.Empty(wrong);
    }

    [Fact]
    public void Sources_Length_StaysReadable()
    {
        var wrong = Repository.Sources
            .Select(f => (File: f, Lines: Repository.Read(f).AsSpan().Count('\n')))
            .Where(f => f.Lines > 500)
            .Select(f => $"{f.File} has {f.Lines} lines");

        Assert.Empty(wrong);
    }

    private static IEnumerable<string> Find(string file, Regex pattern)
    {
        var text = Repository.Read(file);
        return pattern.Matches(text).Select(m => $"{file}:{Repository.LineOf(text, m)}: {m.Value}");
    }

    // In backticks or as a link: anything that begins in one of the top folders.
    [GeneratedRegex(@"[`(](?<path>(?:src|tests|topologies|schemas|deploy|models|samples|\.ci)/[A-Za-z0-9_./-]*)[`)]")]
    private static partial Regex NamedPath();
}
