using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Streaming.Cli.Tests.EndToEnd;

/// <summary>As many short real texts as a test wants: beginnings of the demo's, each under an id of its own.</summary>
internal static class ShortTexts
{
    private const int MaxWords = 8;

    /// <summary>Id of the n-th.</summary>
    public static string Id(int index) => string.Create(CultureInfo.InvariantCulture, $"short-{index:D6}");

    /// <summary>The first so many, one JSON message a line.</summary>
    public static IEnumerable<string> Lines(int count)
    {
        for (var i = 0; i < count; i++)
        {
            using var sample = JsonDocument.Parse(Product.SampleLines[i % Product.SampleLines.Count]);
            var words = sample.RootElement.GetProperty("text").GetString()!.Split(' ');
            // Another place to begin at each time round, so that texts differ.
            var begin = Math.Min(i / Product.SampleLines.Count, Math.Max(0, words.Length - MaxWords));
            yield return new JsonObject
            {
                ["id"] = Id(i),
                ["text"] = string.Join(' ', words.Skip(begin).Take(MaxWords)),
                ["source"] = "short",
                ["event_time"] = sample.RootElement.GetProperty("event_time").GetString(),
            }.ToJsonString();
        }
    }

    /// <summary>The same as bytes.</summary>
    public static byte[] Bytes(int count) => Encoding.UTF8.GetBytes(string.Join('\n', Lines(count)) + "\n");
}
