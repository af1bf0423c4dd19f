using System.Security.Cryptography;
using System.Text.Json;
using Streaming.Contracts;
using Streaming.Core;
using Streaming.Core.Models.Registry;

namespace Streaming.Learning.Retraining;

/// <summary>
/// The journal of a topology's retrainings, in the registry's folder: one file that is replaced as a whole, a lock that the system
/// frees however its holder ends, and for each retraining the ledger of the labels it learnt from.
/// </summary>
public sealed class RetrainJournal
{
    private const int MaxFinished = 200;

    private readonly string _folder;
    private readonly string _name;

    /// <summary>The journal of a topology.</summary>
    public RetrainJournal(ModelRegistry registry, string topology)
    {
        ArgumentNullException.ThrowIfNull(registry);
        ArgumentException.ThrowIfNullOrEmpty(topology);
        _folder = Path.Combine(registry.Directory, "retraining");
        _name = topology;
    }

    /// <summary>Takes the lock; null when another process, or another task of this one, retrains.</summary>
    public IDisposable? TryLock() => AtomicFile.TryLock(Path.Combine(_folder, _name + ".lock"));

    /// <summary>The state now.</summary>
    /// <exception cref="StreamingException"><c>registry_damaged</c>.</exception>
    public RetrainState Read()
    {
        var path = StatePath;
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(path), RetrainJson.OnDisk.RetrainState) ?? throw new JsonException("it is null");
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return new RetrainState();
        }
        catch (JsonException exception)
        {
            throw new StreamingException("registry_damaged", $"The journal '{path}' cannot be read: {exception.Message} Restore it, or delete it: then all labels are learnt from again.", ExitCode.Usage, exception);
        }
    }

    /// <summary>Replaces the state. Only under the lock.</summary>
    public void Write(RetrainState state) => AtomicFile.Write(StatePath, JsonSerializer.SerializeToUtf8Bytes(state, RetrainJson.OnDisk.RetrainState));

    /// <summary>The state after a retraining has ended.</summary>
    public static RetrainState Finish(RetrainState state, RetrainOutcome outcome) => state with
    {
        LearntThrough = state.Open!.Through,
        Open = null,
        Finished = [.. state.Finished.TakeLast(MaxFinished - 1), outcome],
    };

    /// <summary>Folder of a retraining under way; deleted at its end.</summary>
    public string WorkFolder(string id) => Path.Combine(_folder, "work", id);

    /// <summary>Deletes what retrainings left behind whose process died after their end was written. Only under the lock, while none is open.</summary>
    public void Sweep()
    {
        var work = Path.Combine(_folder, "work");
        if (!Directory.Exists(work))
            return;
        foreach (var folder in Directory.EnumerateDirectories(work, _name + "-*"))
        {
            // Another topology's name may begin with this one's.
            if (Path.GetFileName(folder.AsSpan())[(_name.Length + 1)..].ContainsAnyExceptInRange('0', '9'))
                continue;
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Notes what a retraining learnt from; stays.</summary>
    public void WriteLedger(string id, IEnumerable<LabelledSample> samples)
    {
        using var buffer = new MemoryStream();
        foreach (var sample in samples)
        {
            JsonSerializer.Serialize(buffer, new LedgerLine(
                sample.Id, sample.DocumentId, sample.Task.ToName(), sample.Labeller, sample.LabellerKind.ToName(),
                sample.PromptVersion, sample.Cost, sample.Source), RetrainJson.OnDisk.LedgerLine);
            buffer.WriteByte((byte)'\n');
        }

        AtomicFile.Write(LedgerPath(id), buffer.ToArray());
    }

    /// <summary>SHA-256 of the ledger as it lies, lower-case hexadecimal.</summary>
    public string LedgerDigest(string id) => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(LedgerPath(id))));

    /// <summary>What a retraining learnt from; empty when it is not known here.</summary>
    public IReadOnlyList<LedgerLine> ReadLedger(string id) => !File.Exists(LedgerPath(id))
        ? []
        : [.. File.ReadLines(LedgerPath(id)).Where(static line => line.Length > 0).Select(static line => JsonSerializer.Deserialize(line, RetrainJson.OnDisk.LedgerLine)!)];

    private string StatePath => Path.Combine(_folder, _name + ".json");

    private string LedgerPath(string id) => Path.Combine(_folder, "ledger", id + ".jsonl");
}
