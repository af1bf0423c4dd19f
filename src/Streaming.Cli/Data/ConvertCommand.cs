using System.CommandLine;
using Streaming.Cli.CommandLine;
using Streaming.Core;
using Streaming.Learning.Data;

namespace Streaming.Cli.Data;

/// <summary><c>streaming data convert FILE OUTPUT</c>.</summary>
internal static class ConvertCommand
{
    public static Command Create(CliContext context)
    {
        var file = new Argument<string>("FILE") { Description = "Annotated file; .gz is unpacked" };
        var output = new Argument<string>("OUTPUT") { Description = "File to write; its name tells the format, .gz packs it" };
        var to = new Option<string?>("--to") { Description = "Format to write" }.Among("conll", "jsonl", "bracket", "csv", "tsv");
        var force = new Option<bool>("--force") { Description = "Replace a file that is there" };
        var columns = new DataColumns();
        return new Command("convert", "Write annotated data in another format").With(file, output, to, force).With([.. columns.All]).Does(context, (parsed, _) =>
        {
            var path = parsed.GetValue(output)!;
            DataOutput.Check(path, parsed.GetValue(force));
            var samples = columns.Load(parsed, parsed.GetValue(file)!);
            var writer = DataOutput.Write(path, DataOutput.FormatOf(parsed.GetValue(to), path), samples);
            context.Say($"{samples.Count} samples written to {path}");
            if (writer.SpansWidened > 0)
                context.Say($"{writer.SpansWidened} spans began or ended inside a word and were widened to whole words");
            if (writer.SpansLost > 0)
                context.Say($"{writer.SpansLost} spans touch no word, or a word of another span, and are lost");
            return Task.FromResult(ExitCode.Ok);
        });
    }
}
