using System.Diagnostics;
using System.Globalization;

namespace Streaming.Cli.Composition;

/// <summary>Most physical memory a process has had.</summary>
internal static class PeakMemory
{
    private const string Field = "VmHWM:";

    /// <summary>Starts anew from what is in use now, where the kernel allows it.</summary>
    public static void Reset()
    {
        try
        {
            File.WriteAllText("/proc/self/clear_refs", "5");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Then it stays the peak since the process began.
        }
    }

    /// <summary>Bytes of this process: <c>VmHWM</c> of the kernel, elsewhere what the runtime says.</summary>
    public static long Bytes() => Bytes(Environment.ProcessId);

    /// <summary>The same of another process.</summary>
    public static long Bytes(int processId)
    {
        var status = string.Create(CultureInfo.InvariantCulture, $"/proc/{processId}/status");
        if (File.Exists(status))
        {
            foreach (var line in File.ReadLines(status))
            {
                if (line.StartsWith(Field, StringComparison.Ordinal)
                    && long.TryParse(line.AsSpan(Field.Length).Trim().TrimEnd("kB").Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var kibibytes))
                {
                    return kibibytes * 1024;
                }
            }
        }

        using var process = Process.GetProcessById(processId);
        return process.PeakWorkingSet64;
    }
}
