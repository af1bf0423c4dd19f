using Streaming.Learning.Data;
using Streaming.Learning.Recipes;
using Streaming.Text.Heads;

namespace Streaming.Learning.Training;

/// <summary>The three parts of a head's data. What occurs in a later part was left out of the earlier ones.</summary>
/// <typeparam name="T">A text with its annotation.</typeparam>
internal sealed record Splits<T>(List<T> Train, List<T> Dev, List<T> Test, IReadOnlyDictionary<DataSource, long> Rows)
{
    public static Splits<T> Load(HeadRecipe recipe, Func<DataSource, List<T>> read, Func<T, string> text)
    {
        var rows = new Dictionary<DataSource, long>();
        var test = Read(recipe.Test);
        var dev = Without(Read(recipe.Dev), test);
        return new Splits<T>(Without(Read(recipe.Train), test, dev), dev, test, rows);

        List<T> Read(IReadOnlyList<DataSource> sources)
        {
            var all = new List<T>();
            foreach (var source in sources)
            {
                var samples = read(source);
                rows[source] = samples.Count;
                all.AddRange(samples);
            }

            return all;
        }

        List<T> Without(List<T> samples, params IEnumerable<T>[] others)
        {
            var seen = others.SelectMany(o => o).Select(text).ToHashSet(StringComparer.Ordinal);
            return [.. samples.Where(s => !seen.Contains(text(s)))];
        }
    }
}

/// <summary>Reads the parts of a head's data.</summary>
internal static class Splits
{
    public static Splits<TaggedText> Tagged(SampleLoader loader, HeadRecipe recipe, ulong seed)
    {
        var splits = Splits<TaggedText>.Load(recipe, source => loader.Tagged(source, recipe.Labels), s => s.Text);
        return recipe.FewShot == 0 ? splits : splits with { Train = FewShot.Draw(splits.Train, recipe.Labels, recipe.FewShot, seed) };
    }

    public static Splits<CategorizedText> Categorized(SampleLoader loader, HeadRecipe recipe, CategorySet set) =>
        Splits<CategorizedText>.Load(recipe, source => loader.Categorized(source, set), s => s.Text);

    public static Splits<ClassifiedText> Classified(SampleLoader loader, HeadRecipe recipe) =>
        Splits<ClassifiedText>.Load(recipe, source => loader.Classified(source, recipe.Labels), s => s.Text);
}
