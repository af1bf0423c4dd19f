namespace Streaming.Testing.Browsers;

/// <summary>A test in a real browser; skipped, with the reason, where Chromium or its driver is missing.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class BrowserFactAttribute : FactAttribute
{
    /// <summary>Skips where there is no browser.</summary>
    public BrowserFactAttribute() => Skip = Browser.MissingBecause;
}
