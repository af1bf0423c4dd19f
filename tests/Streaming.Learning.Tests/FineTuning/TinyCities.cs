using System.Text;

namespace Streaming.Learning.Tests.FineTuning;

/// <summary>Sentences of people and places, and the tiny encoder that knows their words.</summary>
internal static class TinyCities
{
    public static readonly string[] Places = ["paris", "rome", "oslo", "cairo"];
    public static readonly string[] People = ["anna", "bob", "carla"];
    public static readonly string[] Plain = ["we", "went", "to", "see", "and", "then", "home", "it", "was"];

    /// <summary>A checkpoint of these words and others.</summary>
    public static string NewCheckpoint(string directory, params string[] others) => TinyImporter.NewCheckpoint(directory, [.. Places, .. People, .. Plain, .. others]);

    /// <summary>A sentence in CoNLL's form, an empty line behind it.</summary>
    /// <param name="random">Draws the words.</param>
    /// <param name="longest">The more, the longer.</param>
    /// <param name="kinds">One word in so many is a place, as many a person.</param>
    public static string Sentence(SeededRandom random, int longest, int kinds)
    {
        var text = new StringBuilder();
        for (var w = 0; w < 4 + random.Next(longest); w++)
        {
            text.Append(random.Next(kinds) switch
            {
                0 => $"{Places[random.Next(Places.Length)]} B-LOC\n",
                1 => $"{People[random.Next(People.Length)]} B-PER\n",
                _ => $"{Plain[random.Next(Plain.Length)]} O\n",
            });
        }

        return text.Append('\n').ToString();
    }
}
