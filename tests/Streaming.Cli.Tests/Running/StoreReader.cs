using Streaming.Adapters.Sqlite;
using Streaming.Adapters.Sqlite.DeadLetters;
using Streaming.Contracts;

namespace Streaming.Cli.Tests.Running;

/// <summary>Looks into a data folder, besides the binary.</summary>
internal static class StoreReader
{
    /// <summary>Opens the store.</summary>
    public static Task<EmbeddedStore> OpenAsync(string data) =>
        EmbeddedStore.OpenAsync(Path.Combine(data, EmbeddedStore.FileName), null, TimeProvider.System, CancellationToken.None);

    /// <summary>All dead letters.</summary>
    public static async Task<IReadOnlyList<DeadLetter>> DeadLettersAsync(string data)
    {
        await using var store = await OpenAsync(data);
        return [.. (await store.ListDeadLettersAsync(new DeadLetterQuery { Size = 10_000 }, CancellationToken.None)).Select(static l => l.Letter)];
    }

    /// <summary>One document, or null.</summary>
    public static async Task<EnrichedDocument?> DocumentAsync(string data, string id)
    {
        await using var store = await OpenAsync(data);
        return await store.Search.GetAsync(id, CancellationToken.None);
    }
}
