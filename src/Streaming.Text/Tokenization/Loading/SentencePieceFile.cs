using System.Text;
using Streaming.Core.Models.Bundle;
using Streaming.Text.Tokenization.Normalizing;
using Streaming.Text.Tokenization.Subwords;

namespace Streaming.Text.Tokenization.Loading;

/// <summary>
/// A SentencePiece <c>.model</c> (message <c>ModelProto</c> of https://github.com/google/sentencepiece), applied as Hugging
/// Face's library does after conversion, since that is what checkpoints of these families are used with.
/// </summary>
internal static class SentencePieceFile
{
    private const int Normal = 1, Unknown = 2, UserDefined = 4, Byte = 6;
    private const int Unigram = 1, Bpe = 2;
    private const int MaxPieces = 4_000_000;

    /// <summary>Makes the tokeniser.</summary>
    internal static SubwordTokenizer Read(byte[] bytes, TokenizerFileOptions options)
    {
        var file = Parse(bytes);
        if (file.Algorithm is not (Unigram or Bpe))
            throw JsonParts.Unsupported("model", "is a SentencePiece model of words or characters");
        if (!file.Escapes || file.TreatsSpaceAsSuffix)
            throw JsonParts.Unsupported("model", "keeps spaces otherwise than as a mark before words");
        var isShifted = options.Family is "xlm-roberta" or "camembert" && file.Pieces.Count > 3;
        var (vocabulary, scores, unknown) = isShifted ? Shifted(file) : Direct(file);
        List<INormalizingStep> steps = file.Map is null ? [] : [new CharsMapStep(file.Map)];
        if (isShifted)
            steps.AddRange([new StripStep(left: false, right: true), new CollapseStep(2, MarkedWords.Mark)]);
        else if (file.RemovesExtraSpaces)
            steps = [new StripStep(left: true, right: true), .. steps, new CollapseStep(2, ' ')];
        steps.Add(new ReplaceStep([' '], [MarkedWords.Mark]));
        if (file.AddsPrefix)
            steps.Add(new PrependStep(MarkedWords.Mark, evenIfThere: false, onlyAtStart: false));
        var special = Framing(vocabulary, unknown, isShifted);
        var plain = vocabulary.Plain.Where(pair => file.IsText(pair.Key)).ToList();
        var trie = new PieceTrie(plain);
        var fallback = file.HasBytes ? vocabulary.FallbackIds() : null;
        ISubwordModel model = file.Algorithm == Unigram
            ? new UnigramModel(trie, scores, unknown, MarkedWords.Mark, fallback)
            : new CharacterBpeModel(trie, new BpeMerges(Merges(plain, scores)), unknown, fusesUnknown: true, MarkedWords.Mark, fallback);
        return new SubwordTokenizer(file.Algorithm == Unigram ? "unigram" : "bpe", special, vocabulary.Size, vocabulary.Finder(options.AllowSpecialTokensInText), [.. steps], model, trim: null);
    }

    /// <summary>The layout of fairseq's models: four special tokens first, pieces from 4 on, the mask last.</summary>
    private static (Vocabulary Vocabulary, double[] Scores, int Unknown) Shifted(Model file)
    {
        const int shift = 1;
        var vocabulary = new Vocabulary();
        var scores = new double[file.Pieces.Count + shift + 1];
        for (var id = 3; id < file.Pieces.Count; id++)
        {
            vocabulary.Add(file.Pieces[id].Piece, id + shift);
            scores[id + shift] = file.Pieces[id].Score;
        }

        string[] first = ["<s>", "<pad>", "</s>", "<unk>"];
        for (var id = 0; id < first.Length; id++)
            vocabulary.Add(new AddedToken(first[id], id, IsSpecial: true));
        vocabulary.Add(new AddedToken("<mask>", scores.Length - 1, IsSpecial: true, TakesLeft: true));
        return (vocabulary, scores, Unknown: 3);
    }

    /// <summary>Ids as the file has them; a mask token behind them where the file has none.</summary>
    private static (Vocabulary Vocabulary, double[] Scores, int Unknown) Direct(Model file)
    {
        var vocabulary = new Vocabulary();
        var scores = new double[file.Pieces.Count];
        var unknown = -1;
        for (var id = 0; id < scores.Length; id++)
        {
            var (piece, score, type) = file.Pieces[id];
            scores[id] = score;
            var isSpecial = type is not (Normal or UserDefined or Byte) || piece is "[PAD]" or "[CLS]" or "[SEP]" or "[MASK]";
            if (type == Unknown)
                unknown = id;
            if (isSpecial)
                vocabulary.Add(new AddedToken(piece, id, IsSpecial: true));
            else
                vocabulary.Add(piece, id);
        }

        if (unknown < 0)
            throw WordPieceFile.Invalid("the SentencePiece model has no unknown piece");
        if (vocabulary.Ids.ContainsKey("[CLS]") && !vocabulary.Ids.ContainsKey("[MASK]"))
            vocabulary.Add(new AddedToken("[MASK]", scores.Length, IsSpecial: true));
        return (vocabulary, scores, unknown);
    }

