using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Streaming.Server.Http;

/// <summary>
/// Lets in only requests that name this server (a page elsewhere, or a rebound DNS name, does not), and, with a token,
/// only those that carry it.
/// </summary>
internal sealed class HostGuard
{
    private readonly HashSet<string> _hosts = new(StringComparer.OrdinalIgnoreCase) { "localhost", "127.0.0.1", "::1" };
    private readonly byte[]? _token;

    public HostGuard(ServerOptions options)
    {
        if (!options.Address.Equals(IPAddress.Any) && !options.Address.Equals(IPAddress.IPv6Any))
            _hosts.Add(options.Address.ToString());
        foreach (var host in options.AllowedHosts)
            _hosts.Add(host);
        _token = options.Token is null ? null : SHA256.HashData(Encoding.UTF8.GetBytes(options.Token));
    }

    /// <summary>Null when the request may pass, otherwise why not.</summary>
    public (int Status, string Code, string Detail)? Refuse(HttpRequest request)
    {
        if (!IsOurs(request.Host.Host))
            return (403, "foreign_host", "the Host header does not name this server; call it by its address, or allow the name with --allow-host");
        var origins = request.Headers.Origin;
        if (origins.Count > 0)
        {
            // A browser sends "null" from sandboxed frames and files: foreign as well.
            if (origins.Count != 1
                || !Uri.TryCreate(origins[0], UriKind.Absolute, out var origin)
                || !IsOurs(origin.IdnHost)
                || origin.Port != (request.Host.Port ?? (request.IsHttps ? 443 : 80)))
                return (403, "foreign_origin", "the request comes from another site's page");
        }

        if (_token is not null && NeedsToken(request.Path) && !HasToken(request))
            return (401, "token_required", "send the server's token: Authorization: Bearer TOKEN");
        return null;
    }

    private bool IsOurs(string host) => _hosts.Contains(host.Trim('[', ']'));

    private static bool NeedsToken(PathString path) =>
        path.StartsWithSegments("/v1", StringComparison.Ordinal) || path.StartsWithSegments("/metrics", StringComparison.Ordinal) || path.StartsWithSegments("/openapi", StringComparison.Ordinal);

    private bool HasToken(HttpRequest request)
    {
        const string Scheme = "Bearer ";
        foreach (var value in request.Headers.Authorization)
        {
            if (value is not null && value.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
                && CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(value[Scheme.Length..].Trim())), _token))
                return true;
        }

        return false;
    }
}
