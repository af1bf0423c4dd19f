namespace Streaming.Core.Models.Crashes;

/// <summary>A batch holds what a process may have died over, and must be smaller; alone: a text that ended the process again and again.</summary>
public sealed class NativeCrashException() : Exception("the process died while the model computed this");
