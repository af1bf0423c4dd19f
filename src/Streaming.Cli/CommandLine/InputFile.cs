using Streaming.Core;

namespace Streaming.Cli.CommandLine;

/// <summary>Opens what a command reads: a file, or standard input for <c>-</c>.</summary>
internal static class InputFile
{
    /// <summary>Opens it for one pass from its beginning to its end.</summary>
    /// <exception cref="StreamingException"><c>input_not_found</c> or <c>input_unreadable</c>; exit code 2.</exception>
    public static Stream Open(CliContext context, string path)
    {
        if (path == "-")
            return context.OpenInput();
        if (Directory.Exists(path))
            throw new StreamingException("input_unreadable", $"'{path}' is a folder; name a file, or - for standard input");
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0, FileOptions.SequentialScan);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new StreamingException("input_not_found", $"there is no file '{path}'", ExitCode.Usage, error);
        }
        catch (Exception error) when (error is UnauthorizedAccessException or IOException or ArgumentException or NotSupportedException)
        {
            throw new StreamingException("input_unreadable", $"'{path}' cannot be read: {error.Message}", ExitCode.Usage, error);
        }
    }
}
