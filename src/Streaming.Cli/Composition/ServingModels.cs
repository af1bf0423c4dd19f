using Streaming.Adapters.Onnx.Running;
using Streaming.Cli.CommandLine;
using Streaming.Core;
using Streaming.Core.Models;
using Streaming.Core.Models.Bundle;
using Streaming.Core.Models.Crashes;
using Streaming.Core.Models.Registry;
using Streaming.Core.Telemetry;
using Streaming.Core.Topology;
using Streaming.Learning.Promotion;
using Streaming.Server.Models;
using Streaming.Text.Analysis;

namespace Streaming.Cli.Composition;

/// <summary>
/// The model that a running topology serves with: the bundle it names, or what is in force on the channel it follows. A change of
/// the channel, by whatever process, is loaded beside and swapped in between two batches.
/// </summary>
internal sealed class ServingModels : IAsyncDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    // Over Kafka the decisions themselves are heard of; looking is for what was missed, and for a candidate while there is one.
    private static readonly TimeSpan RareLook = TimeSpan.FromSeconds(15);

    private readonly CliContext _context;
    private readonly TopologyDefinition _topology;
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly ModelSlot _slot;
    private readonly ServingCandidate _candidate;
    private readonly CrashMarks? _marks;
    private Task _following = Task.CompletedTask;
    private string _refused = "";

    private ServingModels(CliContext context, TopologyDefinition topology, ModelRegistry? registry, ModelBundle bundle, EnrichmentModel model, CrashMarks? marks)
    {
        (_context, _topology, Registry, Bundle) = (context, topology, registry, bundle);
        _slot = new ModelSlot(model);
        _marks = marks;
        View = new ChannelView(bundle.Manifest.Name, topology.Model.Channel ?? ModelChannel.Stable);
        _candidate = new ServingCandidate(context, topology, _slot, registry, bundle.Manifest.Name, marks);
    }

    /// <summary>Hands out the model in force.</summary>
    public IModelSource Source => _slot;

    /// <summary>Its identity.</summary>
    public ModelIdentity Identity => _slot.Identity;

    /// <summary>The bundle it was made from.</summary>
    public ModelBundle Bundle { get; private set; }

    /// <summary>Swaps since the start.</summary>
    public long Swaps => _slot.Swaps;

    /// <summary>The registry that is followed; null when the topology names no channel.</summary>
    public ModelRegistry? Registry { get; }

    /// <summary>What is known of the channel that is followed.</summary>
    public ChannelView View { get; }

    /// <summary>Raised after a swap with the new bundle, on a thread of no matter whose.</summary>
    public Func<ModelBundle, CancellationToken, ValueTask>? Swapped { get; set; }

    /// <summary>Raised after this process has decided about a candidate, likewise.</summary>
    public Func<CancellationToken, ValueTask>? Decided { get; set; }

    /// <summary>Loads and warms up the first model, and follows the channel from then on.</summary>
    public static async Task<ServingModels> StartAsync(CliContext context, string? data, TopologyDefinition topology, CancellationToken cancellationToken)
    {
        var registry = topology.Model.Channel is null ? null : RegistryAccess.Open(context, data, topology.Model.Registry);
        var bundle = registry is null
            ? ModelBundle.Open(BundleLocator.Find(context, data, topology.Model.Bundle))
            : await RegistryAccess.InForceAsync(context, data, registry, topology.Model, cancellationToken);
        var marks = OpenMarks(context, data);
        EnrichmentModel model;
        try
        {
            model = await LoadAsync(context, bundle, topology, before: null, marks, cancellationToken);
        }
        catch
        {
            marks?.Dispose();
            throw;
        }

        var serving = new ServingModels(context, topology, registry, bundle, model, marks);
        try
        {
            if (topology.Labelling is { Enabled: true, SecondBundle: { } second })
                serving._candidate.UseSecond(ModelBundle.Open(BundleLocator.Find(context, data, second)));
            await serving._candidate.FollowAsync(registry?.Channel(bundle.Manifest.Name, topology.Model.Channel!).Rollout, cancellationToken);
        }
        catch
        {
            await serving.DisposeAsync();
            throw;
        }

        if (registry is not null)
            serving._following = Task.Run(serving.WatchAsync, CancellationToken.None);
        return serving;
    }

    /// <summary>Decisions on the channel that is followed.</summary>
    public ModelHistory History()
    {
        var channel = Registry!.Channel(Bundle.Manifest.Name, _topology.Model.Channel!);
        return new ModelHistory(channel.Name, channel.Channel, Identity.Version, channel.IsPinned, channel.Events)
        {
            Trial = channel.Rollout is { } rollout ? ModelTrialView.Of(rollout, RolloutControl.Evidence(Registry, channel.Name, channel.Channel, rollout)) : null,
        };
    }

    /// <summary>Looks at the channel now, swaps when it has changed, and tries what is to be tried.</summary>
    /// <returns>Whether it swapped.</returns>
    public async ValueTask<bool> CheckAsync(CancellationToken cancellationToken)
    {
        if (Registry is null)
            return false;
        View.Look(Registry);
        return await SwitchAsync(cancellationToken);
    }

    /// <summary>Swaps when what is in force, as far as <see cref="View"/> knows, is not what is served.</summary>
    /// <returns>Whether it swapped.</returns>
    public async ValueTask<bool> SwitchAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            var swapped = await FollowAsync(cancellationToken);
            if (!await _candidate.StepAsync(cancellationToken))
                return swapped;
            View.Look(Registry!);
            swapped |= await FollowAsync(cancellationToken);
            if (Decided is { } decided)
                await decided(cancellationToken);
            return swapped;
        }
        finally
        {
            _turn.Release();
        }
    }

    private async ValueTask<bool> FollowAsync(CancellationToken cancellationToken)
    {
        var (rollout, digest) = (Registry!.Channel(View.Name, View.Channel).Rollout, View.Digest);
        var next = digest.Length == 0 || digest == Bundle.Digest || digest == _refused ? null : Open(digest);
        if (next is not null)
        {
            var isHere = _candidate.Bundle?.Digest == next.Digest;
            _candidate.Gone();
            if (isHere)
                await _slot.AdoptAsync(cancellationToken);
            else
                await _slot.SwapAsync(async (before, token) => await LoadAsync(_context, next, _topology, before, _marks, token), cancellationToken);
            (Bundle, _refused) = (next, "");
            _context.Tell(new Notice(NoticeLevel.Information, "model_swapped", $"{next.Manifest.Name} {next.Manifest.Version} is in force ({next.Digest[..12]}, verified)"));
            if (Swapped is { } swapped)
                await swapped(next, cancellationToken);
            await RetainAsync(cancellationToken);
        }

        // A shared folder may still show as tried what was heard to be in force.
        await _candidate.FollowAsync(rollout?.Digest == Bundle.Digest ? null : rollout, cancellationToken);
        return next is not null;
    }

    // Whoever promoted it, a process or a person: those that serve it know how much of the past their topology wants kept.
    private async ValueTask RetainAsync(CancellationToken cancellationToken)
    {
        try
        {
            foreach (var digest in await Registry!.RetainAsync(View.Name, View.Channel, _topology.Model.KeepVersions, cancellationToken))
                _context.Tell(new Notice(NoticeLevel.Information, "model_collected", $"{View.Name} {Registry.Manifest(digest)?.Version} ({digest[..12]}) was left behind by more than model.keep_versions and is deleted from the registry"));
        }
        catch (Exception error) when (error is StreamingException or IOException)
        {
            _context.Tell(new Notice(NoticeLevel.Warning, "models_not_collected", $"old models could not be deleted from the registry: {error.Message}"));
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _following;
        await _slot.DisposeAsync();
        _marks?.Dispose();
        _stop.Dispose();
    }

    /// <summary>A model of a bundle for a topology; shares the encoder of the model before where it is the same.</summary>
    internal static async ValueTask<EnrichmentModel> LoadAsync(
        CliContext context, ModelBundle bundle, TopologyDefinition topology, IEnrichmentModel? before, CrashMarks? marks, CancellationToken cancellationToken)
    {
        SharedModelRunner runner;
        if (before?.Runner is SharedModelRunner shared && shared.Digest == bundle.Manifest.Encoder.Sha256)
        {
            runner = shared.Share();
        }
        else
        {
            var onnx = ModelAccess.Runner(context, bundle, topology.Model, topology.Batching.MaxConcurrentBatches);
            runner = new SharedModelRunner(marks is null ? onnx : new CrashGuardedRunner(onnx, bundle.Manifest.Encoder.Sha256, marks), bundle.Manifest.Encoder.Sha256);
            await onnx.WarmUpAsync(cancellationToken);
        }

        try
        {
            return ModelAccess.Compose(bundle, runner, topology);
        }
        catch
        {
            await runner.DisposeAsync();
            throw;
        }
    }

    private static CrashMarks? OpenMarks(CliContext context, string? data)
    {
        var marks = CrashMarks.TryOpen(Path.Combine(DataFolder.Resolve(context, data), "running"));
        if (marks is { Found: > 0 })
            context.Tell(new Notice(NoticeLevel.Warning, "model_crash_suspected", $"the last process ended while the model computed {marks.Found} windows of text; they are computed in small batches, and one that ends the process again and again, alone, becomes a dead letter"));
        return marks;
    }

    // A bundle that does not load must not end the stream, nor be tried again every second.
    private ModelBundle? Open(string digest)
    {
        try
        {
            var bundle = Registry!.Open(digest);
            ModelAccess.Tasks(bundle, _topology);
            return bundle;
        }
        catch (StreamingException error) when (error.Code == "model_not_in_registry")
        {
            // The decision came before the bundle, over a shared folder that lags: it is looked for again.
            _context.Tell(new Notice(NoticeLevel.Warning, error.Code, error.Message));
            return null;
        }
        catch (StreamingException error)
        {
            _refused = digest;
            _context.Tell(new Notice(NoticeLevel.Error, "model_swap_refused", $"the model in force on the channel cannot be used, so {Bundle.Manifest.Version} stays: {error.Code}: {error.Message}"));
            return null;
        }
    }

    private async Task WatchAsync()
    {
        using var timer = new PeriodicTimer(Look, _context.Time);
        var looked = _context.Time.GetTimestamp();
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                if (_topology.Source.UsesKafka && !_candidate.IsOnTrial && _context.Time.GetElapsedTime(looked) < RareLook)
                    continue;
                looked = _context.Time.GetTimestamp();
                try
                {
                    await CheckAsync(_stop.Token);
                }
                catch (Exception error) when (error is StreamingException or IOException)
                {
                    _context.Tell(new Notice(NoticeLevel.Warning, "model_channel_unreadable", $"the model's channel could not be followed: {error.Message}"));
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
    }
}
