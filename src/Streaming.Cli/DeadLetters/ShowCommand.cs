using System.CommandLine;
using System.Globalization;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Composition;
using Streaming.Core;

namespace Streaming.Cli.DeadLetters;

/// <summary><c>streaming dead-letters show ID</c>: one letter with its original bytes.</summary>
internal static class ShowCommand
{
    public static Command Create(CliContext context)
    {
        var id = new Argument<string>("ID") { Description = "Its id, as list shows it" };
        var raw = new Option<bool>("--raw") { Description = "Write the original value's bytes and nothing else" };
        var topology = DeadLettersCommand.Topology();
        var data = CommonOptions.Data();
        var json = CommonOptions.Json();
        return new Command("show", "Show one with its original bytes").With(id, raw, topology, data, json).Does(context, async (parsed, cancellationToken) =>
        {
            var told = parsed.GetValue(id)!;
            var definition = DeadLettersCommand.Find(context, parsed.GetValue(topology));
            var found = definition is { Source.UsesKafka: true }
                ? await OnKafkaAsync(context, definition, told, cancellationToken)
                : await EmbeddedAsync(context, parsed.GetValue(data), told, cancellationToken);
            if (found is null)
                throw new StreamingException("dead_letter_not_found", $"there is no dead letter '{TerminalText.Line(told)}'; see: streaming dead-letters list");
            if (parsed.GetValue(raw))
                await context.WriteBytesAsync(found.Letter.Value ?? [], cancellationToken);
            else if (parsed.GetValue(json))
                JsonText.WriteObject(context.Out, writer => LetterText.WriteJson(writer, found, whole: true));
            else
                LetterText.Write(context.Out, found);
            return ExitCode.Ok;
        });
    }

    private static async Task<ShownLetter?> EmbeddedAsync(CliContext context, string? data, string told, CancellationToken cancellationToken)
    {
        if (!long.TryParse(told, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            return null;
        await using var store = await DataFolder.OpenExistingStoreAsync(context, data, cancellationToken);
        var stored = store is null ? null : await store.GetDeadLetterAsync(number, cancellationToken);
        return stored is null ? null : new ShownLetter(told, stored.Letter, stored.RedrivenTo is not null, stored.RedrivenTo);
    }

    private static async Task<ShownLetter?> OnKafkaAsync(CliContext context, Core.Topology.TopologyDefinition topology, string told, CancellationToken cancellationToken)
    {
        ShownLetter? found = null;
        await KafkaLetters.ReadAsync(
            context, topology,
            letter =>
            {
                if (letter.Id == told)
                    found = letter;
                return found is null;
            },
            cancellationToken);
        return found;
    }
}
