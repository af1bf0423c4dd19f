using System.Text.Json;

namespace Streaming.Cli.Tests;

/// <summary>How a command ended.</summary>
public sealed record CliResult(int Exit, string Output, string Error)
{
    /// <summary>Its output as one JSON value.</summary>
    public JsonElement Json => JsonElement.Parse(Output);

    /// <summary>Fails, with everything that was said, unless the command ended so.</summary>
    public CliResult Expect(int exit)
    {
        Assert.True(Exit == exit, $"ended with {Exit}, not {exit}\n{Output}\n{Error}");
        // Nothing may look like a stack trace, however it ends.
        Assert.DoesNotContain("   at ", Error, StringComparison.Ordinal);
        Assert.DoesNotContain("Unhandled exception", Error, StringComparison.OrdinalIgnoreCase);
        return this;
    }

    /// <summary>Fails unless the command ended so, with one error of that code.</summary>
    public CliResult ExpectError(int exit, string code)
    {
        Expect(exit);
        Assert.Contains($"error {code}: ", Error, StringComparison.Ordinal);
        return this;
    }
}
