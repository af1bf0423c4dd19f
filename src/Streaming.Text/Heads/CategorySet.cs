using Streaming.Core;

namespace Streaming.Text.Heads;

/// <summary>A head's labels read as categories of aspects: for each the outcome <c>none</c>, then its sentiments, the same ones in the same order.</summary>
public sealed class CategorySet
{
    /// <summary>The outcome that says: the text does not judge this category.</summary>
    public const string None = "none";

    /// <summary>Reads labels such as <c>food/none</c>, <c>food/negative</c>, <c>food/positive</c>, <c>price/none</c>, … A category may hold a slash, a sentiment may not.</summary>
    /// <exception cref="StreamingException"><c>head_invalid</c>: they are none of these.</exception>
    public CategorySet(IReadOnlyList<string> labels)
    {
        ArgumentNullException.ThrowIfNull(labels);
        var categories = new List<string>();
        var sentiments = new List<string>();
        foreach (var label in labels)
        {
            var (category, outcome) = Split(label);
            if (outcome == None)
                categories.Add(category);
            else if (categories.Count == 1)
                sentiments.Add(outcome);
        }

        (Categories, Sentiments) = (categories, sentiments);
        if (categories.Count == 0 || sentiments.Count == 0 || !labels.SequenceEqual(LabelsOf(categories, sentiments), StringComparer.Ordinal))
            throw new StreamingException("head_invalid", "Labels of a head on categories are, category by category, CATEGORY/none and CATEGORY/SENTIMENT, with the same sentiments in the same order for each.");
    }

    /// <summary>The categories.</summary>
    public IReadOnlyList<string> Categories { get; }

    /// <summary>The sentiments, <see cref="None"/> not among them.</summary>
    public IReadOnlyList<string> Sentiments { get; }

    /// <summary>Outcomes of each category: <see cref="None"/> and the sentiments.</summary>
    public int Outcomes => Sentiments.Count + 1;

    /// <summary>Labels of a head on these categories.</summary>
    public static IReadOnlyList<string> LabelsOf(IReadOnlyList<string> categories, IReadOnlyList<string> sentiments)
    {
        ArgumentNullException.ThrowIfNull(categories);
        ArgumentNullException.ThrowIfNull(sentiments);
        var labels = new List<string>(categories.Count * (sentiments.Count + 1));
        foreach (var category in categories)
        {
            labels.Add($"{category}/{None}");
            foreach (var sentiment in sentiments)
                labels.Add($"{category}/{sentiment}");
        }

        return labels;
    }

    /// <summary>Category and outcome of a label.</summary>
    /// <exception cref="StreamingException"><c>head_invalid</c>: the label is not both.</exception>
    public static (string Category, string Outcome) Split(string label)
    {
        ArgumentNullException.ThrowIfNull(label);
        var slash = label.LastIndexOf('/');
        return slash > 0 && slash < label.Length - 1
            ? (label[..slash], label[(slash + 1)..])
            : throw new StreamingException("head_invalid", $"'{label}' is no category with its sentiment; CATEGORY/SENTIMENT is expected.");
    }
}
