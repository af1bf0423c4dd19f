namespace Streaming.Text.Tokenization.Loading;

/// <summary>Files of a tokeniser, wherever they lie.</summary>
/// <param name="Names">Their paths.</param>
/// <param name="Read">Gives the bytes of one of them.</param>
internal sealed record TokenizerFiles(IReadOnlyList<string> Names, Func<string, byte[]> Read)
{
    /// <summary>The path of the file of that name, or null.</summary>
    internal string? Find(string name) => Names.FirstOrDefault(path => Path.GetFileName(path).Equals(name, StringComparison.OrdinalIgnoreCase));

    /// <summary>The first path with that extension, or null.</summary>
    internal string? FindByExtension(string extension, string? except = null) => Names.FirstOrDefault(path =>
        path.EndsWith(extension, StringComparison.OrdinalIgnoreCase)
        && !Path.GetFileName(path).Equals(except, StringComparison.OrdinalIgnoreCase)
        && Path.GetFileName(path) != "tokenizer_config.json");
}
