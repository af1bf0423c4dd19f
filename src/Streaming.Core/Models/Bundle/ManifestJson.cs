using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Streaming.Core.Models.Bundle;

/// <summary>Serialiser of <c>manifest.json</c>: snake_case, strict about nulls and repeated names; unknown fields of later writers are passed over.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    AllowDuplicateProperties = false,
    WriteIndented = true,
    NewLine = "\n",
    MaxDepth = 16)]
[JsonSerializable(typeof(ModelManifest))]
public sealed partial class ManifestJson : JsonSerializerContext
{
    private static readonly Lazy<ManifestJson> FileInstance = new(CreateOnDisk);

    /// <summary>The form on disk: text outside ASCII is written as it is.</summary>
    public static ManifestJson OnDisk => FileInstance.Value;

    private static ManifestJson CreateOnDisk() => new(new JsonSerializerOptions(Default.Options)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
