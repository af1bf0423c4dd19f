using System.CommandLine;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Composition;
using Streaming.Cli.Predicting;
using Streaming.Contracts;
using Streaming.Core;
using Streaming.Core.Models;
using Streaming.Server.Analysis;
using Streaming.Text.Analysis;

namespace Streaming.Cli.Interacting;

/// <summary><c>streaming interact</c>: type a text, see it annotated, by several bundles one below the other.</summary>
internal static class InteractCommand
{
    private const int MaxLineBytes = 1024 * 1024;

    public static Command Create(CliContext context)
    {
        var bundles = new Option<string[]>("--bundle")
        {
            Description = "Model bundle: a name (starter), name@version, or a folder; can be given several times",
            HelpName = "BUNDLE",
            DefaultValueFactory = static _ => ["starter"],
        };
        var data = CommonOptions.Data();
        return new Command("interact", "Annotate lines as they are typed; an empty line or Ctrl+D ends it").With(bundles, data).Does(context, async (parsed, cancellationToken) =>
        {
            var models = new List<EnrichmentModel>();
            try
            {
                foreach (var bundle in parsed.GetValue(bundles)!)
                    models.Add(ModelAccess.Load(context, parsed.GetValue(data), bundle));
                await ConverseAsync(context, models, cancellationToken);
            }
            finally
            {
                foreach (var model in models)
                    await model.DisposeAsync();
            }

            return ExitCode.Ok;
        });
    }

    private static async Task ConverseAsync(CliContext context, List<EnrichmentModel> models, CancellationToken cancellationToken)
    {
        var paint = new Paint(context.UseColour);
        await using var input = context.OpenInput();
        using var reader = new StreamReader(input);
        while (true)
        {
            if (context.IsOutputTerminal)
                await context.Out.WriteAsync(paint.Strong("text> "));
            await context.Out.FlushAsync(cancellationToken);
            // A person may stop while the program waits for a line.
            var line = await reader.ReadLineAsync(cancellationToken).AsTask().WaitAsync(cancellationToken);
            if (string.IsNullOrWhiteSpace(line))
                return;
            if (line.Length > MaxLineBytes)
                throw new StreamingException(ErrorCodes.MessageTooLarge, $"the line has more than {MaxLineBytes} characters; feed long texts with: streaming predict -");
            foreach (var model in models)
            {
                if (models.Count > 1)
                    await context.Out.WriteLineAsync(paint.Strong($"{model.Identity.Name} {model.Identity.Version}"));
                PredictionPrinter.Write(context.Out, paint, await DocumentAnalyzer.AnalyzeAsync(new FixedModelSource(model), new TextMessage { Text = line }, cancellationToken));
                await context.Out.WriteLineAsync();
            }
        }
    }
}
