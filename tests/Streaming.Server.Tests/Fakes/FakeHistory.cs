using Streaming.Contracts;
using Streaming.Server.Models;

namespace Streaming.Server.Tests.Fakes;

/// <summary>A channel with a first model, a better one that was taken, and a worse one that was not.</summary>
internal static class FakeHistory
{
    public static ModelHistory Read() => new("starter", "stable", "1-r1", false,
    [
        Decided(1, ModelEventKind.Promoted, "1", "seed", []),
        Decided(2, ModelEventKind.Promoted, "1-r1", "gate", new() { ["ner.test.micro_f1.before"] = 0.41, ["ner.test.micro_f1.after"] = 0.63 }),
        Decided(3, ModelEventKind.Refused, "1-r2", "gate", new() { ["ner.test.micro_f1.before"] = 0.63, ["ner.test.micro_f1.after"] = 0.22 }),
    ]);

    private static ModelEvent Decided(long sequence, ModelEventKind kind, string version, string by, Dictionary<string, double> metrics) => new()
    {
        Sequence = sequence, Kind = kind, Name = "starter", Channel = "stable", Version = version, Digest = new string('a', 64), Reasons = [$"<b>reason</b> {sequence}"],
        Metrics = metrics, DecidedAt = new DateTimeOffset(2026, 11, 21, 12, 0, 0, TimeSpan.Zero).AddMinutes(sequence), DecidedBy = by,
    };
}
