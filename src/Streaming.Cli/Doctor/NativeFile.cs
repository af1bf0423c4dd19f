using System.ComponentModel;
using System.Diagnostics;

namespace Streaming.Cli.Doctor;

/// <summary>Where a native library of this process was loaded from.</summary>
internal static class NativeFile
{
    /// <summary>Full path of the first loaded module whose file name contains a word; null when there is none or it cannot be told.</summary>
    public static string? Find(string name)
    {
        try
        {
            using var process = Process.GetCurrentProcess();
            foreach (ProcessModule module in process.Modules)
            {
                using (module)
                {
                    if (Path.GetFileName(module.FileName)?.Contains(name, StringComparison.OrdinalIgnoreCase) == true
                        && !module.FileName.EndsWith(".dll", StringComparison.OrdinalIgnoreCase) == !OperatingSystem.IsWindows())
                        return module.FileName;
                }
            }
        }
        catch (Exception error) when (error is Win32Exception or InvalidOperationException or NotSupportedException)
        {
            // Only the path is missing then.
        }

        return null;
    }
}
