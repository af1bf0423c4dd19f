namespace Streaming.Core.Models.Registry;

/// <summary>Deleting what nobody needs any more. Manifests and decisions stay.</summary>
public sealed partial class ModelRegistry
{
    /// <summary>
    /// How long a bundle stays when it has gone out of use, or was only just put in: a process that has not heard of it yet may still
    /// open it, and whoever puts one in decides about it a moment later.
    /// </summary>
    public static readonly TimeSpan Settled = TimeSpan.FromHours(1);

    /// <summary>
    /// Deletes what no channel needs: bundles not in force, nor being tried, nor among the latest <paramref name="keep"/> before it. Half
    /// copies that a crash left behind go too. For a person, who knows that nobody is about to promote anything.
    /// </summary>
    /// <returns>Digests of the bundles deleted.</returns>
    public async ValueTask<IReadOnlyList<string>> CollectAsync(int keep, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(keep);
        using var turn = await TurnAsync(cancellationToken).ConfigureAwait(false);
        if (!System.IO.Directory.Exists(Bundles))
            return [];
        CollectEvidence(TimeSpan.Zero);
        foreach (var part in System.IO.Directory.EnumerateFiles(Directory, "*.part", SearchOption.AllDirectories).Where(part => IsOlder(part, Settled)).ToList())
            File.Delete(part);
        var here = System.IO.Directory.EnumerateDirectories(Bundles).Select(static folder => Path.GetFileName(folder)).Order(StringComparer.Ordinal).ToList();
        return Delete([.. here.Except(Needed(_ => keep))]);
    }

    /// <summary>
    /// Deletes bundles that a channel has left behind: those it once had in force or tried, but for the latest <paramref name="keep"/> in
    /// force before. What another channel has, or ever had, in force stays, and so does what was in use within <see cref="Settled"/>.
    /// </summary>
    /// <param name="name">Bundle name.</param>
    /// <param name="channel">The channel's own name.</param>
    /// <param name="keep">For rollbacks; at least 0.</param>
    /// <param name="cancellationToken">Gives up waiting for the turn.</param>
    /// <returns>Digests of the bundles deleted.</returns>
    public async ValueTask<IReadOnlyList<string>> RetainAsync(string name, string channel, int keep, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(keep);
        using var turn = await TurnAsync(cancellationToken).ConfigureAwait(false);
        CollectEvidence(Settled);
        var now = Channel(name, channel);
        var needed = Needed(other => other.Name == name && other.Channel == channel ? keep : int.MaxValue);
        return Delete([.. now.Before.Concat(now.Events.Select(static decided => decided.Digest)).Distinct()
            .Where(digest => !needed.Contains(digest) && Holds(digest) && IsOlder(FolderOf(digest), Settled))]);
    }

    private HashSet<string> Needed(Func<ModelChannel, int> keep)
    {
        var needed = new HashSet<string>(StringComparer.Ordinal);
        foreach (var channel in AllChannels())
        {
            needed.Add(channel.Current);
            if (channel.Rollout is { } rollout)
                needed.Add(rollout.Digest);
            needed.UnionWith(channel.Before.TakeLast(keep(channel)));
        }

        return needed;
    }

    private IReadOnlyList<string> Delete(IReadOnlyList<string> digests)
    {
        System.IO.Directory.CreateDirectory(Staging);
        // Out of sight in one step first: a folder half deleted must not look like a bundle.
        foreach (var digest in digests)
            System.IO.Directory.Move(FolderOf(digest), Path.Combine(Staging, Guid.NewGuid().ToString("n")));
        System.IO.Directory.Delete(Staging, recursive: true);
        return digests;
    }

    private void CollectEvidence(TimeSpan age)
    {
        if (!System.IO.Directory.Exists(Rollouts))
            return;
        var needed = AllChannels().Where(static channel => channel.Rollout is not null).Select(channel => EvidenceFolder(channel.Name, channel.Channel, channel.Rollout!)).ToHashSet(StringComparer.Ordinal);
        foreach (var folder in System.IO.Directory.EnumerateDirectories(Rollouts).Where(folder => !needed.Contains(folder) && IsOlder(folder, age)).ToList())
            System.IO.Directory.Delete(folder, recursive: true);
    }

    // The moment a bundle went out of use is that of its folder.
    private void Leave(string digest)
    {
        if (digest.Length > 0 && Holds(digest))
            System.IO.Directory.SetLastWriteTimeUtc(FolderOf(digest), time.GetUtcNow().UtcDateTime);
    }

    private bool IsOlder(string path, TimeSpan age) => time.GetUtcNow().UtcDateTime - File.GetLastWriteTimeUtc(path) >= age;
}
