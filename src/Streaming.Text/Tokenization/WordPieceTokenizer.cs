using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Streaming.Core;

namespace Streaming.Text.Tokenization;

/// <summary>
/// BERT's tokeniser: clean, lower case and strip accents (uncased), split at white space, punctuation and CJK, then
/// longest-match-first pieces. Ids and offsets are those of Hugging Face's <c>tokenizers</c>. One pass over the text,
/// linear in its length, nothing allocated but a buffer that grows.
/// </summary>
/// <remarks>
/// A token's offsets span the original characters it came from; characters that normalising removes are spanned inside
/// a token and left out at its end.
/// </remarks>
public sealed class WordPieceTokenizer : ITokenizer
{
    private readonly SymbolTable _table;
    private readonly WordPieceTrie _trie;
    private readonly int _maxWord;
    private readonly (string Text, int Id)[] _added;

    /// <summary>Builds a tokeniser from a vocabulary.</summary>
    /// <param name="vocabulary">Piece → id.</param>
    /// <param name="options">How it is applied.</param>
    /// <exception cref="StreamingException"><c>tokenizer_invalid</c>: a special token is missing, an id or a limit is out of range.</exception>
    public WordPieceTokenizer(IReadOnlyDictionary<string, int> vocabulary, WordPieceOptions options)
    {
        ArgumentNullException.ThrowIfNull(vocabulary);
        ArgumentNullException.ThrowIfNull(options);
        if (options.MaxInputCharsPerWord is < 1 or > 1000)
            throw WordPieceFile.Invalid($"max_input_chars_per_word is {options.MaxInputCharsPerWord}; it must be 1 to 1000");
        _maxWord = options.MaxInputCharsPerWord;
        VocabularySize = 0;
        foreach (var (piece, id) in vocabulary)
        {
            if (id is < 0 or > 10_000_000)
                throw WordPieceFile.Invalid($"the vocabulary gives '{piece}' the id {id}");
            VocabularySize = Math.Max(VocabularySize, id + 1);
        }

        Special = new SpecialTokens(
            Require(vocabulary, options.StartToken),
            Require(vocabulary, options.EndToken),
            Require(vocabulary, options.UnknownToken),
            Require(vocabulary, options.PaddingToken));
        (_trie, var symbols) = BuildTrie(vocabulary, options.ContinuingSubwordPrefix);
        _table = new SymbolTable(BertUnicode.Load(options.Lowercase), symbols);
        _added = options.AllowSpecialTokensInText
            ? [.. options.AddedTokens.Select(pair => (pair.Key, pair.Value)).OrderByDescending(pair => pair.Key.Length)]
            : [];
    }

    /// <inheritdoc/>
    public string Kind => "wordpiece";

    /// <inheritdoc/>
    public SpecialTokens Special { get; }

    /// <inheritdoc/>
    public int VocabularySize { get; }

    /// <summary>Reads the bytes of <c>tokenizer.json</c> or <c>vocab.txt</c>.</summary>
    internal static WordPieceTokenizer Read(string name, byte[] bytes, WordPieceOptions options)
    {
        var (vocabulary, read) = WordPieceFile.Read(name, bytes, options);
        return new WordPieceTokenizer(vocabulary, read);
    }

    /// <inheritdoc/>
    public void Encode(ReadOnlySpan<char> text, TokenBuffer buffer)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        var start = 0;
        if (_added.Length > 0)
        {
            for (var i = 0; i < text.Length; i++)
            {
                if (!TryAdded(text[i..], out var length, out var id))
                    continue;
                EncodePlain(text[start..i], start, buffer);
                Append(buffer, id, i, i + length);
                start = i + length;
                i = start - 1;
            }
        }

