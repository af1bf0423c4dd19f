using Streaming.Cli.CommandLine;
using Streaming.Testing.Fakes;

namespace Streaming.Cli.Tests.CommandLine;

public sealed class ProgressLineTests
{
    [Fact]
    public void Report_TheEndAgainAndAgain_IsPrintedOnceUntilSomethingElseIsToSay()
    {
        using var error = new StringWriter { NewLine = "\n" };
        var context = new CliContext { Out = TextWriter.Null, Error = error, OpenInput = static () => Stream.Null, Environment = new Dictionary<string, string>(), Time = new ManualTimeProvider() };
        using var line = new ProgressLine(context);

        line.Report("enriching", 0, 10);
        line.Report("enriching", 5, 10);
        line.Report("enriching", 10, 10, "model 1");
        line.Report("enriching", 10, 10, "model 1");
        line.Report("enriching", 10, 10, "model 2");
        line.Report("learning", 10, 10);

        Assert.Equal("enriching   0 %\nenriching 100 %, model 1\nenriching 100 %, model 2\nlearning 100 %\n", error.ToString());
    }
}
