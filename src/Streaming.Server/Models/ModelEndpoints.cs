using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Streaming.Core;
using Streaming.Learning.Provenance;
using Streaming.Server.Http;

namespace Streaming.Server.Models;

/// <summary>Quality over time, and where documents come from.</summary>
internal static class ModelEndpoints
{
    public static void Map(IEndpointRouteBuilder routes, ServerParts parts)
    {
        routes.MapGet("/v1/models/history", IResult () => Results.Json((parts.History ?? throw Unavailable.Part("the model's history"))(), ServerJson.Wire.ModelHistory))
            .WithName("modelHistory").WithSummary("Decisions about the model, with what was measured").Produces<ModelHistory>();

        routes.MapGet("/v1/lineage", async Task<IResult> (HttpContext context) =>
            {
                var lineage = parts.Lineage ?? throw Unavailable.Part("lineage");
                var search = parts.Search ?? throw Unavailable.Part("search");
                string? id = context.Request.Query["document"];
                if (string.IsNullOrEmpty(id))
                    throw new StreamingException("invalid_parameter", "name a document: GET /v1/lineage?document=ID");
                return await search.GetAsync(id, context.RequestAborted).ConfigureAwait(false) is { } document
                    ? Results.Json(await lineage.OfDocumentAsync(document, context.RequestAborted).ConfigureAwait(false), ServerJson.Wire.DocumentLineage)
                    : Problem.Of(StatusCodes.Status404NotFound, "document_not_found", "there is no document with this id");
            })
            .WithName("lineage").WithSummary("From a document to the bundle, its parents, their labels, prompts and costs")
            .WithParameter("document", "Id of the document.").Produces<DocumentLineage>().ProducesProblem(StatusCodes.Status404NotFound);
    }
}
