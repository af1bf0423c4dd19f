using System.Globalization;
using System.Text;
using Streaming.Cli.Benchmarks;
using Streaming.Contracts;

namespace Streaming.Cli.Soak;

/// <summary>
/// Every message by number: when it was produced, whether it is bad on purpose, when it was acknowledged. All its memory is
/// taken at the start, so that it is no growth. Safe for concurrent use.
/// </summary>
internal sealed class SoakLedger
{
    /// <summary>Header with a message's number: a bad message has no other name.</summary>
    public const string Header = "soak";

    private const string Prefix = "soak-";

    private readonly TimeProvider _time;
    private readonly long[] _sent;
    private readonly long[] _acknowledged;
    private readonly bool[] _isBad;
    private int _count;
    private int _ended;

    public SoakLedger(int capacity, TimeProvider time)
    {
        _time = time;
        _sent = new long[capacity];
        _acknowledged = new long[capacity];
        _isBad = new bool[capacity];

        // Touched, so that the system gives the pages now.
        Array.Fill(_sent, -1);
        Array.Fill(_acknowledged, 0);
        Array.Fill(_isBad, false);
    }

    /// <summary>Messages so far.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Those that ended.</summary>
    public int Ended => Volatile.Read(ref _ended);

    /// <summary>No room for more.</summary>
    public bool IsFull => Count == _sent.Length;

    /// <summary>Id of a message.</summary>
    public static string IdOf(int number) => Prefix + number.ToString(CultureInfo.InvariantCulture);

    /// <summary>A message is about to be produced.</summary>
    public int Add(bool isBad)
    {
        var number = _count;
        _isBad[number] = isBad;
        Volatile.Write(ref _sent[number], _time.GetTimestamp());
        Volatile.Write(ref _count, number + 1);
        return number;
    }

    /// <summary>Whether it is bad on purpose and belongs among the dead letters.</summary>
    public bool IsBad(int number) => _isBad[number];

    /// <summary>The number in an id; -1 when it is not one of these.</summary>
    public int NumberOf(string id) =>
        id.StartsWith(Prefix, StringComparison.Ordinal) && int.TryParse(id.AsSpan(Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number < Count ? number : -1;

    /// <summary>The number that a dead letter carries; -1 when it has none.</summary>
    public int NumberOf(DeadLetter letter)
    {
        foreach (var header in letter.Headers)
        {
            if (header.Name == Header && header.Value is { } value && int.TryParse(Encoding.ASCII.GetString(value), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number < Count)
                return number;
        }

        return -1;
    }

    /// <summary>A message is acknowledged; the first time counts.</summary>
    public void Acknowledge(int number)
    {
        if (number >= 0 && Interlocked.CompareExchange(ref _acknowledged[number], _time.GetTimestamp(), 0) == 0)
            Interlocked.Increment(ref _ended);
    }

    /// <summary>Milliseconds from produced to acknowledged, ascending.</summary>
    public double[] Latencies()
    {
        var found = new List<double>(Count);
        for (var i = 0; i < Count; i++)
        {
            if (Volatile.Read(ref _acknowledged[i]) is var to and not 0)
                found.Add(_time.GetElapsedTime(_sent[i], to).TotalMilliseconds);
        }

        found.Sort();
        return [.. found];
    }

    /// <summary>The value below which such a share of latencies lies.</summary>
    public static double Quantile(double[] ascending, double share) => LatencyLog.Quantile(ascending, share);
}
