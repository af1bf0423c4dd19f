using Streaming.Adapters.Sqlite;
using Streaming.Adapters.Sqlite.DeadLetters;
using Streaming.Server.DeadLetters;
using StoredDeadLetter = Streaming.Server.DeadLetters.StoredDeadLetter;

namespace Streaming.Cli.Composition;

/// <summary>Shows the embedded store's dead letters to the server.</summary>
internal sealed class StoreDeadLetters(EmbeddedStore store) : IDeadLetterReader
{
    public async ValueTask<IReadOnlyList<StoredDeadLetter>> ListAsync(string? topology, int limit, CancellationToken cancellationToken)
    {
        var letters = await store.ListDeadLettersAsync(new DeadLetterQuery { Topology = topology, Size = limit }, cancellationToken);
        return [.. letters.Select(static letter => new StoredDeadLetter(letter.Id, letter.Letter))];
    }
}
