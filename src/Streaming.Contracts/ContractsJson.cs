using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Streaming.Contracts;

/// <summary>Serialisers of every message on the wire: snake_case names, nulls left out, no reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(TextMessage))]
[JsonSerializable(typeof(EnrichedDocument))]
[JsonSerializable(typeof(DeadLetter))]
[JsonSerializable(typeof(LabelRequest))]
[JsonSerializable(typeof(LabelledSample))]
[JsonSerializable(typeof(ModelEvent))]
public sealed partial class ContractsJson : JsonSerializerContext
{
    /// <summary>The wire form: like <see cref="Default"/>, and text outside ASCII is written as it is.</summary>
    /// <remarks>The relaxed encoder does not escape HTML: output is JSON, never pasted into a page.</remarks>
    public static ContractsJson Wire => WireInstance.Value;

    // Lazy: the generated half of this class initialises Default's options in an order that is not ours to know.
    private static readonly Lazy<ContractsJson> WireInstance = new(CreateWire);

    private static ContractsJson CreateWire() => new(new JsonSerializerOptions(Default.Options)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
