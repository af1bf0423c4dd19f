using Streaming.Cli.CommandLine;
using Streaming.Cli.Composition;
using Streaming.Core;

namespace Streaming.Cli.Doctor;

/// <summary>What <c>./streaming setup</c> found out about this machine: <c>.setup/notes</c>, a <c>key=value</c> a line.</summary>
internal static class SetupNotes
{
    private const long MaxBytes = 64 * 1024;

    /// <summary>The notes; none when the product was not set up by the script.</summary>
    public static IReadOnlyDictionary<string, string> Read(CliContext context)
    {
        var notes = new Dictionary<string, string>(StringComparer.Ordinal);
        try
        {
            var file = new FileInfo(Path.Combine(HomeFolder.Find(context), ".setup", "notes"));
            if (!file.Exists || file.Length > MaxBytes)
                return notes;
            foreach (var line in File.ReadLines(file.FullName))
            {
                var equals = line.IndexOf('=', StringComparison.Ordinal);
                if (equals > 0)
                    notes[line[..equals]] = line[(equals + 1)..];
            }
        }
        catch (Exception error) when (error is StreamingException or IOException or UnauthorizedAccessException)
        {
            // Without notes there is less to tell; what is wrong with the home folder is told by its own check.
        }

        return notes;
    }
}
