namespace Streaming.Core.Models;

/// <summary>Which model it is.</summary>
/// <param name="Name">Bundle name.</param>
/// <param name="Version">Bundle version.</param>
/// <param name="Heads">Head name → first 12 hexadecimal digits of its weights' SHA-256.</param>
public sealed record ModelIdentity(string Name, string Version, IReadOnlyDictionary<string, string> Heads);
