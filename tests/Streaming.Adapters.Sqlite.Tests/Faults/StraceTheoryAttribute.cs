using System.Diagnostics;

namespace Streaming.Adapters.Sqlite.Tests.Faults;

/// <summary>A test that makes system calls fail; skipped where strace is missing or may not trace.</summary>
internal sealed class StraceTheoryAttribute : TheoryAttribute
{
    public StraceTheoryAttribute()
    {
        if (!Works())
            Skip = "needs strace with fault injection";
    }

    private static bool Works()
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo("strace", ["-e", "trace=fsync", "-e", "inject=fsync:error=EIO", "true"]) { RedirectStandardError = true })!;
            process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