        EncodePlain(text[start..], start, buffer);
    }

    private bool TryAdded(ReadOnlySpan<char> rest, out int length, out int id)
    {
        foreach (var (text, added) in _added)
        {
            if (rest.StartsWith(text, StringComparison.Ordinal))
            {
                (length, id) = (text.Length, added);
                return true;
            }
        }

        (length, id) = (0, 0);
        return false;
    }

    private static void Append(TokenBuffer buffer, int id, int start, int end)
    {
        buffer.Reserve(1);
        buffer.AllIds[buffer.Count] = id;
        buffer.AllStarts[buffer.Count] = start;
        buffer.AllEnds[buffer.Count] = end;
        buffer.AllWords[buffer.Count++] = buffer.WordCount++;
    }

    private void EncodePlain(ReadOnlySpan<char> text, int offset, TokenBuffer buffer)
    {
        if (text.IsEmpty)
            return;
        Span<int> positions = stackalloc int[_maxWord];
        var word = new Word(this, text, offset, buffer, positions);
        ref var units = ref MemoryMarshal.GetReference(_table.Units);
        var i = 0;
        while (i < text.Length)
        {
            var entry = Unsafe.Add(ref units, text[i]);
            switch (SymbolTable.KindOf(entry))
            {
                case ScalarKind.Word:
                    i = word.TakeRun(i, ref units);
                    break;
                case ScalarKind.Space:
                    word.Finish();
                    i++;
                    break;
                case ScalarKind.Single:
                    word.TakeSingle(SymbolTable.PayloadOf(entry), i);
                    i++;
                    break;
                case ScalarKind.Removed:
                    i++;
                    break;
                case ScalarKind.HighSurrogate when i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]):
                    TakeEntry(_table.Supplementary(char.ConvertToUtf32(text[i], text[i + 1])), i, ref word);
                    i += 2;
                    break;
                case ScalarKind.HighSurrogate:
                    i++;
                    break;
                default:
                    TakeEntry(entry, i, ref word);
                    i++;
                    break;
            }
        }

        word.Finish();
    }

    private void TakeEntry(uint entry, int position, ref Word word)
    {
        switch (SymbolTable.KindOf(entry))
        {
            case ScalarKind.Word:
                word.Take(SymbolTable.PayloadOf(entry), position);
                break;
            case ScalarKind.Single:
                word.TakeSingle(SymbolTable.PayloadOf(entry), position);
                break;
            case ScalarKind.Space:
                word.Finish();
                break;
            case ScalarKind.Sequence:
                foreach (var part in _table.Sequence(SymbolTable.PayloadOf(entry)))
                    TakeEntry(part, position, ref word);
                break;
            default:
                break;
        }
    }

    private static (WordPieceTrie Trie, Dictionary<int, int> Symbols) BuildTrie(IReadOnlyDictionary<string, int> vocabulary, string prefix)
    {
        var symbols = new Dictionary<int, int>();
        var pieces = new List<(int[] Symbols, bool Continues, int Id)>(vocabulary.Count);
        foreach (var (piece, id) in vocabulary.OrderBy(pair => pair.Value))
        {
            var continues = prefix.Length > 0 && piece.Length > prefix.Length && piece.StartsWith(prefix, StringComparison.Ordinal);
            var spelt = new List<int>(piece.Length);
            foreach (var rune in piece.AsSpan(continues ? prefix.Length : 0).EnumerateRunes())
            {
                if (!symbols.TryGetValue(rune.Value, out var symbol))
                    symbols.Add(rune.Value, symbol = symbols.Count + 1);
                spelt.Add(symbol);
            }

            pieces.Add(([.. spelt], continues, id));
        }

        return (WordPieceTrie.Build(pieces, symbols.Count + 1), symbols);
    }

    private static int Require(IReadOnlyDictionary<string, int> vocabulary, string token) =>
        vocabulary.TryGetValue(token, out var id) ? id : throw WordPieceFile.Invalid($"the vocabulary has no '{token}'");

    /// <summary>The word being read: the matcher's state and what it has settled.</summary>
    private ref struct Word
    {
        private readonly ReadOnlySpan<char> _text;
        private readonly Span<int> _positions;
        private readonly ReadOnlySpan<WordPieceTrie.Cell> _cells;
        private readonly ReadOnlySpan<WordPieceTrie.Link> _links;
        private readonly ReadOnlySpan<WordPieceTrie.Piece> _pieces;
        private readonly TokenBuffer _buffer;
        private readonly int _offset;
        private readonly int _suffixRoot;
        private readonly int _unknown;
        private Span<int> _ids;
        private Span<int> _starts;
        private Span<int> _ends;
        private Span<int> _words;
        private int _state;
        private int _length;
        private int _settled;
        private int _first;
        private int _last;
        private int _count;
        private int _countBefore;
        private bool _failed;

        internal Word(WordPieceTokenizer owner, ReadOnlySpan<char> text, int offset, TokenBuffer buffer, Span<int> positions)
        {
            _text = text;
            _positions = positions;
            _cells = owner._trie.Cells;
            _links = owner._trie.Links;
            _pieces = owner._trie.Pieces;
            _suffixRoot = owner._trie.SuffixRoot;
            _unknown = owner.Special.Unknown;
            _buffer = buffer;
            _offset = offset;
            _count = buffer.Count;
            TakeSpans();
        }

        /// <summary>Takes word characters of the basic plane from <paramref name="i"/> on; returns the first other one.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        internal int TakeRun(int i, ref uint units)
        {
            if (_length == 0)
                Begin(i);
            ref var cells = ref MemoryMarshal.GetReference(_cells);
            ref var letter = ref MemoryMarshal.GetReference(_text);
            var state = _state;
            var length = _length;
            var end = _text.Length;
            do
            {
                var entry = Unsafe.Add(ref units, Unsafe.Add(ref letter, i));
                if (SymbolTable.KindOf(entry) != ScalarKind.Word)
                    break;
                if (length >= _positions.Length || _failed)
                {
                    _failed = true;
                    length = Math.Max(length, 1);
                    i++;
                    continue;
                }

                _positions[length++] = i++;
                var symbol = SymbolTable.PayloadOf(entry);
                var next = Unsafe.Add(ref cells, state).Base + symbol;
                if (Unsafe.Add(ref cells, next).Check == state)
                    state = next;
                else
                    state = Fall(state, symbol);
            }
            while (i < end);
            _last = i - 1;
            _state = state;
            _length = length;
            return i;
        }

        /// <summary>Takes one word character that may stand apart from its neighbours or be one of several from one place.</summary>
        internal void Take(int symbol, int position)
        {
            if (_length == 0)
                Begin(position);
            _last = position;
            if (_failed || _length >= _positions.Length)
            {
                _failed = true;
                return;
            }

            _positions[_length++] = position;
            var next = _cells[_state].Base + symbol;
            _state = _cells[next].Check == _state ? next : Fall(_state, symbol);
        }

        /// <summary>Takes a character that is a word of its own.</summary>
        internal void TakeSingle(int symbol, int position)
        {
            Finish();
            Take(symbol, position);
            Finish();
        }

        /// <summary>Ends the word, if there is one.</summary>
        internal void Finish()
        {
            if (_length == 0)
                return;
            if (!_failed)
            {
                var state = _state;
                while (state != _suffixRoot)
                {
                    var link = _links[state];
                    if (link.Failure == 0)
                    {
                        _failed = true;
                        break;
                    }

                    Settle(link);
                    state = link.Failure;
                }
            }

            if (_failed)
            {
                _count = _countBefore;
                _ids[_count] = _unknown;
                _starts[_count] = _first + _offset;
                _ends[_count++] = EndOf(_last) + _offset;
            }

            var index = _buffer.WordCount++;
            for (var token = _countBefore; token < _count; token++)
                _words[token] = index;
            _buffer.Count = _count;
            _length = 0;
        }

        private void Begin(int position)
        {
            if (_count + _positions.Length > _ids.Length)
            {
                _buffer.Reserve(_positions.Length);
                TakeSpans();
            }

            _state = WordPieceTrie.Root;
            _settled = 0;
            _failed = false;
            _first = position;
            _countBefore = _count;
        }

        /// <summary>No piece goes on with this symbol: settles pieces until one can take it.</summary>
        private int Fall(int state, int symbol)
        {
            while (true)
            {
                var link = _links[state];
                if (link.Failure == 0)
                {
                    _failed = true;
                    return state;
                }

                Settle(link);
                state = link.Failure;
                var next = _cells[state].Base + symbol;
                if (_cells[next].Check == state)
                    return next;
            }
        }

        private void Settle(WordPieceTrie.Link link)
        {
            for (var i = 0; i < link.PieceCount; i++)
            {
                var piece = _pieces[link.PieceStart + i];
                _ids[_count] = piece.Id;
                _starts[_count] = _positions[_settled] + _offset;
                _settled += piece.Length;
                _ends[_count++] = EndOf(_positions[_settled - 1]) + _offset;
            }
        }

        private readonly int EndOf(int position) => position + (char.IsHighSurrogate(_text[position]) ? 2 : 1);

        private void TakeSpans()
        {
            var capacity = _buffer.Capacity;
            _ids = _buffer.AllIds[..capacity];
            _starts = _buffer.AllStarts[..capacity];
            _ends = _buffer.AllEnds[..capacity];
            _words = _buffer.AllWords[..capacity];
        }
    }
}
