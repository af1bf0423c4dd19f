using System.Runtime.InteropServices;
using Streaming.Adapters.Kafka.Native;
using Client = Confluent.Kafka;

namespace Streaming.Adapters.Kafka.Source;

/// <summary>
/// Finds out whether any broker answers, once a connection broke. The library tells of each broken connection, but not
/// dependably that none is left: it counts brokers, and one whose address it has just dropped is missing from the count.
/// So after a broken connection this asks until something answers, and tells the notice board when the answer changes.
/// </summary>
internal sealed class BrokerWatch(NoticeBoard notices, TimeProvider time) : IAsyncDisposable
{
    private const int AskMilliseconds = 2_000;
    private static readonly TimeSpan Between = TimeSpan.FromSeconds(1);
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private Task _watching = Task.CompletedTask;
    private bool _isWatching;
    private bool _suspected;

    /// <summary>A connection of this client broke. Returns at once; safe from any thread.</summary>
    public void Suspect(Client.Handle handle, string detail)
    {
        lock (_gate)
        {
            _suspected = true;
            if (_isWatching || _stop.IsCancellationRequested)
                return;
            _isWatching = true;
            _watching = Task.Run(() => WatchAsync(NativeHandle.Of(handle), detail));
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _watching.ConfigureAwait(false);
    }

    private async Task WatchAsync(SafeHandle client, string detail)
    {
        while (!_stop.IsCancellationRequested)
        {
            lock (_gate)
                _suspected = false;
            if (!Answers(client))
            {
                notices.Away(detail);
                await Task.Delay(Between, time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                continue;
            }

            notices.Back();
            lock (_gate)
            {
                if (_suspected)
                    continue;
                _isWatching = false;
                return;
            }
        }
    }

    // Asks for the topics this client knows; any broker may answer.
    private static unsafe bool Answers(SafeHandle client)
    {
        var held = false;
        try
        {
            client.DangerousAddRef(ref held);
            nint metadata = 0;
            var error = RdKafka.Metadata(client.DangerousGetHandle(), 0, 0, &metadata, AskMilliseconds);
            if (error == 0)
                RdKafka.MetadataDestroy(metadata);
            return error == 0;
        }
        catch (ObjectDisposedException)
        {
            // Nobody asks any more.
            return true;
        }
        finally
        {
            if (held)
                client.DangerousRelease();
        }
    }
}
