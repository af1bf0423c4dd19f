using Streaming.Text.Heads;

namespace Streaming.Learning.Data;

/// <summary>A text and what it says of each category of a head.</summary>
/// <param name="Text">The text.</param>
/// <param name="Outcomes">For each category: <see cref="Absent"/>, <see cref="Disputed"/>, or 1 and more, the sentiment's place among the head's, from 1.</param>
/// <param name="Set">Name of the data set it is from.</param>
public sealed record CategorizedText(string Text, IReadOnlyList<int> Outcomes, string Set)
{
    /// <summary>The text does not judge the category.</summary>
    public const int Absent = 0;

    /// <summary>It does, but people disagree which way: the category counts, its sentiment is neither learnt nor measured.</summary>
    public const int Disputed = -1;

    /// <summary>Outcomes each category may have, category after category, as bits.</summary>
    /// <param name="set">The head's categories.</param>
    public uint Allowed(CategorySet set)
    {
        ArgumentNullException.ThrowIfNull(set);
        var allowed = 0u;
        for (var category = 0; category < Outcomes.Count; category++)
        {
            var bits = Outcomes[category] == Disputed ? (uint.MaxValue >> (32 - set.Outcomes)) & ~1u : 1u << Outcomes[category];
            allowed |= bits << (category * set.Outcomes);
        }

        return allowed;
    }
}
