using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Streaming.Testing.Chaos;

/// <summary>
/// Stands between a client and a server on this machine and spoils the network: delay, stall, refused and cut
/// connections, answers lost after the server has acted, answers cut in the middle, and 429 or 503 in the server's place.
/// </summary>
public sealed class ChaosProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly int _upstream;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<TcpClient, bool> _open = new();
    private readonly ConcurrentQueue<Plan> _plans = new();
    private readonly Task _accepting;
    private volatile TaskCompletionSource _flowing = Completed();
    private volatile TaskCompletionSource _answering = Completed();
    private volatile bool _refusing;
    private volatile Plan? _always;
    private int _refused, _requests;

    /// <summary>A proxy before a port of this machine.</summary>
    public ChaosProxy(int upstream)
    {
        _upstream = upstream;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>Where clients connect.</summary>
    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Waits before each piece of data, both ways.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>Spoiled exchanges so far.</summary>
    public int Spoiled { get; private set; }

    /// <summary>Spoilings planned and not yet done.</summary>
    public int Planned => _plans.Count;

    /// <summary>HTTP requests with a status in the server's place so far.</summary>
    public int Refused => Volatile.Read(ref _refused);

    /// <summary>HTTP requests so far with <see cref="Counted"/> in their first line, passed on or not.</summary>
    public int Requests => Volatile.Read(ref _requests);

    /// <summary>What <see cref="Requests"/> counts.</summary>
    public string Counted { get; set; } = "_bulk";

    /// <summary>Nothing moves any more, connections stay open.</summary>
    public void Stall() => _flowing = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Requests go through, their answers do not; connections stay open.</summary>
    public void WithholdAnswers() => _answering = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Everything moves again.</summary>
    public void Resume()
    {
        _flowing.TrySetResult();
        _answering.TrySetResult();
    }

    /// <summary>Cuts all connections and takes no new ones.</summary>
    public void Refuse()
    {
        _refusing = true;
        foreach (var connection in _open.Keys)
            connection.Close();
    }

    /// <summary>Takes connections again.</summary>
    public void Allow() => _refusing = false;

    /// <summary>The next HTTP request with this in its first line is passed on, but its answer is cut after so many bytes: 0 loses it after the server has acted.</summary>
    public void CutAnswer(string path, int afterBytes) => _plans.Enqueue(new Plan(path, afterBytes, null));

    /// <summary>The next HTTP request with this in its first line is not passed on but answered with a status.</summary>
    public void AnswerWith(string path, int status) => _plans.Enqueue(new Plan(path, 0, status));

    /// <summary>From now on every HTTP request with this in its first line is answered with a status; <see cref="AnswerNone"/> ends it.</summary>
    public void AnswerAll(string path, int status) => _always = new Plan(path, 0, status);

    /// <summary>Ends <see cref="AnswerAll"/>.</summary>
    public void AnswerNone() => _always = null;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        Resume();
        _listener.Stop();
        foreach (var connection in _open.Keys)
            connection.Close();
        await _accepting;
        _stop.Dispose();
    }

    private static TaskCompletionSource Completed()
    {
        var done = new TaskCompletionSource();
        done.SetResult();
        return done;
    }

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

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        using (var server = new TcpClient())
        {
            if (_refusing)
                return;
            try
            {
                await server.ConnectAsync(IPAddress.Loopback, _upstream, _stop.Token);
                _open[client] = true;
                client.NoDelay = server.NoDelay = true;
                var exchange = new Exchange();
                await Task.WhenAny(RequestsAsync(client.GetStream(), server.GetStream(), exchange), AnswersAsync(server.GetStream(), client.GetStream(), exchange));
            }
            catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // One side went, or this one stops.
            }
            finally
            {
                _open.TryRemove(client, out _);
            }
        }
    }

    private async Task RequestsAsync(NetworkStream client, NetworkStream server, Exchange exchange)
    {
        var buffer = new byte[64 * 1024];
        while (await ReadAsync(client, buffer) is > 0 and var read)
        {
            if (IsFor(Counted, buffer.AsSpan(0, read)))
                Interlocked.Increment(ref _requests);
            if (PlanFor(buffer.AsSpan(0, read)) is { } plan)
            {
                Spoiled++;
                if (plan.Status is { } status)
                {
                    Interlocked.Increment(ref _refused);
                    await SwallowAsync(client, buffer, read);
                    await client.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {status} Chaos\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}"), _stop.Token);
                    return;
                }

                exchange.BytesLeft = plan.CutAfter;
            }

            await server.WriteAsync(buffer.AsMemory(0, read), _stop.Token);
        }
    }

    private async Task AnswersAsync(NetworkStream server, NetworkStream client, Exchange exchange)
    {
        var buffer = new byte[64 * 1024];
        while (await ReadAsync(server, buffer) is > 0 and var read)
        {
            await _answering.Task.WaitAsync(_stop.Token);
            if (exchange.BytesLeft is { } left)
            {
                if (left > 0)
                    await client.WriteAsync(buffer.AsMemory(0, Math.Min(left, read)), _stop.Token);
                return;
            }

            await client.WriteAsync(buffer.AsMemory(0, read), _stop.Token);
        }
    }

    private async Task<int> ReadAsync(NetworkStream stream, byte[] buffer)
    {
        var read = await stream.ReadAsync(buffer, _stop.Token);
        await _flowing.Task.WaitAsync(_stop.Token);
        if (Delay > TimeSpan.Zero)
            await Task.Delay(Delay, _stop.Token);
        return read;
    }

    private Plan? PlanFor(ReadOnlySpan<byte> data) =>
        _always is { } always && IsFor(always.Path, data) ? always
        : _plans.TryPeek(out var plan) && IsFor(plan.Path, data) && _plans.TryDequeue(out plan) ? plan
        : null;

    // A piece in the middle of a body may have such a word too, but no method before it.
    private static bool IsFor(string path, ReadOnlySpan<byte> data)
    {
        var end = data.IndexOf("\r\n"u8);
        return end > 0 && (data.StartsWith("POST "u8) || data.StartsWith("PUT "u8) || data.StartsWith("GET "u8) || data.StartsWith("HEAD "u8) || data.StartsWith("DELETE "u8))
            && data[..end].IndexOf(Encoding.ASCII.GetBytes(path)) >= 0;
    }

    /// <summary>Reads the rest of a request, so that its sender is not cut off while it still sends.</summary>
    private async Task SwallowAsync(NetworkStream client, byte[] buffer, int read)
    {
        var head = Encoding.ASCII.GetString(buffer, 0, read);
        var end = head.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        var at = head.IndexOf("Content-Length:", StringComparison.OrdinalIgnoreCase);
        if (end < 0 || at < 0 || at > end)
            return;
        var length = int.Parse(head.AsSpan(at + 15, head.IndexOf('\r', at) - at - 15), provider: System.Globalization.CultureInfo.InvariantCulture);
        for (var left = length - (read - end - 4); left > 0;)
        {
            var more = await client.ReadAsync(buffer, _stop.Token);
            if (more == 0)
                return;
            left -= more;
        }
    }

    private sealed record Plan(string Path, int CutAfter, int? Status);

    private sealed class Exchange
    {
        public int? BytesLeft { get; set; }
    }
}
