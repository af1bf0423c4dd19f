namespace Streaming.Learning.Metrics;

/// <summary>Reads the tags of one sentence as spans, in the three ways the field counts entities (conlleval, and seqeval's strict mode).</summary>
public static class TagSpans
{
    /// <summary>Spans of a sentence in order.</summary>
    /// <param name="tags">One tag a word, e.g. <c>B-PER</c>; <c>O</c> is outside.</param>
    /// <param name="scheme">How to read them.</param>
    public static List<TagSpan> Read(IReadOnlyList<string> tags, TagScheme scheme = TagScheme.Lenient) =>
        scheme == TagScheme.Lenient ? ReadLenient(tags) : ReadStrict(tags, scheme == TagScheme.StrictIobes);

    /// <summary>Prefix and type of a tag; a tag without a type has type <c>_</c>.</summary>
    internal static (char Prefix, string Type) Parse(string tag)
    {
        if (tag.Length == 0)
            return ('O', "_");
        var rest = tag.AsSpan(1);
        var dash = rest.IndexOf('-');
        var type = dash < 0 ? rest : rest[(dash + 1)..];
        return (tag[0], type.IsEmpty ? "_" : type.ToString());
    }

    private static List<TagSpan> ReadLenient(IReadOnlyList<string> tags)
    {
        var spans = new List<TagSpan>();
        var (previous, previousType, first) = ('O', "", 0);
        for (var i = 0; i <= tags.Count; i++)
        {
            var (prefix, type) = i < tags.Count ? Parse(tags[i]) : ('O', "_");
            if (Ends(previous, prefix, previousType, type))
                spans.Add(new TagSpan(previousType, first, i - 1));
            if (Starts(previous, prefix, previousType, type))
                first = i;
            (previous, previousType) = (prefix, type);
        }

        return spans;
    }

    private static bool Ends(char previous, char prefix, string previousType, string type) =>
        previous is 'E' or 'S'
        || (previous is 'B' or 'I' && prefix is 'B' or 'S' or 'O')
        || (previous is not ('O' or '.') && previousType != type);

    private static bool Starts(char previous, char prefix, string previousType, string type) =>
        prefix is 'B' or 'S'
        || (previous is 'E' or 'S' or 'O' && prefix is 'E' or 'I')
        || (prefix is not ('O' or '.') && previousType != type);

    private static List<TagSpan> ReadStrict(IReadOnlyList<string> tags, bool iobes)
    {
        var spans = new List<TagSpan>();
        var i = 0;
        while (i < tags.Count)
        {
            var (prefix, type) = Parse(tags[i]);
            if (prefix != 'B' && !(iobes && prefix == 'S'))
            {
                i++;
                continue;
            }

            var (last, next) = (prefix, i + 1);
            while (next < tags.Count)
            {
                var (inside, insideType) = Parse(tags[next]);
                var continues = insideType == type && last is 'B' or 'I' && (inside == 'I' || (iobes && inside == 'E'));
                if (!continues)
                    break;
                last = inside;
                next++;
            }

            // In IOB2 a span ends wherever it no longer goes on; in IOBES it must end in S or E.
            if (!iobes || last is 'S' or 'E')
                spans.Add(new TagSpan(type, i, next - 1));
            i = next;
        }

        return spans;
    }
}
