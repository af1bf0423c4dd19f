using System.Text;
using Streaming.Learning.Metrics;

namespace Streaming.Learning.Data;

/// <summary>
/// Reads CoNLL columns (TAB- or space-separated; IOB1, IOB2 and IOBES alike become IOB2). In Universal NER's layout the
/// <c># text</c> comment is the text where the words are found in it in order; otherwise words are joined by a space.
/// </summary>
internal static class ConllReader
{
    private const string DocumentStart = "-DOCSTART-";

    public static IEnumerable<Sample> Read(string path, DataReadOptions options)
    {
        var sentence = new Sentence(path);
        var universal = (bool?)null;
        var document = -1;
        foreach (var (number, line) in DataFile.ReadLines(path))
        {
            if (string.IsNullOrWhiteSpace(line))
            {
                if (sentence.Take(document) is { } finished)
                    yield return finished;
                continue;
            }

            universal ??= IsComment(line);
            if (universal.Value && IsComment(line))
            {
                if (line.StartsWith("# newdoc", StringComparison.Ordinal))
                    document++;
                else if (line.StartsWith("# text = ", StringComparison.Ordinal))
                    sentence.Original = line["# text = ".Length..];
                continue;
            }

            var columns = line.Contains('\t') ? line.Split('\t') : line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (columns[0] == DocumentStart)
            {
                if (sentence.Take(document) is { } finished)
                    yield return finished;
                document++;
                continue;
            }

            var token = options.TokenColumn ?? (universal.Value ? 1 : 0);
            var tag = options.TagColumn ?? (universal.Value ? 2 : columns.Length - 1);
            if (columns.Length < 2 || token < 0 || tag < 0 || Math.Max(token, tag) >= columns.Length || token == tag)
                throw DataErrors.Malformed(path, number, $"a word in column {token} and a tag in column {tag} are expected, the line has {columns.Length} columns");
            sentence.Add(number, columns[token], columns[tag].Trim());
        }

        if (sentence.Take(document) is { } last)
            yield return last;
    }

    // A comment of the CoNLL-U family, "# key = value"; a word "#" has its tag behind it instead.
    private static bool IsComment(string line) =>
        line.StartsWith("# ", StringComparison.Ordinal) && line.Contains(" = ", StringComparison.Ordinal) && !line.Contains('\t');

    private sealed class Sentence(string path)
    {
        private readonly List<string> _words = [];
        private readonly List<string> _tags = [];
        private long _firstLine;

        public string? Original { get; set; }

        public void Add(long line, string word, string tag)
        {
            if (word.Length == 0)
                throw DataErrors.Malformed(path, line, "the word is empty");
            var valid = tag == "O" || (tag.Length > 2 && tag[1] == '-' && tag[0] is 'B' or 'I' or 'E' or 'S');
            if (!valid)
                throw DataErrors.Malformed(path, line, $"'{DataErrors.Quote(tag)}' is not a tag: O, or B-, I-, E- or S- with a type, is expected");
            if (_words.Count == 0)
                _firstLine = line;
            _words.Add(word);
            _tags.Add(tag);
        }

        public TaggedSentence? Take(int document)
        {
            var original = Original;
            Original = null;
            if (_words.Count == 0)
                return null;
            var (text, words) = (original is null ? null : Align(original)) ?? Join();
            var sentence = new TaggedSentence
            {
                Text = text,
                Words = words,
                Tags = Iob2.FromSpans(TagSpans.Read(_tags), _tags.Count),
                Origin = $"{Path.GetFileName(path)}:{_firstLine}",
                Document = document,
            };
            _words.Clear();
            _tags.Clear();
            return sentence;
        }

        private (string Text, CharSpan[] Words)? Align(string text)
        {
            var spans = new CharSpan[_words.Count];
            var position = 0;
            for (var i = 0; i < spans.Length; i++)
            {
                while (position < text.Length && char.IsWhiteSpace(text[position]))
                    position++;
                if (string.CompareOrdinal(text, position, _words[i], 0, _words[i].Length) != 0)
                    return null;
                spans[i] = new CharSpan(position, position + _words[i].Length);
                position += _words[i].Length;
            }

            return (text, spans);
        }

        private (string Text, CharSpan[] Words) Join()
        {
            var text = new StringBuilder();
            var spans = new CharSpan[_words.Count];
            for (var i = 0; i < spans.Length; i++)
            {
                if (i > 0)
                    text.Append(' ');
                spans[i] = new CharSpan(text.Length, text.Length + _words[i].Length);
                text.Append(_words[i]);
            }

            return (text.ToString(), spans);
        }
    }
}
