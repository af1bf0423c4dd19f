using System.Security.Cryptography;

namespace Streaming.Learning.Labelling;

/// <summary>Delimiters and a canary that are drawn anew for each question, so that no document can know them.</summary>
internal sealed record PromptGuard(string Begin, string End, string Canary)
{
    public static PromptGuard Draw()
    {
        var nonce = RandomNumberGenerator.GetHexString(16, lowercase: true);
        return new PromptGuard($"<<<document {nonce}>>>", $"<<<end {nonce}>>>", $"canary-{RandomNumberGenerator.GetHexString(16, lowercase: true)}");
    }

    /// <summary>A text between its delimiters.</summary>
    public string Wrap(string text) => $"{Begin}\n{text}\n{End}";

    /// <summary>Whether a reply repeats the canary or the delimiters' secret.</summary>
    public bool IsIn(string reply) => reply.Contains(Canary["canary-".Length..], StringComparison.OrdinalIgnoreCase) || reply.Contains(Begin[^19..^3], StringComparison.OrdinalIgnoreCase);
}
