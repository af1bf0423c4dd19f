using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Streaming.Contracts;

namespace Streaming.Core.Models.Registry;

/// <summary>A channel of the registry: which bundle of a name is in force for those who follow it, and every decision that led there.</summary>
public sealed record ModelChannel
{
    /// <summary>Channel that is followed when none is named.</summary>
    public const string Stable = "stable";

    /// <summary>Bundle name.</summary>
    public required string Name { get; init; }

    /// <summary>The channel's own name.</summary>
    public required string Channel { get; init; }

    /// <summary>Digest of the bundle in force; empty while none is.</summary>
    public string Current { get; init; } = "";

    /// <summary>Digests that were in force before, latest last: what a rollback goes back to.</summary>
    public IReadOnlyList<string> Before { get; init; } = [];

    /// <summary>True while no gate may replace it.</summary>
    public bool IsPinned { get; init; }

    /// <summary>A candidate on its way into force; null: none.</summary>
    public ModelRollout? Rollout { get; init; }

    /// <summary>Decisions, oldest first; the latest <see cref="MaxEvents"/>.</summary>
    public IReadOnlyList<ModelEvent> Events { get; init; } = [];

    /// <summary>Most events kept.</summary>
    public const int MaxEvents = 2_000;

    /// <summary>The event that put <see cref="Current"/> in force; null while none is.</summary>
    [JsonIgnore]
    public ModelEvent? InForce => Events.LastOrDefault(e => e.Digest == Current && e.Kind is ModelEventKind.Promoted or ModelEventKind.RolledBack);

    /// <summary>Number of the latest decision; 0 before the first.</summary>
    [JsonIgnore]
    public long LastSequence => Events.Count == 0 ? 0 : Events[^1].Sequence;

    /// <summary>The channel after one more decision, numbered here.</summary>
    internal ModelChannel With(ModelEvent decision)
    {
        var numbered = decision with { Sequence = LastSequence + 1 };
        var kept = Events.Count < MaxEvents ? Events : Events.Skip(Events.Count - MaxEvents + 1);
        return this with { Events = [.. kept, numbered] };
    }
}

/// <summary>How channels lie on disk.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true,
    UseStringEnumConverter = true,
    WriteIndented = true,
    NewLine = "\n")]
[JsonSerializable(typeof(ModelChannel))]
internal sealed partial class ChannelJson : JsonSerializerContext
{
    private static readonly Lazy<ChannelJson> FileInstance = new(CreateOnDisk);

    public static ChannelJson OnDisk => FileInstance.Value;

    private static ChannelJson CreateOnDisk() => new(new JsonSerializerOptions(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
