using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Streaming.Core;
using Streaming.Learning.Metrics;
using Streaming.Learning.Recipes;
using Streaming.Text.Heads;
using Streaming.Text.Words;

namespace Streaming.Learning.Data;

/// <summary>A text and the class it has.</summary>
/// <param name="Text">The text.</param>
/// <param name="Label">Index into the head's labels.</param>
/// <param name="Set">Name of the data set it is from.</param>
public sealed record ClassifiedText(string Text, int Label, string Set);

/// <summary>A text whose words have spans.</summary>
/// <param name="Text">The text.</param>
/// <param name="Words">Its words, as the data gives them or else as serving finds them.</param>
/// <param name="Spans">Gold spans over the words; only of types that the head has and the data annotates.</param>
/// <param name="Types">Types that the data annotates; null: every type of the head.</param>
/// <param name="Set">Name of the data set it is from.</param>
/// <param name="Characters">The gold spans as the data gives them, where it gives characters: these are what predictions are measured against.</param>
public sealed record TaggedText(
    string Text, IReadOnlyList<CharSpan> Words, IReadOnlyList<TagSpan> Spans, IReadOnlyList<string>? Types, string Set, IReadOnlyList<LabelledSpan>? Characters = null);

/// <summary>Reads the data of a recipe: folds, label names and mappings applied.</summary>
public sealed class SampleLoader
{
    private readonly string _root;

    /// <param name="root">Folder that the recipe's files are relative to.</param>
    /// <exception cref="StreamingException"><c>data_file_missing</c> when there is no such folder.</exception>
    public SampleLoader(string root)
    {
        if (!Directory.Exists(root))
            throw new StreamingException("data_root_missing", $"There is no data folder '{root}'. Name it with --data-root, or set STREAMING_SHARED to the folder that holds 'data'.");
        _root = root;
    }

