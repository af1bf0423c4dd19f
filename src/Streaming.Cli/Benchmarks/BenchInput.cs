using Streaming.Cli.CommandLine;
using Streaming.Cli.Composition;
using Streaming.Core;
using Streaming.Core.Engine;
using Streaming.Core.Messaging;

namespace Streaming.Cli.Benchmarks;

/// <summary>What benchmarks read.</summary>
internal static class BenchInput
{
    /// <summary>The file told, or the shipped sample.</summary>
    /// <exception cref="StreamingException"><c>input_not_found</c>.</exception>
    public static string Find(CliContext context, string? told)
    {
        var file = told ?? Path.Combine(HomeFolder.Find(context), "topologies", "samples", "first-light.jsonl");
        return File.Exists(file) ? Path.GetFullPath(file) : throw new StreamingException("input_not_found", $"there is no file '{file}'; name one with --input FILE");
    }

    /// <summary>Texts of the messages that can be decoded, as the pipeline decodes them.</summary>
    /// <exception cref="StreamingException"><c>input_empty</c>: there is none.</exception>
    public static List<string> Texts(string file)
    {
        var decoder = new MessageDecoder(new EnrichmentOptions());
        var texts = new List<string>();
        using var lines = new LineReader(file);
        for (long offset = 0; lines.Next() is { } line; offset++)
        {
            var decoded = decoder.Decode(JsonLinesSource.Message(line, offset));
            if (decoded.IsSuccess && decoded.Value.Text is { } message)
                texts.Add(message.Text);
        }

        return texts.Count > 0 ? texts : throw new StreamingException("input_empty", $"'{Path.GetFileName(file)}' has no message that can be decoded; it needs one a line, e.g. {{\"text\":\"…\"}}");
    }
}
