using System.CommandLine;
using System.Text;
using System.Text.Json;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Composition;
using Streaming.Contracts;
using Streaming.Core;
using Streaming.Core.Models;
using Streaming.Server.Analysis;
using Streaming.Server.Http;

namespace Streaming.Cli.Predicting;

/// <summary><c>streaming predict 'text'</c>: what the model finds in one text.</summary>
internal static class PredictCommand
{
    private const int MaxBytes = 64 * 1024 * 1024;

    public static Command Create(CliContext context)
    {
        var text = new Argument<string>("TEXT") { Description = "The text, or - to read it from standard input" };
        var bundle = CommonOptions.Bundle();
        var data = CommonOptions.Data();
        var json = CommonOptions.Json();
        return new Command("predict", "Annotate one text")
            .With(text, bundle, data, json)
            .Does(context, async (parsed, cancellationToken) =>
            {
                var told = parsed.GetValue(text)!;
                var input = told == "-" ? await ReadAsync(context, cancellationToken) : told;
                await using var model = ModelAccess.Load(context, parsed.GetValue(data), parsed.GetValue(bundle)!);
                var result = await DocumentAnalyzer.AnalyzeAsync(new FixedModelSource(model), new TextMessage { Text = input }, cancellationToken);
                if (parsed.GetValue(json))
                    context.Out.WriteLine(JsonSerializer.Serialize(result, ServerJson.Wire.AnalyzeResult));
                else
                    PredictionPrinter.Write(context.Out, new Paint(context.UseColour), result);
                return ExitCode.Ok;
            });
    }

    private static async Task<string> ReadAsync(CliContext context, CancellationToken cancellationToken)
    {
        await using var input = context.OpenInput();
        using var bytes = new MemoryStream();
        var buffer = new byte[16 * 1024];
        while (await input.ReadAsync(buffer, cancellationToken) is var read and > 0)
        {
            bytes.Write(buffer, 0, read);
            if (bytes.Length > MaxBytes)
                throw new StreamingException(ErrorCodes.MessageTooLarge, $"the text on standard input has more than {MaxBytes} bytes; feed it with: streaming ingest");
        }

        try
        {
            // A shell's line end is not part of the text.
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes.GetBuffer(), 0, (int)bytes.Length).TrimEnd('\r', '\n');
        }
        catch (DecoderFallbackException)
        {
            throw new StreamingException(ErrorCodes.InvalidUtf8, "the text on standard input is not valid UTF-8");
        }
    }
}
