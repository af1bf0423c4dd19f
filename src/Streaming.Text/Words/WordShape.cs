namespace Streaming.Text.Words;

/// <summary>
/// What a word looks like: case, digits, punctuation, length, place in the sentence, and hashed ends. An uncased encoder
/// has lost the case, and the first sub-word alone the ending; both tell names from words. Used in training and serving alike.
/// </summary>
public static class WordShape
{
    private const int Plain = 32;
    private const int Buckets = 64;

    /// <summary>Number of features.</summary>
    public const int Dimensions = Plain + 2 * Buckets;

    /// <summary>Writes the features of one word, each 0 or 1.</summary>
    /// <param name="word">Its surface.</param>
    /// <param name="sentenceInitial">Whether a sentence begins with it.</param>
    /// <param name="features">Receives <see cref="Dimensions"/> values.</param>
    public static void Write(ReadOnlySpan<char> word, bool sentenceInitial, Span<float> features)
    {
        features = features[..Dimensions];
        features.Clear();
        int upper = 0, lower = 0, digits = 0, hyphens = 0, dots = 0, apostrophes = 0, foreign = 0;
        foreach (var unit in word)
        {
            upper += char.IsUpper(unit) ? 1 : 0;
            lower += char.IsLower(unit) ? 1 : 0;
            digits += char.IsDigit(unit) ? 1 : 0;
            hyphens += unit is '-' ? 1 : 0;
            dots += unit is '.' ? 1 : 0;
            apostrophes += unit is '\'' or '\u2019' ? 1 : 0;
            foreign += char.IsAscii(unit) ? 0 : 1;
        }

        var letters = upper + lower;
        var firstUpper = word.Length > 0 && char.IsUpper(word[0]);
        var title = firstUpper && upper == 1 && lower > 0;
        var allUpper = upper > 1 && lower == 0;
        ReadOnlySpan<bool> flags =
        [
            true,
            lower > 0 && upper == 0,
            allUpper,
            title,
            firstUpper,
            upper > 0 && !firstUpper,
            firstUpper && upper > 1 && lower > 0,
            word.Length == 1 && upper == 1,
            allUpper && word.Length <= 3,
            sentenceInitial,
            sentenceInitial && title,
            sentenceInitial && allUpper,
            digits > 0,
            digits > 0 && digits == word.Length,
            digits == 4 && word.Length == 4,
            digits > 0 && letters > 0,
            digits > 0 && letters == 0 && digits < word.Length,
            letters == 0 && digits == 0,
            hyphens > 0 && letters > 0,
            dots > 0 && letters > 0,
            firstUpper && word[^1] == '.',
            apostrophes > 0,
            word.Length > 1 && word[0] == '@',
            word.Length > 1 && word[0] == '#',
            word.StartsWith("http", StringComparison.OrdinalIgnoreCase) || word.StartsWith("www.", StringComparison.OrdinalIgnoreCase),
            foreign > 0,
            word.Length == 1,
            word.Length == 2,
            word.Length == 3,
            word.Length is 4 or 5,
            word.Length is >= 6 and <= 8,
            word.Length >= 9,
        ];
        for (var i = 0; i < flags.Length; i++)
            features[i] = flags[i] ? 1 : 0;
        if (letters == 0)
            return;
        features[Plain + Bucket(word[..Math.Min(3, word.Length)])] = 1;
        features[Plain + Buckets + Bucket(word[^Math.Min(3, word.Length)..])] = 1;
    }

    /// <summary>FNV-1a over lower-cased units, so that the bucket is the same on every machine and in every version.</summary>
    private static int Bucket(ReadOnlySpan<char> part)
    {
        var hash = 2166136261u;
        foreach (var unit in part)
            hash = (hash ^ char.ToLowerInvariant(unit)) * 16777619u;
        return (int)((hash ^ (hash >> 15)) % Buckets);
    }
}