    private static SpecialTokens Framing(Vocabulary vocabulary, int unknown, bool isShifted)
    {
        if (isShifted)
            return new SpecialTokens(0, 2, unknown, 1) { PairSeparators = 2, SecondType = 0 };
        var isBert = vocabulary.Ids.ContainsKey("[CLS]");
        return new SpecialTokens(vocabulary.Require(isBert ? "[CLS]" : "<s>"), vocabulary.Require(isBert ? "[SEP]" : "</s>"), unknown, vocabulary.FirstOf("[PAD]", "<pad>"));
    }

    /// <summary>Every way to join two pieces to a third, the likeliest result first, longer left parts first.</summary>
    private static List<(int Left, int Right, int Id)> Merges(List<KeyValuePair<string, int>> pieces, double[] scores)
    {
        var ids = pieces.ToDictionary(StringComparer.Ordinal);
        var merges = new List<(int Left, int Right, int Id, int Length)>();
        foreach (var (piece, id) in pieces)
        {
            for (var cut = 1; cut < piece.Length; cut++)
            {
                if (ids.TryGetValue(piece[..cut], out var left) && ids.TryGetValue(piece[cut..], out var right))
                    merges.Add((left, right, id, cut));
            }
        }

        return [.. merges.OrderByDescending(merge => scores[merge.Id]).ThenByDescending(static merge => merge.Length).Select(static merge => (merge.Left, merge.Right, merge.Id))];
    }

    private static Model Parse(byte[] bytes)
    {
        var model = new Model();
        var reader = new ProtoReader(bytes, Refuse);
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1:
                    if (model.Pieces.Count >= MaxPieces)
                        throw WordPieceFile.Invalid($"the SentencePiece model has more than {MaxPieces} pieces");
                    ReadPiece(reader.Message(), model);
                    break;
                case 2:
                    ReadTrainer(reader.Message(), model);
                    break;
                case 3:
                    ReadNormalizer(reader.Message(), model);
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return model.Pieces.Count > 0 ? model : throw WordPieceFile.Invalid("the SentencePiece model has no pieces");
    }

    private static Core.StreamingException Refuse(string reason) => WordPieceFile.Invalid($"the SentencePiece model is refused: {reason}");

    private static void ReadPiece(ReadOnlySpan<byte> message, Model model)
    {
        var (piece, score, type) = ("", 0f, Normal);
        var reader = new ProtoReader(message, Refuse);
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1:
                    var text = reader.Message();
                    piece = System.Text.Unicode.Utf8.IsValid(text) ? Encoding.UTF8.GetString(text) : throw WordPieceFile.Invalid("a piece of the SentencePiece model is not UTF-8");
                    break;
                case 2:
                    score = reader.Single();
                    break;
                case 3:
                    type = (int)Math.Min(reader.Varint(), 99);
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        if (!float.IsFinite(score))
            throw WordPieceFile.Invalid("a piece of the SentencePiece model has a score that is not a number");
        model.Pieces.Add((piece, score, type));
        model.HasBytes |= type == Byte;
        if (type is Normal or UserDefined)
            model.Text.Add(piece);
    }

    private static void ReadTrainer(ReadOnlySpan<byte> message, Model model)
    {
        var reader = new ProtoReader(message, Refuse);
        while (reader.Next(out var field))
        {
            if (field == 3)
                model.Algorithm = (int)Math.Min(reader.Varint(), 99);
            else if (field == 24)
                model.TreatsSpaceAsSuffix = reader.Varint() != 0;
            else
                reader.Skip();
        }
    }

    private static void ReadNormalizer(ReadOnlySpan<byte> message, Model model)
    {
        var reader = new ProtoReader(message, Refuse);
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 2:
                    var blob = reader.Message();
                    model.Map = blob.IsEmpty ? null : CharsMap.Parse(blob);
                    break;
                case 3:
                    model.AddsPrefix = reader.Varint() != 0;
                    break;
                case 4:
                    model.RemovesExtraSpaces = reader.Varint() != 0;
                    break;
                case 5:
                    model.Escapes = reader.Varint() != 0;
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }
    }

    private sealed class Model
    {
        internal List<(string Piece, float Score, int Type)> Pieces { get; } = [];

        internal HashSet<string> Text { get; } = new(StringComparer.Ordinal);

        internal int Algorithm { get; set; } = Unigram;

        internal CharsMap? Map { get; set; }

        internal bool AddsPrefix { get; set; } = true;

        internal bool RemovesExtraSpaces { get; set; } = true;

        internal bool Escapes { get; set; } = true;

        internal bool TreatsSpaceAsSuffix { get; set; }

        internal bool HasBytes { get; set; }

        internal bool IsText(string piece) => Text.Contains(piece);
    }
}
