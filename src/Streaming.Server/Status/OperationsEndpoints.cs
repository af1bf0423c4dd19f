using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Streaming.Server.DeadLetters;
using Streaming.Server.Http;
using Streaming.Server.Search;

namespace Streaming.Server.Status;

/// <summary>Health, metrics, status and dead letters.</summary>
internal static class OperationsEndpoints
{
    public static void Map(IEndpointRouteBuilder routes, ServerParts parts)
    {
        routes.MapGet("/health/live", static IResult () => Results.Json(new HealthResult("live"), ServerJson.Wire.HealthResult))
            .WithName("live").WithSummary("The process is there").Produces<HealthResult>();

        routes.MapGet("/health/ready", IResult () =>
                parts.NotReadyBecause() is { } reason
                    ? Results.Json(new HealthResult("not_ready", reason), ServerJson.Wire.HealthResult, statusCode: 503)
                    : Results.Json(new HealthResult("ready"), ServerJson.Wire.HealthResult))
            .WithName("ready").WithSummary("Warmed up, and its partitions are assigned").Produces<HealthResult>().Produces<HealthResult>(503);

        routes.MapGet("/metrics", IResult () => Results.Text(
                (parts.Metrics ?? throw Unavailable.Part("metrics"))(), "text/plain; version=0.0.4; charset=utf-8"))
            .WithName("metrics").WithSummary("Metrics in Prometheus' text format").Produces<string>(200, "text/plain");

        routes.MapGet("/v1/status", async Task<IResult> (HttpContext context) =>
            {
                var status = parts.Status ?? throw Unavailable.Part("status");
                return Results.Json(await status.ReadAsync(context.RequestAborted).ConfigureAwait(false), ServerJson.Wire.ServerStatus);
            })
            .WithName("status").WithSummary("How far each topology is").Produces<ServerStatus>();

        routes.MapGet("/v1/dead-letters", async Task<IResult> (HttpContext context) =>
            {
                var reader = parts.DeadLetters ?? throw Unavailable.Part("dead letters");
                string? limit = context.Request.Query["limit"];
                string? topology = context.Request.Query["topology"];
                var letters = await reader.ListAsync(
                    string.IsNullOrEmpty(topology) ? null : topology,
                    string.IsNullOrEmpty(limit) ? 100 : SearchParameters.ParseCount("limit", limit, 1, 1_000),
                    context.RequestAborted).ConfigureAwait(false);
                return Results.Json(new DeadLetterList([.. letters.Select(DeadLetterView.Of)]), ServerJson.Wire.DeadLetterList);
            })
            .WithName("deadLetters").WithSummary("The newest messages that were given up")
            .WithParameter("topology", "Only this topology's.").WithParameter("limit", "1–1,000; 100 unless told.")
            .Produces<DeadLetterList>();
    }
}
