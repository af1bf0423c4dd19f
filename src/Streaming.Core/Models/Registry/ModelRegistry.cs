using System.Text.Json;
using Streaming.Contracts;
using Streaming.Core.Models.Bundle;

namespace Streaming.Core.Models.Registry;

/// <summary>
/// Model bundles on disk, each in a folder called by its digest, and channels that say which of them is in force. A bundle is
/// copied beside its place and moved there whole; a channel is one file that is replaced as a whole, decision and reasons
/// together. So whatever step a process dies at, every bundle here verifies and every channel points to one that is here.
/// </summary>
/// <remarks>
/// <code>
/// bundles/DIGEST/manifest.json, encoder.onnx, heads/…   never changed once there
/// manifests/DIGEST.json                                 stays when the bundle is collected: the ledger of what has been
/// channels/NAME/CHANNEL.json                            in force, before, decisions
/// rollouts/NAME@CHANNEL@DECISION/PROCESS.json           what processes have counted of a candidate on its way into force
/// staging/                                              being copied; nobody looks here
/// </code>
/// Several processes may use one registry, also over a shared file system: writers take turns by a locked file.
/// </remarks>
/// <param name="directory">The registry's folder; made at the first write.</param>
/// <param name="time">Clock of decisions and of waiting for the turn.</param>
public sealed partial class ModelRegistry(string directory, TimeProvider time)
{
    private static readonly TimeSpan TurnPatience = TimeSpan.FromSeconds(30);

    /// <summary>The registry's folder.</summary>
    public string Directory { get; } = Path.GetFullPath(directory);

    private string Bundles => Path.Combine(Directory, "bundles");

    private string Manifests => Path.Combine(Directory, "manifests");

    private string Channels => Path.Combine(Directory, "channels");

    private string Staging => Path.Combine(Directory, "staging");

    /// <summary>Copies a bundle into the registry, verified; one that is here already is left as it is.</summary>
    /// <param name="bundle">A bundle anywhere.</param>
    /// <param name="cancellationToken">Gives up waiting for the turn.</param>
    /// <returns>The bundle here.</returns>
    public async ValueTask<ModelBundle> AddAsync(ModelBundle bundle, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(bundle);
        using var turn = await TurnAsync(cancellationToken).ConfigureAwait(false);
        var target = FolderOf(bundle.Digest);
        if (!System.IO.Directory.Exists(target))
        {
            var stage = Path.Combine(Staging, Guid.NewGuid().ToString("n"));
            try
            {
                StageFiles(bundle, stage);
                AtomicFile.Write(Path.Combine(Manifests, bundle.Digest + ".json"), File.ReadAllBytes(Path.Combine(stage, ModelBundle.ManifestName)));
                System.IO.Directory.CreateDirectory(Bundles);
                System.IO.Directory.Move(stage, target);
            }
            finally
            {
                if (System.IO.Directory.Exists(stage))
                    System.IO.Directory.Delete(stage, recursive: true);
            }
        }

        // Also of one that has long been here: what is decided about it comes next.
        Leave(bundle.Digest);
        return Open(bundle.Digest);
    }

    /// <summary>Opens a bundle by its digest, verified, and checks that it is the one.</summary>
    /// <exception cref="StreamingException"><c>model_not_in_registry</c>, <c>model_digest_mismatch</c>, and those of <see cref="ModelBundle.Open"/>.</exception>
    public ModelBundle Open(string digest)
    {
        if (!System.IO.Directory.Exists(FolderOf(digest)))
            throw new StreamingException("model_not_in_registry", $"The registry '{Directory}' has no bundle with the digest {digest}. See `streaming models list --registry`; a bundle that was collected must be promoted from its folder again.");
        var bundle = ModelBundle.Open(FolderOf(digest));
        return bundle.Digest == digest
            ? bundle
            : throw new StreamingException("model_digest_mismatch", $"The bundle in '{FolderOf(digest)}' is not the one its folder is called by. Delete the folder, and promote the bundle again.");
    }

