using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Streaming.Learning.Retraining;

/// <summary>How the journal lies on disk.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(RetrainState))]
[JsonSerializable(typeof(LedgerLine))]
[JsonSerializable(typeof(RetrainPlan))]
[JsonSerializable(typeof(RetrainOutcome))]
public sealed partial class RetrainJson : JsonSerializerContext
{
    private static readonly Lazy<RetrainJson> FileInstance = new(CreateOnDisk);

    /// <summary>The form on disk.</summary>
    public static RetrainJson OnDisk => FileInstance.Value;

    private static RetrainJson CreateOnDisk() => new(new JsonSerializerOptions(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
