using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Streaming.Core;
using Streaming.Server.Analysis;
using Streaming.Server.Http;
using Streaming.Server.Ingest;
using Streaming.Server.Labelling;
using Streaming.Server.Models;
using Streaming.Server.Page;
using Streaming.Server.Search;
using Streaming.Server.Status;

namespace Streaming.Server;

/// <summary>The HTTP side: ingest, search, analysis, operations, and the search page.</summary>
public sealed class StreamingServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private StreamingServer(WebApplication app, Uri address)
    {
        _app = app;
        Address = address;
    }

    /// <summary>Where it listens.</summary>
    public Uri Address { get; }

    /// <summary>Starts listening.</summary>
    /// <exception cref="StreamingException"><c>token_required</c>: not loopback and no token.</exception>
    /// <exception cref="DependencyUnavailableException"><c>port_unavailable</c>.</exception>
    public static async Task<StreamingServer> StartAsync(ServerOptions options, ServerParts parts, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(parts);
        if (options.Token is null && !IPAddress.IsLoopback(options.Address))
            throw new StreamingException("token_required", $"the server would be open to others at {options.Address}; set a token (--token-file FILE or STREAMING_TOKEN), or listen on 127.0.0.1");
        if (options.Token is { Length: < 16 })
            throw new StreamingException("token_too_short", "the server's token has fewer than 16 characters");

        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = options.MaxRequestBytes;
            kestrel.Limits.MaxRequestLineSize = 64 * 1024;
            kestrel.Listen(options.Address, options.Port);
        });
        builder.Services.ConfigureHttpJsonOptions(static json =>
        {
            json.SerializerOptions.TypeInfoResolverChain.Insert(0, ServerJson.Wire);
            json.SerializerOptions.PropertyNamingPolicy = System.Text.Json.JsonNamingPolicy.SnakeCaseLower;
        });
        builder.Services.AddOpenApi("v1", static openApi => openApi.AddDocumentTransformer(static (document, _, _) =>
        {
            document.Info.Title = "Streaming";
            document.Info.Description = "Text in, enriched and searchable documents out.";
            return Task.CompletedTask;
        }));
        var app = builder.Build();
        app.Use(Guard(new HostGuard(options)));
        app.MapOpenApi("/openapi/{documentName}.json");
        IngestEndpoint.Map(app, options, parts);
        SearchEndpoints.Map(app, parts);
        AnalyzeEndpoint.Map(app, options, parts);
        LabellingEndpoints.Map(app, options, parts);
        OperationsEndpoints.Map(app, parts);
        ModelEndpoints.Map(app, parts);
        PageEndpoints.Map(app);
        try
        {
            await app.StartAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (error is IOException or SocketException)
        {
            await app.DisposeAsync().ConfigureAwait(false);
            throw new DependencyUnavailableException("port_unavailable", $"cannot listen on {options.Address} port {options.Port}: {error.GetBaseException().Message}. Choose another with --port (0 takes a free one)", error);
        }

        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        return new(app, new Uri(address));
    }

    /// <summary>Finishes what is being answered, within five seconds, and stops.</summary>
    public async ValueTask DisposeAsync()
    {
        using (var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5)))
            await _app.StopAsync(patience.Token).ConfigureAwait(false);
        await _app.DisposeAsync().ConfigureAwait(false);
    }

    // What routing says without words of its own.
    private static (string Code, string Detail)? Unrouted(int status) => status switch
    {
        404 => ("not_found", "there is nothing at this address; see /openapi/v1.json"),
        405 => ("method_not_allowed", "this address does not take this method; see /openapi/v1.json"),
        415 => ("unsupported_media_type", "this address does not take this content type; see /openapi/v1.json"),
        _ => null,
    };

    private static Func<RequestDelegate, RequestDelegate> Guard(HostGuard guard) => next => async context =>
    {
        SecurityHeaders.Apply(context.Response.Headers);
        if (guard.Refuse(context.Request) is { } refused)
        {
            if (refused.Status == 401)
                context.Response.Headers.WWWAuthenticate = "Bearer";
            await Problem.WriteAsync(context, refused.Status, refused.Code, refused.Detail).ConfigureAwait(false);
            return;
        }

        try
        {
            await next(context).ConfigureAwait(false);
            if (context.Response is { HasStarted: false, ContentLength: null, ContentType: null } response && Unrouted(response.StatusCode) is { } why)
                await Problem.WriteAsync(context, response.StatusCode, why.Code, why.Detail).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The caller is gone; nobody is left to tell.
        }
        catch (StreamingException error)
        {
            await Problem.WriteAsync(context, Problem.StatusOf(error), error.Code, error.Message).ConfigureAwait(false);
        }
        catch (BadHttpRequestException error)
        {
            var code = error.StatusCode switch { 413 => "request_too_large", 415 => "unsupported_media_type", _ => "bad_request" };
            await Problem.WriteAsync(context, error.StatusCode, code, error.Message).ConfigureAwait(false);
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            await Problem.WriteAsync(context, 500, "internal_error", "this is a bug: " + error.GetType().Name).ConfigureAwait(false);
        }
    };
}
