using Streaming.Cli.Benchmarks;

namespace Streaming.Cli.Soak;

/// <summary>
/// The fake's memory: one version a message, as an index with external versions keeps it, and refusals on purpose. Its memory
/// is taken at the start. Safe for concurrent use.
/// </summary>
internal sealed class SoakIndex
{
    private const int Created = 201, Updated = 200, Conflict = 409, TooMany = 429, Away = 503;

    private readonly long[] _versions;
    private readonly SoakLedger _ledger;
    private int _trouble;
    private long _refused;

    public SoakIndex(int capacity, SoakLedger ledger, BulkServer server)
    {
        _versions = new long[capacity];
        Array.Fill(_versions, 0);
        _ledger = ledger;
        server.Apply = Apply;
        server.Refuse = number => Refusal(number);
        server.RefuseItem = (_, id) => RefusesItem(id);
    }

    /// <summary>What is refused from now on.</summary>
    public SoakTrouble Trouble
    {
        get => (SoakTrouble)Volatile.Read(ref _trouble);
        set => Volatile.Write(ref _trouble, (int)value);
    }

    /// <summary>Requests and items refused so far.</summary>
    public long Refused => Interlocked.Read(ref _refused);

    /// <summary>Whether a message's document is there.</summary>
    public bool Has(int number) => Volatile.Read(ref _versions[number]) > 0;

    private int Refusal(int request)
    {
        var status = Trouble switch
        {
            SoakTrouble.TooMany => TooMany,
            SoakTrouble.Away => request % 2 == 0 ? Away : 0,
            _ => 0,
        };
        if (status > 0)
            Interlocked.Increment(ref _refused);
        return status;
    }

    private bool RefusesItem(string id)
    {
        if (Trouble != SoakTrouble.Items || _ledger.NumberOf(id) % 3 != 0)
            return false;
        Interlocked.Increment(ref _refused);
        return true;
    }

    private int Apply(string action, string id, long version)
    {
        var number = _ledger.NumberOf(id);
        if (number < 0)
            return Created;
        ref var there = ref _versions[number];
        while (true)
        {
            var before = Volatile.Read(ref there);
            if (before >= version)
                return Conflict;
            if (Interlocked.CompareExchange(ref there, version, before) == before)
                return before == 0 ? Created : Updated;
        }
    }
}

/// <summary>What the fake does to requests.</summary>
internal enum SoakTrouble
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>429 for every request.</summary>
    TooMany,

    /// <summary>503 for every second request.</summary>
    Away,

    /// <summary>429 for every third item.</summary>
    Items,
}
