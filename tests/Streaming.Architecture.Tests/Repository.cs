using System.ComponentModel;
using System.Diagnostics;
using System.Text.RegularExpressions;
using Streaming.Testing;

namespace Streaming.Architecture.Tests;

/// <summary>The repository's own files: those that git tracks; in a copy without git, all but what is built, fetched or kept by tools.</summary>
internal static class Repository
{
    private static readonly HashSet<string> OtherFolders = ["bin", "obj", ".git", ".setup", ".vs", ".idea", "artifacts", "node_modules", "TestResults"];

    private static readonly HashSet<string> BinaryExtensions =
        [".gz", ".onnx", ".safetensors", ".png", ".npy", ".db", ".so", ".dll", ".ico", ".woff2", ".zip", ".jpg"];

    public static string Root => SharedFolder.RepositoryRoot;

    /// <summary>Every file, as a path relative to the root with forward slashes.</summary>
    public static IReadOnlyList<string> Files { get; } = (Tracked() ?? Enumerate(new DirectoryInfo(SharedFolder.RepositoryRoot), string.Empty)).Order(StringComparer.Ordinal).ToList();

    /// <summary>Files that are text.</summary>
    public static IEnumerable<string> TextFiles => Files.Where(f => !BinaryExtensions.Contains(Path.GetExtension(f)));

    /// <summary>C# files of the product.</summary>
    public static IEnumerable<string> Sources => Files.Where(f => f.StartsWith("src/", StringComparison.Ordinal) && f.EndsWith(".cs", StringComparison.Ordinal));

    public static string Read(string file) => File.ReadAllText(Path.Combine(Root, file));

    public static bool Exists(string path) => Path.Exists(Path.Combine(Root, path));

    /// <summary>The number of the line a match begins on.</summary>
    public static int LineOf(string text, Match match) => text.AsSpan(0, match.Index).Count('\n') + 1;

    private static List<string>? Tracked()
    {
        try
        {
            var start = new ProcessStartInfo("git", ["-c", "core.quotepath=off", "ls-files", "-z"]) { WorkingDirectory = Root, RedirectStandardOutput = true, RedirectStandardError = true };
            using var git = Process.Start(start)!;
            var names = git.StandardOutput.ReadToEnd();
            git.WaitForExit();
            return git.ExitCode == 0
                ? names.Split('\0', StringSplitOptions.RemoveEmptyEntries).Where(f => File.Exists(Path.Combine(Root, f))).ToList()
                : null;
        }
        catch (Win32Exception)
        {
            return null; // there is no git
        }
    }

    private static IEnumerable<string> Enumerate(DirectoryInfo folder, string path)
    {
        foreach (var entry in folder.EnumerateFileSystemInfos())
        {
            if (entry.LinkTarget is not null || entry.Name == ".git")
                continue;
            if (entry is FileInfo)
                yield return path + entry.Name;
            else if (!OtherFolders.Contains(entry.Name))
            {
                foreach (var file in Enumerate((DirectoryInfo)entry, path + entry.Name + "/"))
                    yield return file;
            }
        }
    }
}
