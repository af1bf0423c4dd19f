using Streaming.Contracts;
using Streaming.Server.DeadLetters;
using Streaming.Server.Status;

namespace Streaming.Server.Tests.Fakes;

/// <summary>Fixed counts and one dead letter.</summary>
internal sealed class FakeOperations : IStatusReader, IDeadLetterReader
{
    public ServerStatus Status { get; set; } = new()
    {
        Topologies = [new() { Topology = "test", Ingested = 10, Indexed = 6, DeadLettered = 1, Filtered = 1, Deleted = 0, Backlog = 2, Model = "fake", ModelVersion = "7" }],
        Documents = 6,
        Live = new("running", 10, 8, 12.5, 9, 2),
    };

    public ValueTask<ServerStatus> ReadAsync(CancellationToken cancellationToken) => ValueTask.FromResult(Status);

    public ValueTask<IReadOnlyList<StoredDeadLetter>> ListAsync(string? topology, int limit, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyList<StoredDeadLetter>>([new(3, new DeadLetter
        {
            Topic = "text.raw", Partition = 0, Offset = 17, Timestamp = Testing.Fakes.Make.Noon, Value = [0xff, 0xfe], Stage = "decode",
            Code = ErrorCodes.InvalidUtf8, Reason = "the value is not valid UTF-8", Attempts = 1, FailedAt = Testing.Fakes.Make.Noon, Topology = topology ?? "test",
        })]);
}
