using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Streaming.Core;

namespace Streaming.Server.Http;

/// <summary>An error as RFC 9457 has it, with a stable <see cref="Code"/>.</summary>
public sealed record Problem
{
    /// <summary>Identifies the kind of problem.</summary>
    public required string Type { get; init; }

    /// <summary>The status in words.</summary>
    public required string Title { get; init; }

    /// <summary>HTTP status.</summary>
    public required int Status { get; init; }

    /// <summary>What was wrong and what to do.</summary>
    public required string Detail { get; init; }

    /// <summary>Stable, lower_snake_case.</summary>
    public required string Code { get; init; }

    [JsonIgnore]
    internal const string ContentType = "application/problem+json";

    internal static Problem Create(int status, string code, string detail) => new()
    {
        Type = "urn:streaming:problem:" + code,
        Title = status switch
        {
            400 => "Bad request",
            401 => "Not authenticated",
            403 => "Forbidden",
            404 => "Not found",
            405 => "Method not allowed",
            413 => "Too large",
            415 => "Unsupported media type",
            422 => "Cannot be processed",
            503 => "Unavailable",
            _ => "Internal error",
        },
        Status = status,
        Detail = detail,
        Code = code,
    };

    internal static IResult Of(int status, string code, string detail) =>
        Results.Json(Create(status, code, detail), ServerJson.Wire.Problem, ContentType, status);

    internal static async Task WriteAsync(HttpContext context, int status, string code, string detail)
    {
        if (context.Response.HasStarted)
        {
            context.Abort();
            return;
        }

        context.Response.Clear();
        SecurityHeaders.Apply(context.Response.Headers);
        await Of(status, code, detail).ExecuteAsync(context).ConfigureAwait(false);
    }

    internal static int StatusOf(StreamingException error) => error.ExitCode switch
    {
        ExitCode.DependencyUnavailable => StatusCodes.Status503ServiceUnavailable,
        ExitCode.CheckFailed => StatusCodes.Status422UnprocessableEntity,
        _ => StatusCodes.Status400BadRequest,
    };
}
