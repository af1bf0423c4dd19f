using System.Globalization;
using System.Text.Json;

namespace Streaming.Text.Tokenization.Loading;

/// <summary>Pieces with their ids, and the added tokens among them.</summary>
internal sealed class Vocabulary
{
    internal const int MaxId = 10_000_000;
    private const int MaxPiece = 4096;

    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);
    private readonly Dictionary<string, AddedToken> _added = new(StringComparer.Ordinal);

    /// <summary>Number of ids.</summary>
    internal int Size { get; private set; }

    /// <summary>Every piece.</summary>
    internal IReadOnlyDictionary<string, int> Ids => _ids;

    /// <summary>Pieces that text may be cut into: all but the added tokens.</summary>
    internal IEnumerable<KeyValuePair<string, int>> Plain => _ids.Where(pair => !_added.ContainsKey(pair.Key));

    /// <summary>Adds a piece; of equal ones the last counts.</summary>
    internal void Add(string? piece, int id)
    {
        if (piece is null || piece.Length > MaxPiece || id is < 0 or > MaxId)
            throw WordPieceFile.Invalid($"its vocabulary has a piece that is too long or has no id from 0 to {MaxId}");
        _ids[piece] = id;
        Size = Math.Max(Size, id + 1);
    }

    /// <summary>Adds a token that is found in raw text.</summary>
    internal void Add(AddedToken token)
    {
        if (token.Content.Length == 0)
            return;
        Add(token.Content, token.Id);
        _added[token.Content] = token;
    }

    /// <summary>Id of a piece that has to be there.</summary>
    internal int Require(string piece) => _ids.TryGetValue(piece, out var id) ? id : throw WordPieceFile.Invalid($"the vocabulary has no '{piece}'");

    /// <summary>Id of the first piece that is there; 0 for none.</summary>
    internal int FirstOf(params ReadOnlySpan<string> pieces)
    {
        foreach (var piece in pieces)
        {
            if (_ids.TryGetValue(piece, out var id))
                return id;
        }

        return 0;
    }

    /// <summary>A finder of the added tokens.</summary>
    /// <param name="special">Whether text may become special ones.</param>
    internal AddedTokenFinder Finder(bool special) => new([.. _added.Values.Where(token => special || !token.IsSpecial)]);

    /// <summary>Ids of the 256 bytes as byte-level vocabularies spell them.</summary>
    internal int[] ByteLevelIds()
    {
        var ids = new int[256];
        var other = 256;
        for (var value = 0; value < ids.Length; value++)
        {
            // Bytes that print as themselves in Latin-1 do so here; the others stand from U+0100 on, in their order.
            var prints = value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or >= 0xAE;
            ids[value] = Require(((char)(prints ? value : other++)).ToString());
        }

        return ids;
    }

    /// <summary>Ids of the 256 bytes as SentencePiece spells them; null when not all are there.</summary>
    internal int[]? FallbackIds()
    {
        var ids = new int[256];
        for (var value = 0; value < ids.Length; value++)
        {
            if (!_ids.TryGetValue(string.Create(CultureInfo.InvariantCulture, $"<0x{value:X2}>"), out ids[value]))
                return null;
        }

        return ids;
    }

    /// <summary>Adds an object of pieces and ids.</summary>
    internal void AddObject(JsonElement pieces)
    {
        if (pieces.ValueKind != JsonValueKind.Object)
            throw WordPieceFile.Invalid("its vocabulary is not an object of pieces and ids");
        foreach (var piece in pieces.EnumerateObject())
            Add(piece.Name, piece.Value.ValueKind == JsonValueKind.Number && piece.Value.TryGetInt32(out var id) ? id : -1);
    }

    /// <summary>The merge that two pieces make.</summary>
    internal (int Left, int Right, int Id) Merge(string left, string right) =>
        _ids.TryGetValue(left, out var first) && _ids.TryGetValue(right, out var second) && _ids.TryGetValue(left + right, out var both)
            ? (first, second, both)
            : throw WordPieceFile.Invalid("one of its merges has pieces that are not in the vocabulary");
}
