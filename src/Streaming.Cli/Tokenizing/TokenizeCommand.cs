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
        var vocab = new Option<string?>("--vocab") { Description = "tokenizer.json, vocab.txt, vocab.json beside merges.txt, .model, or a folder of them, to use instead of a bundle's", HelpName = "FILE" };
        var family = new Option<string>("--family") { Description = "For .model: the encoder's family as its config.json names it", DefaultValueFactory = static _ => "xlm-roberta" };
        var cased = new Option<bool>("--cased") { Description = "vocab.txt is of a cased model" };
        var asData = new Option<bool>("--as-data") { Description = "Special-token literals such as [MASK] stay text, as in the pipeline" };
        var bundle = CommonOptions.Bundle();
        var data = CommonOptions.Data();
        var json = CommonOptions.Json();
        return new Command("tokenize", "Tokenise texts, one a line")
            .With(input, bundle, vocab, cased, family, asData, data, json)
            .Does(context, async (parsed, cancellationToken) =>
            {
                var options = new TokenizerFileOptions { Lowercase = !parsed.GetValue(cased), AllowSpecialTokensInText = !parsed.GetValue(asData), Family = parsed.GetValue(family)! };
                await using var stream = InputFile.Open(context, parsed.GetValue(input)!);
                var tokenizer = parsed.GetValue(vocab) is { } file
                    ? TokenizerLoader.Load(file, options)
                    : TokenizerLoader.Load(ModelBundle.Open(BundleLocator.Find(context, parsed.GetValue(data), parsed.GetValue(bundle)!)), options.AllowSpecialTokensInText);
                return await RunAsync(context, stream, tokenizer, parsed.GetValue(json), cancellationToken);
            });
    }

    private static async Task<ExitCode> RunAsync(CliContext context, Stream stream, ITokenizer tokenizer, bool json, CancellationToken cancellationToken)
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

    private static void Encode(ITokenizer tokenizer, ReadOnlySpan<byte> line, TokenBuffer buffer)
    {
        var characters = ArrayPool<char>.Shared.Rent(line.Length);
        var length = Encoding.UTF8.GetChars(line, characters);
        buffer.Clear();
        tokenizer.Encode(characters.AsSpan(0, length), buffer);
        ArrayPool<char>.Shared.Return(characters);
    }
}
