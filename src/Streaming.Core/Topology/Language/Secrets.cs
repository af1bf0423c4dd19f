using System.Text.RegularExpressions;

namespace Streaming.Core.Topology.Language;

/// <summary>Knows what must never be shown.</summary>
internal static class Secrets
{
    public const string Mask = "***";

    private static readonly Regex SecretName = SettingText.Whole(
        "(?i)(^|[^a-z])(password|passwd|pwd|secret|token|credential|credentials|api[-_.]?key|access[-_.]?key|private[-_.]?key|key\\.pem|jaas|oauthbearer\\.config)([^a-z]|$)");

    private static readonly Regex UserInUrl = new("(?<=[a-zA-Z][a-zA-Z0-9+.-]*://)[^/\\s@]*@", RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));

    public static bool IsSecretName(string name) => SecretName.IsMatch(name);

    public static string MaskUrls(string text) => text.Contains('@') ? UserInUrl.Replace(text, Mask + "@") : text;
}
