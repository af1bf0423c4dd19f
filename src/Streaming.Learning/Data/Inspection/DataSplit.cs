using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Streaming.Core;

namespace Streaming.Learning.Data.Inspection;

/// <summary>
/// Deals a data set into parts. What belongs together stays together: sentences of one document, and texts that are equal but for case and
/// white space. Texts with one label are dealt label by label, so that each part has its share of each.
/// </summary>
public static class DataSplit
{
    /// <summary>Reads <c>train=80,dev=10,test=10</c>; the numbers are weights.</summary>
    /// <exception cref="StreamingException"><c>data_split_invalid</c>.</exception>
    public static IReadOnlyList<(string Name, double Share)> ParseShares(string shares)
    {
        var parts = new List<(string Name, double Share)>();
        foreach (var piece in shares.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var at = piece.IndexOf('=', StringComparison.Ordinal);
            if (at < 1 || !double.TryParse(piece.AsSpan(at + 1), NumberStyles.Float, CultureInfo.InvariantCulture, out var share) || share is not (> 0 and < 1e9)
                || piece[..at].Any(static c => !char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_')))
                throw Invalid($"'{piece}' is not NAME=SHARE");
            if (parts.Exists(p => p.Name == piece[..at]))
                throw Invalid($"'{piece[..at]}' is there twice");
            parts.Add((piece[..at], share));
        }

        if (parts.Count < 2)
            throw Invalid("two parts at least are needed");
        var total = parts.Sum(static p => p.Share);
        return parts.ConvertAll(p => (p.Name, p.Share / total));
    }

    /// <summary>The part of each sample, as an index into <paramref name="shares"/>.</summary>
    /// <param name="samples">The data set.</param>
    /// <param name="shares">Shares that sum to 1.</param>
    /// <param name="seed">Same seed, same parts; the order of the samples plays no role.</param>
    public static int[] Assign(IReadOnlyList<Sample> samples, IReadOnlyList<(string Name, double Share)> shares, ulong seed)
    {
        var parts = new int[samples.Count];
        var groups = Enumerable.Range(0, samples.Count)
            .GroupBy(i => samples[i].Document >= 0 ? $"document {samples[i].Document}" : DataLint.KeyOf(samples[i].Text), StringComparer.Ordinal)
            .Select(g => (Order: Rank(g.Key, seed), Members: g.ToList()));
        // The stratum of a group is the label of its first member; what has spans or several labels is one stratum.
        foreach (var stratum in groups.GroupBy(g => samples[g.Members[0]] is LabelledText { Labels: [var label] } ? label : "", StringComparer.Ordinal))
        {
            var ordered = stratum.OrderBy(static g => g.Order).ToList();
            var total = ordered.Sum(static g => g.Members.Count);
            var dealt = new int[shares.Count];
            foreach (var (_, members) in ordered)
            {
                // To the part that lags furthest behind its share.
                var part = 0;
                for (var p = 1; p < shares.Count; p++)
                {
                    if ((shares[p].Share * total) - dealt[p] > (shares[part].Share * total) - dealt[part])
                        part = p;
                }

                dealt[part] += members.Count;
                foreach (var member in members)
                    parts[member] = part;
            }
        }

        return parts;
    }

    private static ulong Rank(string key, ulong seed) =>
        BinaryPrimitives.ReadUInt64BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes($"{seed.ToString(CultureInfo.InvariantCulture)}\n{key}")));

    private static StreamingException Invalid(string what) => new("data_split_invalid", $"The parts are refused: {what}. Write them as train=80,dev=10,test=10.");
}
