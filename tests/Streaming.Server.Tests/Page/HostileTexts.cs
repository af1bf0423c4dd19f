namespace Streaming.Server.Tests.Page;

/// <summary>Sixty texts that run a script, or load something, in a page that pastes text into markup. Each would call <c>pwned()</c>.</summary>
internal static class HostileTexts
{
    private static readonly string[] Openers = ["", "\">", "'>", "</mark>", "</p></article>", "<mark>", "]]>", "-->", "</textarea>", "</title>"];

    private static readonly string[] Payloads =
    [
        "<script>pwned()</script>",
        "<img src=x onerror=pwned()>",
        "<svg onload=pwned()>",
        "<iframe srcdoc=\"<script>parent.pwned()</script>\"></iframe>",
        "<a href=\"javascript:pwned()\" id=trap>storm</a>",
        "<style>@import 'http://127.0.0.1:1/x.css';</style><details open ontoggle=pwned()>",
    ];

    public static IReadOnlyList<string> All { get; } = [.. Openers.SelectMany(opener => Payloads.Select(payload => opener + payload))];
}
