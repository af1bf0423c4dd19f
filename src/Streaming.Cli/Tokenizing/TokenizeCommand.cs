using System.Buffers;
using System.CommandLine;
using System.Text;
using System.Text.Unicode;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Composition;
using Streaming.Contracts;
using Streaming.Core;
using Streaming.Core.Models.Bundle;
using Streaming.Text.Tokenization;

namespace Streaming.Cli.Tokenizing;

/// <summary><c>streaming tokenize FILE|-</c>: what a tokeniser makes of each line.</summary>
internal static class TokenizeCommand
{
    private const int MaxLineBytes = 256 * 1024 * 1024;

    public static Command Create(CliContext context)
    {
        var input = new Argument<string>("FILE") { Description = "Texts, one a line, or - for standard input" };
        var vocab = new Option<string?>("--vocab") { Description = "vocab.txt or tokenizer.json to use instead of a bundle's", HelpName = "FILE" };
        var cased = new Option<bool>("--cased") { Description = "vocab.txt is of a cased model" };
        var asData = new Option<bool>("--as-data") { Description = "Special-token literals such as [MASK] stay text, as in the pipeline" };
        var bundle = CommonOptions.Bundle();
        var data = CommonOptions.Data();
        var json = CommonOptions.Json();
        return new Command("tokenize", "Tokenise texts, one a line")
            .With(input, bundle, vocab, cased, asData, data, json)
            .Does(context, async (parsed, cancellationToken) =>
            {
                var options = new WordPieceOptions { Lowercase = !parsed.GetValue(cased), AllowSpecialTokensInText = !parsed.GetValue(asData) };
                await using var stream = InputFile.Open(context, parsed.GetValue(input)!);
                var tokenizer = parsed.GetValue(vocab) is { } file
                    ? WordPieceTokenizer.Load(file, options)
                    : OfBundle(BundleLocator.Find(context, parsed.GetValue(data), parsed.GetValue(bundle)!), options);
                return await RunAsync(context, stream, tokenizer, parsed.GetValue(json), cancellationToken);
            });
    }

    // The bundle's own tokeniser takes every text as data; here the literals are a choice.
    private static WordPieceTokenizer OfBundle(string folder, WordPieceOptions options)
    {
        var bundle = ModelBundle.Open(folder);
        if (!options.AllowSpecialTokensInText)
            return WordPieceTokenizer.Load(bundle);
        var manifest = bundle.Manifest.Tokenizer;
        if (manifest.Kind != "wordpiece")
            throw new StreamingException("tokenizer_unsupported", $"the bundle's tokeniser is '{manifest.Kind}'; supported is 'wordpiece'");
        var file = manifest.Files.FirstOrDefault(static name => name.EndsWith("tokenizer.json", StringComparison.Ordinal)) ?? manifest.Files[0];
        return WordPieceTokenizer.Load(Path.Combine(bundle.Directory, file), options with { Lowercase = manifest.LowerCase });
    }

    private static async Task<ExitCode> RunAsync(CliContext context, Stream stream, WordPieceTokenizer tokenizer, bool json, CancellationToken cancellationToken)
    {
        using var lines = new LineReader(stream, MaxLineBytes);
        using var buffer = new TokenBuffer();
        using var writer = new TokenWriter(context.Out, tokenizer.Special, json);
        var failed = false;
        while (await lines.ReadAsync(cancellationToken))
        {
            if (lines.PassedOver > 0 || !Utf8.IsValid(lines.Line.Span))
            {
                var (code, what) = lines.PassedOver > 0 ? (ErrorCodes.MessageTooLarge, $"it has {lines.PassedOver} bytes") : (ErrorCodes.InvalidUtf8, "it is not valid UTF-8");
                context.Fail(new StreamingException(code, $"line {lines.Number}: {what}"));
                writer.WriteError(code);
                failed = true;
                continue;
            }

            Encode(tokenizer, lines.Line.Span, buffer);
            writer.Write(buffer);
        }

        return failed ? ExitCode.CheckFailed : ExitCode.Ok;
    }

    private static void Encode(WordPieceTokenizer tokenizer, ReadOnlySpan<byte> line, TokenBuffer buffer)
    {
        var characters = ArrayPool<char>.Shared.Rent(line.Length);
        var length = Encoding.UTF8.GetChars(line, characters);
        buffer.Clear();
        tokenizer.Encode(characters.AsSpan(0, length), buffer);
        ArrayPool<char>.Shared.Return(characters);
    }
}
