using Streaming.Core;

namespace Streaming.Server.Http;

/// <summary>A part this process does not have.</summary>
internal static class Unavailable
{
    public static DependencyUnavailableException Part(string what) =>
        new("unavailable", $"this process has no {what}; start it with one (streaming demo, or streaming run TOPOLOGY --serve)");
}
