using System.Text;
using System.Text.Json;
using Streaming.Adapters.Sqlite;
using Streaming.Adapters.Sqlite.DeadLetters;
using Streaming.Adapters.Sqlite.Log;
using Streaming.Adapters.Sqlite.Status;
using Streaming.Contracts;
using Streaming.Core.Messaging;
using Streaming.Core.Search;

namespace Streaming.Cli.Tests.EndToEnd;

/// <summary>A data folder of one test. Looks into the store only between runs, or shortly beside them: a crash must find nobody else there.</summary>
internal sealed class DataFolderOfTest : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("streaming-e2e-");

    /// <summary>Its path.</summary>
    public string Path => _folder.FullName;

    /// <summary>A file in it.</summary>
    public string File(string name) => System.IO.Path.Combine(_folder.FullName, name);

    /// <summary>Writes a file of lines into it.</summary>
    public string WriteLines(string name, IEnumerable<string> lines)
    {
        System.IO.File.WriteAllLines(File(name), lines, new UTF8Encoding(false));
        return File(name);
    }

    /// <summary>Totals of a topology; null before its first run.</summary>
    public Task<TopologyStatus?> StatusAsync(string topology = "minimal") =>
        LookAsync<TopologyStatus?>(async store => (await store.GetStatusAsync(default)).FirstOrDefault(status => status.Topology == topology));

    /// <summary>Every dead letter.</summary>
    public Task<IReadOnlyList<StoredDeadLetter>> DeadLettersAsync() =>
        LookAsync(async store => await store.ListDeadLettersAsync(new DeadLetterQuery { Size = 10_000 }, default));

    /// <summary>Documents in the index.</summary>
    public Task<long> CountAsync() => LookAsync(async store => (await store.Search.SearchAsync(new SearchRequest { Size = 0, FacetSize = 0 }, default)).Total);

    /// <summary>Keys of every message in a topic's log.</summary>
    public Task<List<string>> LogAsync(string topic) => LookAsync(async store =>
    {
        await using var source = store.CreateSource(new EmbeddedSourceOptions { Group = "onlooker", Topics = [topic], StopAtEnd = true });
        await source.StartAsync(new Onlooker(), default);
        var keys = new List<string>();
        while (await source.ReadAsync(1_000, 8 << 20, default) is { Count: > 0 } messages)
            keys.AddRange(messages.Select(static message => Encoding.UTF8.GetString(message.Key!.Value.Span)));
        return keys;
    });

    /// <summary>Documents by id as they are on the wire, without the moment they were read at; ids without a document are left out.</summary>
    public Task<Dictionary<string, string>> DocumentsAsync(IEnumerable<string> ids) => LookAsync(async store =>
    {
        var documents = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var id in ids)
        {
            if (await store.Search.GetAsync(id, default) is { } document)
                documents.Add(id, JsonSerializer.Serialize(document with { IngestTime = default }, ContractsJson.Wire.EnrichedDocument));
        }

        return documents;
    });

    /// <inheritdoc/>
    public void Dispose()
    {
        try
        {
            _folder.Delete(recursive: true);
        }
        catch (IOException)
        {
            // A temporary folder; the system cleans it.
        }
    }

    private async Task<T> LookAsync<T>(Func<EmbeddedStore, Task<T>> look)
    {
        await using var store = await EmbeddedStore.OpenAsync(File(EmbeddedStore.FileName), null, TimeProvider.System, default);
        return await look(store);
    }

    private sealed class Onlooker : IAssignmentListener
    {
        public void OnAssigned(IReadOnlyList<PartitionCommit> partitions, int epoch)
        {
        }

        public ValueTask OnRevokingAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken cancellationToken) => default;

        public void OnLost(IReadOnlyList<TopicPartition> partitions)
        {
        }
    }
}
