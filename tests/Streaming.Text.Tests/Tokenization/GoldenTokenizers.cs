using System.Text;
using System.Text.Json;
using Streaming.Testing;
using Streaming.Text.Tokenization;

namespace Streaming.Text.Tests.Tokenization;

/// <summary>The two tokenisers of the golden vectors, built from files that travel with the tests.</summary>
internal static class GoldenTokenizers
{
    private static readonly Lazy<WordPieceTokenizer> LazyUncased = new(() => FromVocabulary("wordpiece/vocab.txt", lowercase: true, allowSpecial: true));
    private static readonly Lazy<WordPieceTokenizer> LazyCased = new(() => FromVocabulary("wordpiece_cased/vocab.txt", lowercase: false, allowSpecial: true));

    internal static WordPieceTokenizer Uncased => LazyUncased.Value;

    internal static WordPieceTokenizer Cased => LazyCased.Value;

    internal static WordPieceTokenizer Of(string folder) => folder == "wordpiece" ? Uncased : Cased;

    internal static WordPieceTokenizer FromVocabulary(string golden, bool lowercase, bool allowSpecial)
    {
        var path = Path.GetTempFileName() + ".txt";
        try
        {
            File.WriteAllBytes(path, Golden.ReadAllBytes(golden));
            return WordPieceTokenizer.Load(path, new WordPieceOptions { Lowercase = lowercase, AllowSpecialTokensInText = allowSpecial });
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>Ids, flat offsets and words with framing tokens, as the vectors have them.</summary>
    internal static (int[] Ids, int[] Offsets, int[] Words) Frame(WordPieceTokenizer tokenizer, TokenBuffer buffer, int start, int end)
    {
        var (ids, offsets, words) = (new List<int> { tokenizer.Special.Start }, new List<int> { 0, 0 }, new List<int> { -1 });
        for (var token = start; token < end; token++)
        {
            ids.Add(buffer.Ids[token]);
            offsets.Add(buffer.Starts[token]);
            offsets.Add(buffer.Ends[token]);
            words.Add(buffer.Words[token]);
        }

        ids.Add(tokenizer.Special.End);
        offsets.AddRange([0, 0]);
        words.Add(-1);
        return ([.. ids], [.. offsets], [.. words]);
    }

    internal static int[] Ints(this JsonElement element, string name) =>
        [.. element.GetProperty(name).EnumerateArray().Select(item => item.GetInt32())];

    internal static string Text(this JsonElement element, string name) => element.GetProperty(name).GetString()!;
}
