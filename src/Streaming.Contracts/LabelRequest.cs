using System.Text.Json;
using System.Text.Json.Serialization;

namespace Streaming.Contracts;

/// <summary>A text that somebody should label (<c>schemas/label-request.v1.json</c>).</summary>
public sealed record LabelRequest
{
    /// <summary>Identity: made of topology, document and text, so that a replay asks for the same thing again and not for another.</summary>
    public required string Id { get; init; }

    /// <summary>Document the text is from.</summary>
    public required string DocumentId { get; init; }

    /// <summary>The text exactly as it arrived. Data, never instruction.</summary>
    public required string Text { get; init; }

    /// <summary>What to label it for; at least one.</summary>
    public required IReadOnlyList<LabelTask> Tasks { get; init; }

    /// <summary>What the model found.</summary>
    public required LabelGuess Guess { get; init; }

    /// <summary>How unsure it was, task by task; empty where nothing was measured.</summary>
    public IReadOnlyList<TaskUncertainty> Uncertainty { get; init; } = [];

    /// <summary>Why it was chosen; at least one.</summary>
    public required IReadOnlyList<SelectionReason> Reasons { get; init; }

    /// <summary>What to label first: 0–1, higher is sooner.</summary>
    public required double Priority { get; init; }

    /// <summary>True for a randomly chosen text: quality is estimated on these, and they are never trained on.</summary>
    public bool ControlSlice { get; init; }

    /// <summary>Where the text came from, as the producer said.</summary>
    public string? Source { get; init; }

    /// <summary>BCP 47 tag, as the producer gave it.</summary>
    public string? Language { get; init; }

    /// <summary>Topology that asks.</summary>
    public required string Topology { get; init; }

    /// <summary>Name of the model that guessed.</summary>
    public required string Model { get; init; }

    /// <summary>Its version.</summary>
    public required string ModelVersion { get; init; }

    /// <summary>When it was chosen.</summary>
    public required DateTimeOffset RequestedAt { get; init; }

    /// <summary>Fields this version does not know; kept and passed on.</summary>
    [JsonExtensionData]
    public IDictionary<string, JsonElement>? Unknown { get; set; } // Settable: a source-generated serialiser cannot bind extension data to an init property.
}
