using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Streaming.Contracts;
using Streaming.Core.Search;
using Streaming.Learning.Provenance;
using Streaming.Server.Analysis;
using Streaming.Server.DeadLetters;
using Streaming.Server.Ingest;
using Streaming.Server.Labelling;
using Streaming.Server.Models;
using Streaming.Server.Search;
using Streaming.Server.Status;

namespace Streaming.Server.Http;

/// <summary>Serialisers of what the server and the command line print: snake_case names, nulls left out, no reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(SearchResult))]
[JsonSerializable(typeof(SuggestResult))]
[JsonSerializable(typeof(FacetValue))]
[JsonSerializable(typeof(TextSpan))]
[JsonSerializable(typeof(EnrichedDocument))]
[JsonSerializable(typeof(AnalyzeRequest))]
[JsonSerializable(typeof(AnalyzeResult))]
[JsonSerializable(typeof(IngestResult))]
[JsonSerializable(typeof(ServerStatus))]
[JsonSerializable(typeof(ModelHistory))]
[JsonSerializable(typeof(DocumentLineage))]
[JsonSerializable(typeof(ModelLineage))]
[JsonSerializable(typeof(DeadLetterList))]
[JsonSerializable(typeof(DeadLetterView))]
[JsonSerializable(typeof(LabellingQueue))]
[JsonSerializable(typeof(LabellingAnswer))]
[JsonSerializable(typeof(LabellingItem))]
[JsonSerializable(typeof(LabellingTarget))]
[JsonSerializable(typeof(LabellingResult))]
[JsonSerializable(typeof(AgreementReport))]
[JsonSerializable(typeof(Problem))]
[JsonSerializable(typeof(HealthResult))]
[JsonSerializable(typeof(string))]
public sealed partial class ServerJson : JsonSerializerContext
{
    /// <summary>The wire form: like <see cref="Default"/>, and text outside ASCII is written as it is.</summary>
    public static ServerJson Wire => WireInstance.Value;

    private static readonly Lazy<ServerJson> WireInstance = new(CreateWire);

    private static ServerJson CreateWire() => new(new JsonSerializerOptions(Default.Options)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
