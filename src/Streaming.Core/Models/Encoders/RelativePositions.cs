using System.Text.Json;

namespace Streaming.Core.Models.Encoders;

/// <summary>
/// DeBERTa's disentangled attention: a score is content with content, content with distance and distance with content
/// (He et al. 2021, https://arxiv.org/abs/2006.03654 and https://arxiv.org/abs/2111.09543).
/// </summary>
/// <param name="Span">Distances told apart on either side: the table has 2 · span rows.</param>
/// <param name="MaxDistance">Longest distance that has a bucket of its own or shares one.</param>
/// <param name="HasBuckets">Whether far distances share buckets of logarithmic width.</param>
/// <param name="ContentToPosition">Whether a query reads the distance.</param>
/// <param name="PositionToContent">Whether a key is read by the distance.</param>
/// <param name="SharesProjections">Whether distances go through the content's query and key projections.</param>
/// <param name="NormalizesTable">Whether the table of distances is layer-normalised.</param>
public sealed record RelativePositions(
    int Span, int MaxDistance, bool HasBuckets, bool ContentToPosition, bool PositionToContent, bool SharesProjections, bool NormalizesTable)
{
    private const int Most = 65_536;

    /// <summary>Terms of a score; its scale is one over the root of head width times this.</summary>
    public int Terms => 1 + (ContentToPosition ? 1 : 0) + (PositionToContent ? 1 : 0);

    /// <summary>Row of the table for a distance, query minus key.</summary>
    public int RowOf(int distance)
    {
        var bucket = distance;
        var middle = Span / 2;
        if (HasBuckets && Math.Abs(distance) > middle)
        {
            var share = Math.Log((double)Math.Abs(distance) / middle) / Math.Log((double)(MaxDistance - 1) / middle);
            bucket = Math.Sign(distance) * ((int)Math.Ceiling(share * (middle - 1)) + middle);
        }
        return Math.Clamp(bucket + Span, 0, (2 * Span) - 1);
    }

    internal static RelativePositions Parse(JsonElement root, int positions)
    {
        var most = Signed(root, "max_relative_positions", -1);
        if (most < 1)
            most = positions;
        var buckets = Signed(root, "position_buckets", -1);
        if (buckets is 0 or 1 or 2 or 3 || most < 2 || (buckets > 0 && most - 1 <= buckets / 2))
            throw BertConfig.Invalid("position_buckets does not fit max_relative_positions");
        var types = Types(root);
        if (types.Any(static type => type is not ("c2p" or "p2c")))
            throw BertConfig.Unsupported("pos_att_type", string.Join('|', types), "c2p, p2c");
        var norm = BertConfig.Text(root, "norm_rel_ebd", "none");
        if (norm is not ("none" or "layer_norm"))
            throw BertConfig.Unsupported("norm_rel_ebd", norm, "none, layer_norm");
        return new RelativePositions(
            buckets > 0 ? buckets : most, most, buckets > 0, types.Contains("c2p"), types.Contains("p2c"), BertConfig.Flag(root, "share_att_key"), norm == "layer_norm");
    }

    private static List<string> Types(JsonElement root)
    {
        if (!root.TryGetProperty("pos_att_type", out var value) || value.ValueKind == JsonValueKind.Null)
            return [];
        var words = value.ValueKind switch
        {
            JsonValueKind.String => value.GetString()!.Split('|', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries),
            JsonValueKind.Array => [.. value.EnumerateArray().Select(static item => item.ValueKind == JsonValueKind.String ? item.GetString()! : "?")],
            _ => throw BertConfig.Invalid("pos_att_type is neither a string nor a list"),
        };
        return [.. words.Select(static word => word.ToLowerInvariant())];
    }

    private static int Signed(JsonElement root, string name, int absent)
    {
        if (!root.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null)
            return absent;
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number is >= -1 and <= Most
            ? number
            : throw BertConfig.Invalid($"{name} must be a whole number from -1 to {Most}");
    }
}
