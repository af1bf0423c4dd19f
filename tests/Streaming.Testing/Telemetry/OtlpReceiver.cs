using System.Collections.Concurrent;
using System.Globalization;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Streaming.Testing.Servers;

namespace Streaming.Testing.Telemetry;

/// <summary>A span as it was received.</summary>
/// <param name="Parent">Span id of the parent, or empty.</param>
/// <param name="Links">Span ids linked to.</param>
public sealed record ReceivedSpan(string Name, string Trace, string Id, string Parent, IReadOnlyList<string> Links, IReadOnlyDictionary<string, string> Tags);

/// <summary>A metric as it was received: the sum of its points in the last export that had it; of a histogram their count.</summary>
public sealed record ReceivedMetric(string Name, string Unit, double Value);

/// <summary>An OpenTelemetry collector as far as a test needs one: takes OTLP over HTTP (protobuf) and reads every request.</summary>
public sealed class OtlpReceiver : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<WireRequest> _requests = new();
    private readonly ConcurrentQueue<string> _broken = new();
    private readonly Task _accepting;

    /// <summary>Starts it.</summary>
    public OtlpReceiver()
    {
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>Its address, for <c>OTEL_EXPORTER_OTLP_ENDPOINT</c>.</summary>
    public string Endpoint => $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    /// <summary>Everything that came, headers and bodies.</summary>
    public IReadOnlyList<WireRequest> Requests => [.. _requests];

    /// <summary>What was wrong with a request; empty when all could be read.</summary>
    public IReadOnlyList<string> Broken => [.. _broken];

    /// <summary>Spans so far.</summary>
    public IReadOnlyList<ReceivedSpan> Spans => [.. Of("/v1/traces").SelectMany(SpansIn)];

    /// <summary>Metrics so far, by name.</summary>
    public IReadOnlyDictionary<string, ReceivedMetric> Metrics
    {
        get
        {
            var metrics = new Dictionary<string, ReceivedMetric>(StringComparer.Ordinal);
            foreach (var metric in Of("/v1/metrics").SelectMany(MetricsIn))
                metrics[metric.Name] = metric;
            return metrics;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        _stop.Dispose();
    }

    private IEnumerable<WireRequest> Of(string path) => _requests.Where(request => request.Path == path);

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Stopped.
        }
    }

    private async Task ServeAsync(TcpClient connection)
    {
        using (connection)
        {
            var stream = connection.GetStream();
            var reader = PipeReader.Create(stream);
            try
            {
                while (await HttpWire.ReadAsync(reader, _stop.Token) is { } request)
                {
                    Check(request);
                    _requests.Enqueue(request);
                    await stream.WriteAsync(Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n"), _stop.Token);
                }
            }
            catch (Exception e) when (e is IOException or OperationCanceledException)
            {
                // The sender went, or this stops.
            }
        }
    }

    private void Check(WireRequest request)
    {
        try
        {
            var items = request.Path switch
            {
                "/v1/traces" => SpansIn(request).Count(),
                "/v1/metrics" => MetricsIn(request).Count(),
                _ => throw new InvalidDataException("nobody posts there"),
            };
            if (request.Method != "POST" || request.Headers.GetValueOrDefault("Content-Type") != "application/x-protobuf" || items == 0)
                throw new InvalidDataException("not a POST of protobuf with something in it");
        }
        catch (Exception e) when (e is InvalidDataException or ArgumentException or IndexOutOfRangeException)
        {
            _broken.Enqueue($"{request.Method} {request.Path}: {e.Message}");
        }
    }

    // Field numbers are those of opentelemetry-proto: collector/trace/v1, collector/metrics/v1, trace/v1, metrics/v1.
    private static IEnumerable<ReceivedSpan> SpansIn(WireRequest request) =>
        from resource in new ProtobufFields(request.Body).Messages(1)
        from scope in resource.Messages(2)
        from span in scope.Messages(2)
        select new ReceivedSpan(
            span.Text(5), span.Hex(1), span.Hex(2), span.Hex(4), [.. span.Messages(13).Select(static link => link.Hex(2))],
            span.Messages(9).ToDictionary(static tag => tag.Text(1), static tag => Value(tag.Message(2)), StringComparer.Ordinal));

    private static IEnumerable<ReceivedMetric> MetricsIn(WireRequest request) =>
        from resource in new ProtobufFields(request.Body).Messages(1)
        from scope in resource.Messages(2)
        from metric in scope.Messages(2)
        select new ReceivedMetric(metric.Text(1), metric.Text(3), Sum(metric));

    private static double Sum(ProtobufFields metric)
    {
        if (metric.Message(9) is { } histogram)
            return histogram.Messages(1).Sum(static point => (double)point.Number(4));
        var points = (metric.Message(5) ?? metric.Message(7))?.Messages(1) ?? [];
        return points.Sum(static point => point.Has(6) ? (long)point.Number(6) : BitConverter.UInt64BitsToDouble(point.Number(4)));
    }

    private static string Value(ProtobufFields? value) => value is null ? ""
        : value.Has(1) ? value.Text(1)
        : value.Has(3) ? ((long)value.Number(3)).ToString(CultureInfo.InvariantCulture)
        : value.Has(4) ? BitConverter.UInt64BitsToDouble(value.Number(4)).ToString(CultureInfo.InvariantCulture)
        : "";
}
