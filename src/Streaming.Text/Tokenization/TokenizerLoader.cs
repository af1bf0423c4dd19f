using Streaming.Core;
using Streaming.Core.Models.Bundle;
using Streaming.Text.Tokenization.Loading;

namespace Streaming.Text.Tokenization;

/// <summary>
/// Makes the tokeniser that some files describe: <c>tokenizer.json</c>, <c>vocab.txt</c>, <c>vocab.json</c> with
/// <c>merges.txt</c>, or a SentencePiece <c>.model</c>. What is not supported is refused, and the error names the part.
/// </summary>
public static class TokenizerLoader
{
    private const long MaxBytes = 64L * 1024 * 1024;

    /// <summary>The tokeniser of a bundle, from verified bytes.</summary>
    /// <param name="bundle">The bundle.</param>
    /// <param name="allowSpecialTokensInText">Whether literals of special tokens in a text become them; in the pipeline they never do.</param>
    /// <exception cref="StreamingException"><c>tokenizer_invalid</c> or <c>tokenizer_unsupported</c>.</exception>
    public static ITokenizer Load(ModelBundle bundle, bool allowSpecialTokensInText = false)
    {
        ArgumentNullException.ThrowIfNull(bundle);
        var manifest = bundle.Manifest.Tokenizer;
        if (manifest.StripAccents is { } strip && strip != manifest.LowerCase)
            throw new StreamingException("tokenizer_unsupported", "Supported are tokenisers that lower case and strip accents, or do neither.");
        var files = new TokenizerFiles(manifest.Files, bundle.Read);
        var tokenizer = Load(files, new TokenizerFileOptions
        {
            Lowercase = manifest.LowerCase,
            AllowSpecialTokensInText = allowSpecialTokensInText,
            Family = bundle.Manifest.Encoder.Family,
        });
        if (tokenizer.Kind != manifest.Kind)
            throw new StreamingException("tokenizer_unsupported", $"The bundle's manifest says that its tokeniser is '{manifest.Kind}', its files are of '{tokenizer.Kind}'. Import the model again.");
        return tokenizer;
    }

    /// <summary>The tokeniser of a file, or of a folder that holds its files.</summary>
    /// <param name="path">A file by its extension (<c>merges.txt</c> is looked for beside <c>vocab.json</c>), or a folder.</param>
    /// <param name="options">What the files do not say.</param>
    /// <exception cref="StreamingException"><c>tokenizer_missing</c>, <c>tokenizer_invalid</c> or <c>tokenizer_unsupported</c>.</exception>
    public static ITokenizer Load(string path, TokenizerFileOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (Directory.Exists(path))
            return Load(new TokenizerFiles(FilesIn(path), name => ReadFile(Path.Combine(path, name))), options ?? new TokenizerFileOptions());
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        var name = Path.GetFileName(path);
        List<string> names = name.Equals("vocab.json", StringComparison.Ordinal) ? [name, "merges.txt"] : [name];
        return Load(new TokenizerFiles(names, file => ReadFile(Path.Combine(folder, file))), options ?? new TokenizerFileOptions());
    }

    /// <summary>The tokeniser that some files make, wherever they lie.</summary>
    /// <param name="names">Their names.</param>
    /// <param name="read">Gives the bytes of one.</param>
    /// <param name="options">What the files do not say.</param>
    /// <exception cref="StreamingException"><c>tokenizer_invalid</c> or <c>tokenizer_unsupported</c>.</exception>
    public static ITokenizer Load(IReadOnlyList<string> names, Func<string, byte[]> read, TokenizerFileOptions options)
    {
        ArgumentNullException.ThrowIfNull(names);
        ArgumentNullException.ThrowIfNull(read);
        ArgumentNullException.ThrowIfNull(options);
        return Load(new TokenizerFiles(names, read), options);
    }

    /// <summary>The files of a folder that make its tokeniser, the ones that say most first.</summary>
    /// <exception cref="StreamingException"><c>tokenizer_missing</c>.</exception>
    public static IReadOnlyList<string> FilesIn(string folder)
    {
        bool Has(string name) => File.Exists(Path.Combine(folder, name));
        if (Has("tokenizer.json"))
            return ["tokenizer.json"];
        if (Has("vocab.txt"))
            return ["vocab.txt"];
        if (Has("vocab.json") && Has("merges.txt"))
            return Has("tokenizer_config.json") ? ["vocab.json", "merges.txt", "tokenizer_config.json"] : ["vocab.json", "merges.txt"];
        foreach (var name in (ReadOnlySpan<string>)["sentencepiece.bpe.model", "spm.model", "spiece.model", "tokenizer.model"])
        {
            if (Has(name))
                return [name];
        }

        throw new StreamingException("tokenizer_missing", $"'{folder}' has no tokeniser: tokenizer.json, vocab.txt, vocab.json with merges.txt, or a SentencePiece .model is needed.");
    }

    internal static byte[] ReadFile(string path)
    {
        var file = new FileInfo(path);
        if (!file.Exists)
            throw new StreamingException("tokenizer_missing", $"No tokeniser file at '{path}'; a model needs tokenizer.json, vocab.txt, vocab.json with merges.txt, or a SentencePiece .model.");
        if (file.Length > MaxBytes)
            throw WordPieceFile.Invalid($"'{path}' has {file.Length} bytes; the limit is {MaxBytes}");
        return File.ReadAllBytes(path);
    }

    private static ITokenizer Load(TokenizerFiles files, TokenizerFileOptions options)
    {
        if (files.Find("tokenizer.json") is { } json || (json = files.FindByExtension(".json", except: "vocab.json")) is not null)
            return TokenizerJson.Read(files.Read(json), json, options);
        if (files.Find("vocab.json") is { } vocabulary && files.Find("merges.txt") is { } merges)
            return ByteLevelFiles.Read(files.Read(vocabulary), files.Read(merges), files.Find("tokenizer_config.json") is { } settings ? files.Read(settings) : null, options);
        if (files.FindByExtension(".model") is { } model)
        {
            // That name is fairseq's, and so is the layout then, whatever the encoder's family (multilingual MiniLM is a BERT).
            var isShifted = Path.GetFileName(model) == "sentencepiece.bpe.model";
            return SentencePieceFile.Read(files.Read(model), isShifted ? options with { Family = "xlm-roberta" } : options);
        }

        if (files.FindByExtension(".txt", except: "merges.txt") is { } lines)
            return WordPieceTokenizer.Read(lines, files.Read(lines), new WordPieceOptions { Lowercase = options.Lowercase, AllowSpecialTokensInText = options.AllowSpecialTokensInText });
        throw new StreamingException("tokenizer_unsupported", $"No tokeniser can be made of {string.Join(", ", files.Names)}; supported are tokenizer.json, vocab.txt, vocab.json with merges.txt, and SentencePiece's .model.");
    }
}
