using Streaming.Core;
using Streaming.Text.Tokenization;

namespace Streaming.Adapters.Onnx.Import;

/// <summary>Texts that fix the activation ranges of an 8-bit encoder.</summary>
public static class CalibrationTexts
{
    private const string Resource = "Streaming.Adapters.Onnx.Resources.calibration.txt";

    /// <summary>The texts that come with the product, from openly licensed data sets named in the file.</summary>
    public static IReadOnlyList<string> Shipped()
    {
        using var stream = typeof(CalibrationTexts).Assembly.GetManifestResourceStream(Resource)
            ?? throw new InvalidOperationException($"The resource {Resource} is missing: this is a bug.");
        using var reader = new StreamReader(stream);
        return Read(reader);
    }

    /// <summary>One text a line; lines that start with <c>#</c> are not texts.</summary>
    /// <exception cref="StreamingException"><c>model_calibration_empty</c>.</exception>
    public static IReadOnlyList<string> Read(TextReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        var texts = new List<string>();
        while (reader.ReadLine() is { } line)
        {
            if (line.Length > 0 && line[0] != '#')
                texts.Add(line);
        }
        return texts.Count > 0 ? texts : throw new StreamingException("model_calibration_empty", "There is no text to calibrate with. Give a file with one text a line.");
    }

    /// <summary>Texts as sequences of ids, framed, cut into pieces of at most <paramref name="maxLength"/> tokens.</summary>
    /// <param name="texts">Texts.</param>
    /// <param name="tokenizer">The encoder's tokeniser.</param>
    /// <param name="maxLength">Longest sequence, special tokens included; at least 3.</param>
    public static List<int[]> Encode(IEnumerable<string> texts, ITokenizer tokenizer, int maxLength)
    {
        ArgumentNullException.ThrowIfNull(texts);
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxLength, 3);
        var sequences = new List<int[]>();
        using var buffer = new TokenBuffer();
        foreach (var text in texts)
        {
            buffer.Clear();
            tokenizer.Encode(text, buffer);
            for (var start = 0; start < buffer.Count; start += maxLength - 2)
                sequences.Add([tokenizer.Special.Start, .. buffer.Ids[start..Math.Min(buffer.Count, start + maxLength - 2)], tokenizer.Special.End]);
        }
        return sequences;
    }
}