    /// <summary>SHA-256 of a source's file as it lies, lower-case hexadecimal.</summary>
    public string Digest(DataSource source)
    {
        var path = Path.Combine(_root, source.File);
        if (!File.Exists(path))
            throw DataErrors.Missing(path);
        using var stream = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    /// <summary>Texts of a source with their classes; those whose labels fall into several classes or none are left out.</summary>
    /// <param name="source">What to read.</param>
    /// <param name="labels">Labels of the head.</param>
    public List<ClassifiedText> Classified(DataSource source, IReadOnlyList<string> labels)
    {
        if (source.GroupsFile is { } groups)
            source = source with { Mapping = LabelGroups.Read(Path.Combine(_root, groups), labels) };
        var result = new List<ClassifiedText>();
        foreach (var sample in Read(source))
        {
            if (sample is not LabelledText text)
                throw new StreamingException("data_shape_wrong", $"{sample.Origin}: a label for the whole text is needed; this format gives spans.");
            var label = -1;
            var several = false;
            foreach (var name in text.Labels)
            {
                if (Map(source, name, sample.Origin) is not { } mapped)
                    continue;
                var index = IndexOf(labels, mapped, sample.Origin);
                several |= label >= 0 && label != index;
                label = index;
            }

            if (label >= 0 && !several)
                result.Add(new ClassifiedText(text.Text, label, source.Name));
        }

        return result;
    }

    /// <summary>Texts of a source with their spans.</summary>
    /// <param name="source">What to read.</param>
    /// <param name="types">Span types of the head.</param>
    public List<TaggedText> Tagged(DataSource source, IReadOnlyList<string> types)
    {
        var result = new List<TaggedText>();
        foreach (var sample in Read(source))
            result.Add(ToTagged(source, sample, types));
        return result;
    }

    /// <summary>Texts of a source with what they say of categories; those of which the file does not say are left out.</summary>
    /// <param name="source">What to read; its mapping is of categories.</param>
    /// <param name="set">The head's categories and sentiments.</param>
    public List<CategorizedText> Categorized(DataSource source, CategorySet set)
    {
        ArgumentNullException.ThrowIfNull(set);
        var result = new List<CategorizedText>();
        foreach (var sample in Read(source))
        {
            var labels = sample switch
            {
                SpannedText spanned => spanned.Categories,
                LabelledText text => text.Labels,
                _ => throw new StreamingException("data_shape_wrong", $"{sample.Origin}: categories with their sentiment are needed; this format gives tagged words."),
            };
            if (labels is not null)
                result.Add(new CategorizedText(sample.Text, Outcomes(source, labels, set, sample.Origin), source.Name));
        }

        return result;
    }

    private static int[] Outcomes(DataSource source, IReadOnlyList<string> labels, CategorySet set, string origin)
    {
        var outcomes = new int[set.Categories.Count];
        foreach (var label in labels)
        {
            var slash = label.LastIndexOf('/');
            if (slash < 1)
                throw new StreamingException("data_label_unknown", $"{origin}: '{DataErrors.Quote(label)}' is no category with its sentiment; write CATEGORY/SENTIMENT.");
            if (Map(source, label[..slash], origin) is not { } mapped)
                continue;
            var category = IndexOf(set.Categories, mapped, origin);
            var sentiment = label[(slash + 1)..];
            var outcome = sentiment == SemevalReader.Conflict && !set.Sentiments.Contains(sentiment) ? CategorizedText.Disputed : 1 + IndexOf(set.Sentiments, sentiment, origin);
            // Two categories of the file may be one of the head's; then they may say different things.
            outcomes[category] = outcomes[category] is CategorizedText.Absent || outcomes[category] == outcome ? outcome : CategorizedText.Disputed;
        }

        return outcomes;
    }

    private static TaggedText ToTagged(DataSource source, Sample sample, IReadOnlyList<string> types)
    {
        switch (sample)
        {
            case TaggedSentence sentence:
                var tags = Mapped(source, TagSpans.Read(sentence.Tags), s => s.Type, (s, type) => s with { Type = type }, types, sample.Origin);
                return new TaggedText(sample.Text, sentence.Words, tags, source.Annotates, source.Name);
            case SpannedText spanned:
                var words = SegmentedWords(spanned.Text);
                var spans = Mapped(source, spanned.Spans, s => s.Label, (s, type) => s with { Label = type }, types, sample.Origin);
                return new TaggedText(sample.Text, words, Iob2.FromCharacters(spans, words), source.Annotates, source.Name, spans);
            default:
                throw new StreamingException("data_shape_wrong", $"{sample.Origin}: tagged words or spans are needed; this format gives a label for the whole text.");
        }
    }

    private static List<T> Mapped<T>(
        DataSource source, IReadOnlyList<T> spans, Func<T, string> typeOf, Func<T, string, T> withType, IReadOnlyList<string> types, string origin)
    {
        var kept = new List<T>();
        foreach (var span in spans)
        {
            if (Map(source, typeOf(span), origin) is not { } mapped)
                continue;
            _ = IndexOf(types, mapped, origin);
            kept.Add(withType(span, mapped));
        }

        return kept;
    }

    /// <summary>Words as serving finds them.</summary>
    public static IReadOnlyList<CharSpan> SegmentedWords(string text)
    {
        var words = new List<WordSpan>();
        WordSegmenter.Segment(text, words);
        return [.. words.Select(w => new CharSpan(w.Start, w.End))];
    }

    private IEnumerable<Sample> Read(DataSource source)
    {
        var options = source.Read;
        if (source.LabelNamesFile is { } names)
            options = options with { LabelNames = LabelNames.ReadFile(Path.Combine(_root, names)) };
        foreach (var sample in DataReader.Read(Path.Combine(_root, source.File), source.Format, options))
        {
            if (source.Folds == 1 || source.Keep.Contains(FoldOf(sample, source.Folds)))
                yield return sample;
        }
    }

    private static int FoldOf(Sample sample, int folds)
    {
        if (sample.Document >= 0)
            return sample.Document % folds;
        // A text that occurs twice falls into one fold, so none is on both sides of a split.
        var digest = SHA256.HashData(Encoding.UTF8.GetBytes(sample.Text));
        return (int)(BinaryPrimitives.ReadUInt64BigEndian(digest) % (ulong)folds);
    }

    private static string? Map(DataSource source, string label, string origin)
    {
        if (source.Mapping is null)
            return label;
        if (source.Mapping.TryGetValue(label, out var mapped))
            return mapped;
        throw new StreamingException("data_label_unknown", $"{origin}: the label '{DataErrors.Quote(label)}' is not in the mapping of the data set '{source.Name}'. Map it, to null if it is to be left out.");
    }

    private static int IndexOf(IReadOnlyList<string> labels, string label, string origin)
    {
        for (var i = 0; i < labels.Count; i++)
        {
            if (labels[i] == label)
                return i;
        }

        throw new StreamingException("data_label_unknown", $"{origin}: '{DataErrors.Quote(label)}' is not a label of the head ({string.Join(", ", labels)}). Add it, or map it.");
    }
}
