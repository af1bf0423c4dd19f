using System.Net;
using System.Net.Sockets;
using Streaming.Core.Topology;

namespace Streaming.Adapters.Llm;

/// <summary>Which addresses may be connected to. The address itself is judged, so a name that points inwards, now or at the next look-up, opens nothing.</summary>
internal static class AddressRule
{
    private static readonly IPNetwork[] Private =
    [
        IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("172.16.0.0/12"), IPNetwork.Parse("192.168.0.0/16"), IPNetwork.Parse("100.64.0.0/10"), IPNetwork.Parse("fc00::/7"),
    ];

    // Link-local (where clouds keep their credentials), this network, multicast, reserved, documentation, translation prefixes.
    private static readonly IPNetwork[] Never =
    [
        IPNetwork.Parse("169.254.0.0/16"), IPNetwork.Parse("fe80::/10"), IPNetwork.Parse("0.0.0.0/8"), IPNetwork.Parse("224.0.0.0/4"), IPNetwork.Parse("240.0.0.0/4"),
        IPNetwork.Parse("192.0.0.0/24"), IPNetwork.Parse("198.18.0.0/15"), IPNetwork.Parse("ff00::/8"), IPNetwork.Parse("64:ff9b::/96"), IPNetwork.Parse("2002::/16"), IPNetwork.Parse("::/128"),
    ];

    public static bool Allows(LlmNetwork network, IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        if (IPAddress.IsLoopback(address))
            return network != LlmNetwork.Public;
        if (IsIn(Never, address))
            return false;
        return network == LlmNetwork.Private || !IsIn(Private, address);
    }

    private static bool IsIn(IPNetwork[] networks, IPAddress address)
    {
        foreach (var network in networks)
        {
            if (network.BaseAddress.AddressFamily == address.AddressFamily && network.Contains(address))
                return true;
        }

        return false;
    }

    /// <summary>Connects to the first address of a host that is allowed and answers.</summary>
    /// <exception cref="AddressRefusedException">None of its addresses is allowed.</exception>
    public static async ValueTask<Stream> ConnectAsync(LlmNetwork network, DnsEndPoint host, CancellationToken cancellationToken)
    {
        var addresses = await Dns.GetHostAddressesAsync(host.Host, cancellationToken).ConfigureAwait(false);
        var allowed = Array.FindAll(addresses, address => Allows(network, address));
        if (allowed.Length == 0)
            throw new AddressRefusedException();
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(allowed, host.Port, cancellationToken).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
