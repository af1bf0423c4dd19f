namespace Streaming.Adapters.Elasticsearch.Http;

/// <summary>Hosts in turn. One that does not answer rests, longer each time; when all rest, the one whose rest ends first is tried.</summary>
internal sealed class HostPool
{
    private static readonly TimeSpan FirstRest = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestRest = TimeSpan.FromSeconds(60);
    private readonly Lock _gate = new();
    private readonly Host[] _hosts;
    private readonly TimeProvider _time;
    private int _next;

    public HostPool(IReadOnlyList<Uri> urls, TimeProvider time)
    {
        _time = time;
        _hosts = new Host[urls.Count];
        for (var i = 0; i < _hosts.Length; i++)
            _hosts[i] = new Host(urls[i]);
    }

    /// <summary>The host to ask now.</summary>
    public Host Take()
    {
        lock (_gate)
        {
            var now = _time.GetTimestamp();
            Host? soonest = null;
            for (var i = 0; i < _hosts.Length; i++)
            {
                var host = _hosts[(_next + i) % _hosts.Length];
                if (host.RestsUntil <= now)
                {
                    _next = (_next + i + 1) % _hosts.Length;
                    return host;
                }

                if (soonest is null || host.RestsUntil < soonest.RestsUntil)
                    soonest = host;
            }

            return soonest!;
        }
    }

    /// <summary>It did not answer.</summary>
    public void Failed(Host host)
    {
        lock (_gate)
        {
            host.Failures = Math.Min(host.Failures + 1, 16);
            var rest = Math.Min(FirstRest.TotalSeconds * Math.Pow(2, host.Failures - 1), LongestRest.TotalSeconds);
            host.RestsUntil = _time.GetTimestamp() + (long)(rest * _time.TimestampFrequency);
        }
    }

    /// <summary>It answered, whatever it said.</summary>
    public void Answered(Host host)
    {
        lock (_gate)
        {
            host.Failures = 0;
            host.RestsUntil = 0;
        }
    }

    /// <summary>One host.</summary>
    internal sealed class Host(Uri url)
    {
        // A path before the API's own is kept: clusters live behind gateways.
        public Uri Base { get; } = new(url.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped).TrimEnd('/') + "/");

        public int Failures { get; set; }

        public long RestsUntil { get; set; }
    }
}
