using System.Collections.Frozen;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Net.Http.Headers;
using Streaming.Server.Http;

namespace Streaming.Server.Page;

/// <summary>The search page and its files, out of the assembly.</summary>
internal static class PageEndpoints
{
    private static readonly FrozenDictionary<string, string> ContentTypes = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        [".html"] = "text/html; charset=utf-8",
        [".css"] = "text/css; charset=utf-8",
        [".js"] = "text/javascript; charset=utf-8",
        [".svg"] = "image/svg+xml",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/", static Task (HttpContext context) => SendAsync(context, "index.html")).ExcludeFromDescription();
        routes.MapGet("/label", static Task (HttpContext context) => SendAsync(context, "label.html")).ExcludeFromDescription();
        routes.MapGet("/assets/{name}", static Task (HttpContext context) => SendAsync(context, (string?)context.Request.RouteValues["name"] ?? "")).ExcludeFromDescription();
        routes.MapGet("/favicon.ico", static Task (HttpContext context) => SendAsync(context, "icon.svg")).ExcludeFromDescription();
    }

    private static async Task SendAsync(HttpContext context, string name)
    {
        var stream = name.Contains('/', StringComparison.Ordinal) ? null : typeof(PageEndpoints).Assembly.GetManifestResourceStream("page/" + name);
        if (stream is null || !ContentTypes.TryGetValue(Path.GetExtension(name), out var type))
        {
            await Problem.WriteAsync(context, 404, "not_found", "there is no such file").ConfigureAwait(false);
            return;
        }

        await using (stream.ConfigureAwait(false))
        {
            var bytes = new byte[stream.Length];
            await stream.ReadExactlyAsync(bytes, context.RequestAborted).ConfigureAwait(false);
            var tag = new EntityTagHeaderValue("\"" + Convert.ToHexStringLower(SHA256.HashData(bytes).AsSpan(0, 12)) + "\"");
            context.Response.Headers.CacheControl = "no-cache";
            await Results.Bytes(bytes, type, entityTag: tag).ExecuteAsync(context).ConfigureAwait(false);
        }
    }
}
