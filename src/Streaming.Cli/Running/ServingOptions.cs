using System.CommandLine;
using System.Net;
using Streaming.Cli.CommandLine;
using Streaming.Core;
using Streaming.Server;

namespace Streaming.Cli.Running;

/// <summary>Where a command serves HTTP: <c>--address</c>, <c>--port</c>, <c>--token-file</c>, <c>--allow-host</c>.</summary>
internal sealed class ServingOptions
{
    private const int DefaultPort = 8080;
    private readonly Option<string> _address = new("--address") { Description = "Address to listen on; other than loopback only with a token", DefaultValueFactory = static _ => "127.0.0.1", HelpName = "IP" };
    private readonly Option<int?> _port = new("--port") { Description = $"Port of the page and the HTTP interface; 0 takes a free one (default {DefaultPort}, or a free one)", HelpName = "N" };
    private readonly Option<string?> _tokenFile = new("--token-file") { Description = "File with the bearer token that calls must carry (or STREAMING_TOKEN)", HelpName = "FILE" };
    private readonly Option<string[]> _hosts = new("--allow-host") { Description = "Host name the server answers to, besides its own address", HelpName = "NAME" };

    /// <summary>Adds the options to a command.</summary>
    public Command AddTo(Command command) => command.With(_address, _port, _tokenFile, _hosts);

    /// <summary>Reads the options, so that a wrong one is told before anything is started.</summary>
    public async Task<ServerOptions> ReadAsync(CliContext context, ParseResult parsed, CancellationToken cancellationToken)
    {
        if (!IPAddress.TryParse(parsed.GetValue(_address), out var address))
            throw new StreamingException("usage", $"--address takes an IP address, such as 127.0.0.1, not '{parsed.GetValue(_address)}'");
        var asked = parsed.GetValue(_port);
        if (asked is < 0 or > 65_535)
            throw new StreamingException("usage", $"--port takes 0 to 65535, not {asked}");
        return new ServerOptions
        {
            Address = address,
            Port = asked ?? DefaultPort,
            Token = parsed.GetValue(_tokenFile) is { } file ? (await File.ReadAllTextAsync(file, cancellationToken)).Trim() : context.Variable("STREAMING_TOKEN"),
            AllowedHosts = parsed.GetValue(_hosts) ?? [],
        };
    }

    /// <summary>Starts the server. The default port gives way to a free one when it is taken; a port that was asked for does not.</summary>
    public async Task<StreamingServer> StartAsync(ServerOptions options, ParseResult parsed, ServerParts parts, CancellationToken cancellationToken)
    {
        try
        {
            return await StreamingServer.StartAsync(options, parts, cancellationToken);
        }
        catch (DependencyUnavailableException error) when (parsed.GetValue(_port) is null && error.Code == "port_unavailable")
        {
            return await StreamingServer.StartAsync(options with { Port = 0 }, parts, cancellationToken);
        }
    }
}
