using System.CommandLine;
using Streaming.Cli.CommandLine;
using Streaming.Contracts;
using Streaming.Core;
using Streaming.Learning.Data;
using Streaming.Learning.Data.Inspection;

namespace Streaming.Cli.Data;

/// <summary><c>streaming data split FILE --parts train=80,dev=10,test=10</c>.</summary>
internal static class SplitCommand
{
    public static Command Create(CliContext context)
    {
        var file = new Argument<string>("FILE") { Description = "Annotated file; .gz is unpacked" };
        var parts = new Option<string>("--parts") { Description = "Names and shares", HelpName = "NAME=SHARE,…", DefaultValueFactory = static _ => "train=80,dev=10,test=10" };
        var directory = new Option<string>("--output") { Description = "Folder of the parts", HelpName = "DIR", DefaultValueFactory = static _ => "." };
        var to = new Option<string?>("--to") { Description = "Format to write; default: that of the file" }.Among("conll", "jsonl", "bracket", "csv", "tsv");
        var seed = new Option<int>("--seed") { Description = "Same seed, same parts", DefaultValueFactory = static _ => 1 }.Between(0, int.MaxValue);
        var force = new Option<bool>("--force") { Description = "Replace files that are there" };
        var columns = new DataColumns();
        return new Command("split", "Deal a file into parts: documents and repeated texts stay together, labels keep their shares")
            .With(file, parts, directory, to, seed, force).With([.. columns.All])
            .Does(context, (parsed, _) =>
            {
                var source = parsed.GetValue(file)!;
                var shares = DataSplit.ParseShares(parsed.GetValue(parts)!);
                var format = parsed.GetValue(to) is { } told ? DataFormats.Parse(told) : Writable(columns.Format(parsed, source));
                var stem = Path.GetFileName(source);
                stem = stem[..(stem.IndexOf('.', StringComparison.Ordinal) is > 0 and var dot ? dot : stem.Length)];
                var folder = Directory.CreateDirectory(parsed.GetValue(directory)!).FullName;
                var paths = shares.Select(s => Path.Combine(folder, $"{stem}.{s.Name}.{Extension(format)}")).ToList();
                foreach (var path in paths)
                    DataOutput.Check(path, parsed.GetValue(force));
                var samples = columns.Load(parsed, source);
                var assigned = DataSplit.Assign(samples, shares, (ulong)parsed.GetValue(seed));
                for (var p = 0; p < shares.Count; p++)
                {
                    DataOutput.Write(paths[p], format, samples.Where((_, i) => assigned[i] == p));
                    context.Say($"{assigned.Count(a => a == p)} samples written to {paths[p]}");
                }

                return Task.FromResult(ExitCode.Ok);
            });
    }

    // What can't be written as it was is written as JSON lines, which hold everything.
    private static DataFormat Writable(DataFormat format) => format is DataFormat.SemevalXml or DataFormat.Clinc ? DataFormat.Jsonl : format;

    private static string Extension(DataFormat format) => format.ToName();
}
