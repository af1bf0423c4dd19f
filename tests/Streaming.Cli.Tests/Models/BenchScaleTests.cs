using Streaming.Cli.Tests.Running;

namespace Streaming.Cli.Tests.Models;

public sealed class BenchScaleTests : IDisposable
{
    private readonly Binary _binary = new();

    [Fact]
    public async Task BenchScale_NoBroker_SaysWhichVariable() =>
        (await _binary.RunAsync("bench", "scale", "--processes", "1")).FailedWith(2, "kafka_bootstrap_missing");

    [Theory]
    [InlineData("0")]
    [InlineData("1,many")]
    [InlineData(",")]
    public async Task BenchScale_NumbersThatAreNone_SaysTheRange(string processes) =>
        (await _binary.RunAsync("bench", "scale", "--processes", processes)).FailedWith(2, "usage");

    public void Dispose() => _binary.Dispose();
}
