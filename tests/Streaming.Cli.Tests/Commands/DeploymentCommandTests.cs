using System.Text.RegularExpressions;
using Streaming.Cli.CommandLine;
using Streaming.Testing;
using YamlDotNet.RepresentationModel;

namespace Streaming.Cli.Tests.Commands;

/// <summary>Every command line that a deployment runs is one that the program takes.</summary>
public sealed partial class DeploymentCommandTests
{
    public static TheoryData<string, string> Lines
    {
        get
        {
            var lines = new TheoryData<string, string>();
            var services = (YamlMappingNode)Load("docker-compose.yml")["services"];
            foreach (var name in (string[])["topics", "pipeline", "worker"])
                lines.Add("docker-compose.yml " + name, string.Join('\n', (YamlSequenceNode)services[name]["command"]));
            var container = Load("deploy/kubernetes/deployment.yaml")["spec"]["template"]["spec"]["containers"][0];
            lines.Add("deployment.yaml", string.Join('\n', (YamlSequenceNode)container["args"]).Replace("$(POD_IP)", "10.0.0.1", StringComparison.Ordinal));
            lines.Add("streaming.service", string.Join('\n', ExecStart().Match(Read("deploy/systemd/streaming.service")).Groups["line"].Value.Split(' ')));
            lines.Add("Dockerfile", string.Join('\n', Quoted().Matches(Read("deploy/Dockerfile").Split("\nCMD ")[1]).Select(static word => word.Groups["word"].Value)));
            return lines;
        }
    }

    [Theory]
    [MemberData(nameof(Lines))]
    public void Line_OfADeployment_IsTaken(string where, string line)
    {
        var context = new CliContext { Out = TextWriter.Null, Error = TextWriter.Null, OpenInput = static () => Stream.Null, Environment = new Dictionary<string, string>() };
        var words = line.Split('\n');
        var parsed = Program.Build(context).Parse(words);
        Assert.True(parsed.Errors.Count == 0, $"{where}: {string.Join("; ", parsed.Errors)}");
        Assert.NotSame(parsed.RootCommandResult, parsed.CommandResult);
    }

    private static YamlNode Load(string file)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(Read(file)));
        return stream.Documents[0].RootNode;
    }

    private static string Read(string file) => File.ReadAllText(Path.Combine(SharedFolder.RepositoryRoot, file));

    [GeneratedRegex(@"^ExecStart=\S+ (?<line>.+)$", RegexOptions.Multiline)]
    private static partial Regex ExecStart();

    [GeneratedRegex("\"(?<word>[^\"]*)\"")]
    private static partial Regex Quoted();
}