    /// <summary>The manifest of a bundle that is, or was, here; null when it never was.</summary>
    public ModelManifest? Manifest(string digest)
    {
        var path = Path.Combine(Manifests, CheckDigest(digest) + ".json");
        return File.Exists(path) ? ModelBundle.Parse(File.ReadAllBytes(path)) : null;
    }

    /// <summary>Digests of all manifests that are or were here.</summary>
    public IReadOnlyList<string> Known() => !System.IO.Directory.Exists(Manifests)
        ? []
        : [.. System.IO.Directory.EnumerateFiles(Manifests, "*.json").Select(static file => Path.GetFileNameWithoutExtension(file)).Order(StringComparer.Ordinal)];

    /// <summary>True while the bundle's files are here.</summary>
    public bool Holds(string digest) => System.IO.Directory.Exists(FolderOf(digest));

    /// <summary>A channel as it is now; one that has no decision yet is empty.</summary>
    /// <exception cref="StreamingException"><c>registry_damaged</c>; <c>registry_name_invalid</c>.</exception>
    public ModelChannel Channel(string name, string channel)
    {
        var path = ChannelPath(name, channel);
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(path);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return new ModelChannel { Name = name, Channel = channel };
        }

        try
        {
            return JsonSerializer.Deserialize(bytes, ChannelJson.OnDisk.ModelChannel) ?? throw new JsonException("it is null");
        }
        catch (JsonException exception)
        {
            throw new StreamingException("registry_damaged", $"The registry's file '{path}' cannot be read: {exception.Message} Restore it, or delete it and promote the model again.", ExitCode.Usage, exception);
        }
    }

    /// <summary>Every channel, by name.</summary>
    public IReadOnlyList<ModelChannel> AllChannels()
    {
        if (!System.IO.Directory.Exists(Channels))
            return [];
        return [.. System.IO.Directory.EnumerateFiles(Channels, "*.json", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
            .Select(file => Channel(Path.GetFileName(Path.GetDirectoryName(file))!, Path.GetFileNameWithoutExtension(file)))];
    }

    /// <summary>Puts a bundle that is here in force. A promotion of what is in force already changes nothing.</summary>
    /// <param name="channel">The channel's own name.</param>
    /// <param name="bundle">The bundle, from <see cref="AddAsync"/>.</param>
    /// <param name="decision">Why, and by whom.</param>
    /// <param name="cancellationToken">Gives up waiting for the turn.</param>
    /// <remarks>A candidate that is being tried ends with it: as the one in force, or withdrawn.</remarks>
    /// <exception cref="StreamingException"><c>model_pinned</c>, <c>rollout_under_way</c> when a gate promotes though the channel is pinned, or another candidate is being tried.</exception>
    public ValueTask<ModelChannel> PromoteAsync(string channel, ModelBundle bundle, ModelDecision decision, CancellationToken cancellationToken) => ChangeAsync(
        bundle.Manifest.Name,
        channel,
        now =>
        {
            Require(bundle);
            if (now.Current == bundle.Digest)
                return now;
            CheckPin(now, decision);
            return InForce(now.Rollout?.Digest == bundle.Digest ? now : Displace(now, bundle.Manifest.Version, decision), bundle.Digest, bundle.Manifest.Version, decision);
        },
        cancellationToken);

    /// <summary>Notes that a bundle was not taken, and why. The bundle need not be here.</summary>
    public ValueTask<ModelChannel> RefuseAsync(string channel, ModelManifest manifest, string digest, ModelDecision decision, CancellationToken cancellationToken) => ChangeAsync(
        manifest.Name,
        channel,
        now => now.With(Event(now, ModelEventKind.Refused, manifest.Version, CheckDigest(digest), decision)),
        cancellationToken);

    /// <summary>Puts in force what was before, or a version told. While a candidate is being tried and no version is told, that ends instead.</summary>
    /// <param name="name">Bundle name.</param>
    /// <param name="channel">The channel's own name.</param>
    /// <param name="version">Version or digest (its beginning) to go back to; null: the one before.</param>
    /// <param name="decision">Why, and by whom.</param>
    /// <param name="cancellationToken">Gives up waiting for the turn.</param>
    /// <exception cref="StreamingException"><c>model_nothing_before</c>, <c>model_not_in_registry</c>.</exception>
    public ValueTask<ModelChannel> RollBackAsync(string name, string channel, string? version, ModelDecision decision, CancellationToken cancellationToken) => ChangeAsync(
        name,
        channel,
        now =>
        {
            if (now.Rollout is not null && version is null)
                return Leave(now, decision);
            var place = version is null ? now.Before.Count - 1 : IndexOf(now.Before, version);
            if (place < 0)
            {
                throw new StreamingException("model_nothing_before", version is null
                    ? $"Nothing was in force before on {name}@{channel}."
                    : $"No version '{version}' was in force before on {name}@{channel}; there were: {(now.Before.Count == 0 ? "none" : string.Join(", ", now.Before.Select(VersionOf)))}.");
            }

            if (now.Rollout is not null)
                now = Leave(now, decision);
            var target = now.Before[place];
            var bundle = Open(target);
            var next = now.With(Event(now, ModelEventKind.RolledBack, bundle.Manifest.Version, target, decision));
            return next with { Current = target, Before = [.. now.Before.Take(place)] };
        },
        cancellationToken);

    /// <summary>Holds a channel at what is in force, or lets it go.</summary>
    public ValueTask<ModelChannel> PinAsync(string name, string channel, bool pinned, ModelDecision decision, CancellationToken cancellationToken) => ChangeAsync(
        name,
        channel,
        now =>
        {
            if (now.Current.Length == 0)
                throw new StreamingException("model_nothing_before", $"Nothing is in force on {name}@{channel} yet. Promote a bundle first.");
            if (now.IsPinned == pinned)
                return now;
            return now.With(Event(now, pinned ? ModelEventKind.Pinned : ModelEventKind.Unpinned, VersionOf(now.Current), now.Current, decision)) with { IsPinned = pinned };
        },
        cancellationToken);

    /// <summary>Everything that is wrong: bundles that do not verify, channels that point to nothing. Empty when the registry is whole.</summary>
    public IReadOnlyList<string> Audit()
    {
        var wrong = new List<string>();
        if (System.IO.Directory.Exists(Bundles))
        {
            foreach (var digest in System.IO.Directory.EnumerateDirectories(Bundles).Select(static folder => Path.GetFileName(folder)))
                Try(() => Open(digest), wrong);
        }

        Try(
            () =>
            {
                foreach (var channel in AllChannels())
                {
                    if (channel.Current.Length > 0 && !Holds(channel.Current))
                        wrong.Add($"{channel.Name}@{channel.Channel} points to {channel.Current}, which is not here");
                    if (channel.Rollout is { } rollout && !Holds(rollout.Digest))
                        wrong.Add($"{channel.Name}@{channel.Channel} tries {rollout.Digest}, which is not here");
                    for (var i = 1; i < channel.Events.Count; i++)
                    {
                        if (channel.Events[i].Sequence != channel.Events[i - 1].Sequence + 1)
                            wrong.Add($"{channel.Name}@{channel.Channel} has a gap in its decisions before {channel.Events[i].Sequence}");
                    }
                }
            },
            wrong);
        return wrong;
    }

    private static void Try(Action check, List<string> wrong)
    {
        try
        {
            check();
        }
        catch (StreamingException error)
        {
            wrong.Add($"{error.Code}: {error.Message}");
        }
    }

    private static void StageFiles(ModelBundle bundle, string stage)
    {
        System.IO.Directory.CreateDirectory(stage);
        foreach (var path in bundle.Manifest.Files.Keys)
            Put(path, bundle.Read(path));
        Put(ModelBundle.ManifestName, File.ReadAllBytes(Path.Combine(bundle.Directory, ModelBundle.ManifestName)));
        if (ModelBundle.Open(stage).Digest != bundle.Digest)
            throw new StreamingException("model_digest_mismatch", $"The bundle in '{bundle.Directory}' changed while it was copied. Try again.");

        void Put(string path, ReadOnlySpan<byte> bytes)
        {
            var full = Path.Combine(stage, path);
            System.IO.Directory.CreateDirectory(Path.GetDirectoryName(full)!);
            using var stream = new FileStream(full, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1);
            stream.Write(bytes);
            stream.Flush(flushToDisk: true);
        }
    }

    private async ValueTask<ModelChannel> ChangeAsync(string name, string channel, Func<ModelChannel, ModelChannel> change, CancellationToken cancellationToken)
    {
        using var turn = await TurnAsync(cancellationToken).ConfigureAwait(false);
        var now = Channel(name, channel);
        var next = change(now);
        if (ReferenceEquals(now, next))
            return next;
        if (now.Current != next.Current)
            Leave(now.Current);
        if (now.Rollout is { } rollout && rollout.Digest != next.Rollout?.Digest)
            Leave(rollout.Digest);
        AtomicFile.Write(ChannelPath(name, channel), JsonSerializer.SerializeToUtf8Bytes(next, ChannelJson.OnDisk.ModelChannel));
        return next;
    }

    private ModelEvent Event(ModelChannel now, ModelEventKind kind, string version, string digest, ModelDecision decision) => new()
    {
        Sequence = 0,
        Kind = kind,
        Name = now.Name,
        Channel = now.Channel,
        Version = version,
        Digest = digest,
        PreviousVersion = now.Current.Length == 0 ? null : VersionOf(now.Current),
        PreviousDigest = now.Current.Length == 0 ? null : now.Current,
        Reasons = decision.Reasons,
        Metrics = decision.Metrics,
        DecidedAt = time.GetUtcNow(),
        DecidedBy = decision.By,
        Cycle = decision.Cycle,
    };

    private string VersionOf(string digest) => Manifest(digest)?.Version ?? digest[..12];

    private int IndexOf(IReadOnlyList<string> digests, string version)
    {
        for (var i = digests.Count - 1; i >= 0; i--)
        {
            if (VersionOf(digests[i]) == version || (version.Length >= 8 && digests[i].StartsWith(version, StringComparison.Ordinal)))
                return i;
        }

        return -1;
    }

    private string FolderOf(string digest) => Path.Combine(Bundles, CheckDigest(digest));

    private string ChannelPath(string name, string channel) => Path.Combine(Channels, CheckName(name), CheckName(channel) + ".json");

    private static string CheckName(string name) => ManifestValidator.IsName(name)
        ? name
        : throw new StreamingException("registry_name_invalid", $"'{name}' cannot be a model's or a channel's name: 1-64 of a-z 0-9 . _ -, the first a letter or digit.");

    private static string CheckDigest(string digest) => digest.Length == 64 && digest.All(char.IsAsciiHexDigitLower)
        ? digest
        : throw new StreamingException("registry_name_invalid", $"'{digest}' is not a bundle's digest: 64 hexadecimal digits in lower case.");

    private async ValueTask<IDisposable> TurnAsync(CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            if (AtomicFile.TryLock(Path.Combine(Directory, ".lock")) is { } turn)
                return turn;
            if (time.GetElapsedTime(started) > TurnPatience)
                throw new DependencyUnavailableException("registry_busy", $"Another process holds the registry '{Directory}' for more than {TurnPatience.TotalSeconds:N0} s. Wait for it, or stop it.");
            await Task.Delay(TimeSpan.FromMilliseconds(20), time, cancellationToken).ConfigureAwait(false);
        }
    }
}
