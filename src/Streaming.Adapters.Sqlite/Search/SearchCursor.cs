using System.Buffers;
using System.Buffers.Text;
using System.Text;
using Streaming.Adapters.Sqlite.Native;
using Streaming.Core;
using Streaming.Core.Search;

namespace Streaming.Adapters.Sqlite.Search;

/// <summary>
/// Where a page ended. By time that is a place in the order. By relevance, scores shift a little with every new document,
/// so the cursor also names the documents already shown: none comes twice and none is left out.
/// </summary>
internal sealed class SearchCursor
{
    // So deep the cursor would grow too long for an address; from there on the score alone decides.
    private const int MaxShown = 2_000;
    private const byte Format = 1;

    /// <summary>Checksum of everything in the request but page and size.</summary>
    internal required long Request { get; init; }

    /// <summary>Greatest document row when the first page was made; later ones do not push in.</summary>
    internal required long MaxRow { get; init; }

    internal required Place Last { get; init; }

    /// <summary>Rows already shown; null when only <see cref="Last"/> counts.</summary>
    internal HashSet<long>? Shown { get; init; }

    /// <summary>Whether a document comes after what was shown.</summary>
    internal bool Admits(in Place place) =>
        place.Row <= MaxRow && (Shown is { } shown ? !shown.Contains(place.Row) : PlaceComparer.Instance.Compare(place, Last) < 0);

    internal static SearchCursor After(SearchCursor? before, long request, long maxRow, bool byScore, List<Place> page)
    {
        var depth = (before?.Shown?.Count ?? 0) + page.Count;
        HashSet<long>? shown = null;
        if (byScore && depth <= MaxShown && (before is null || before.Shown is not null))
        {
            shown = before?.Shown is { } earlier ? [.. earlier] : [];
            foreach (var place in page)
                shown.Add(place.Row);
        }
        return new SearchCursor { Request = request, MaxRow = before?.MaxRow ?? maxRow, Last = page[^1], Shown = shown };
    }

    internal static long Fingerprint(SearchRequest request)
    {
        var sum = Checksum.Start((long)request.Order);
        sum.Add(Encoding.UTF8.GetBytes(request.Query ?? ""));
        foreach (var list in (ReadOnlySpan<IReadOnlyList<string>>)[request.Entities, request.Topics, request.Sentiments, request.Aspects, request.Sources])
        {
            sum.Add(list.Count);
            foreach (var value in list)
                sum.Add(Encoding.UTF8.GetBytes(value));
        }
        sum.Add(request.Since?.UtcTicks ?? -1);
        sum.Add(request.Until?.UtcTicks ?? -1);
        return sum.Value;
    }

    internal string Encode()
    {
        var buffer = new ArrayBufferWriter<byte>();
        Varint.Write(buffer, Format);
        Varint.Write(buffer, (ulong)Request);
        Varint.Write(buffer, (ulong)MaxRow);
        Varint.Write(buffer, BitConverter.DoubleToUInt64Bits(Last.Score));
        Varint.Write(buffer, (ulong)Last.Time);
        Varint.Write(buffer, (ulong)Last.Row);
        Varint.Write(buffer, Shown is null ? 0 : (ulong)Shown.Count + 1);
        long previous = 0;
        foreach (var row in Shown?.Order() ?? Enumerable.Empty<long>())
        {
            Varint.Write(buffer, (ulong)(row - previous));
            previous = row;
        }
        return Base64Url.EncodeToString(buffer.WrittenSpan);
    }

    internal static SearchCursor? Decode(string? after, long request)
    {
        if (string.IsNullOrEmpty(after))
            return null;
        try
        {
            ReadOnlySpan<byte> bytes = Base64Url.DecodeFromChars(after);
            var format = Varint.Read(ref bytes);
            var wanted = (long)Varint.Read(ref bytes);
            if (format != Format || wanted != request)
                throw Invalid();
            var maxRow = (long)Varint.Read(ref bytes);
            var score = BitConverter.UInt64BitsToDouble(Varint.Read(ref bytes));
            var last = new Place(score, (long)Varint.Read(ref bytes), (long)Varint.Read(ref bytes));
            var count = Varint.Read(ref bytes);
            if (count > MaxShown + 1)
                throw Invalid();
            var shown = count == 0 ? null : new HashSet<long>();
            long row = 0;
            for (ulong i = 1; i < count; i++)
                shown!.Add(row += (long)Varint.Read(ref bytes));
            return new SearchCursor { Request = request, MaxRow = maxRow, Last = last, Shown = shown };
        }
        catch (FormatException)
        {
            throw Invalid();
        }
    }

    private static StreamingException Invalid() => new("invalid_cursor",
        "'after' is not the 'next' of an answer to this same question. Ask again without it.");
}
