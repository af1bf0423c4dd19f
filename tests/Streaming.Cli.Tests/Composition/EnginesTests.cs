using Streaming.Cli.Composition;
using Streaming.Core;

namespace Streaming.Cli.Tests.Composition;

public class EnginesTests
{
    [Fact]
    public void Create_NoName_GivesTheDefault() => Assert.Equal(Engines.Default, Engines.Create(null).Name);

    [Fact]
    public void Create_EachEngine_IsItOrSaysWhyNot()
    {
        Assert.NotEmpty(Engines.All);
        foreach (var engine in Engines.All)
        {
            if (engine.MissingBecause is null)
            {
                Assert.Equal(engine.Name, Engines.Create(engine.Name).Name);
                continue;
            }

            var error = Assert.Throws<StreamingException>(() => Engines.Create(engine.Name));
            Assert.Equal(("engine_unavailable", ExitCode.DependencyUnavailable), (error.Code, error.ExitCode));
            Assert.Contains(engine.MissingBecause, error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Create_UnknownName_IsAUsageErrorThatNamesTheChoices()
    {
        var error = Assert.Throws<StreamingException>(() => Engines.Create("flink"));
        Assert.Equal(("unknown_engine", ExitCode.Usage), (error.Code, error.ExitCode));
        Assert.All(Engines.All, engine => Assert.Contains(engine.Name, error.Message, StringComparison.Ordinal));
    }
}
