using System.CommandLine;
using System.Globalization;
using Streaming.Adapters.Kafka;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Composition;
using Streaming.Contracts;
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
            var (letter, redrivenTo) = definition is { Source.UsesKafka: true }
                ? (await OnKafkaAsync(context, definition, told, cancellationToken), null)
                : await EmbeddedAsync(context, parsed.GetValue(data), told, cancellationToken);
            if (letter is null)
                throw new StreamingException("dead_letter_not_found", $"there is no dead letter '{TerminalText.Line(told)}'; see: streaming dead-letters list");
            if (parsed.GetValue(raw))
                await context.WriteBytesAsync(letter.Value ?? [], cancellationToken);
            else if (parsed.GetValue(json))
                JsonText.WriteObject(context.Out, writer => LetterText.WriteJson(writer, told, letter, redrivenTo, whole: true));
            else
                LetterText.Write(context.Out, told, letter, redrivenTo);
            return ExitCode.Ok;
        });
    }

    private static async Task<(DeadLetter? Letter, long? RedrivenTo)> EmbeddedAsync(CliContext context, string? data, string told, CancellationToken cancellationToken)
    {
        if (!long.TryParse(told, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            return default;
        await using var store = await DataFolder.OpenExistingStoreAsync(context, data, cancellationToken);
        var stored = store is null ? null : await store.GetDeadLetterAsync(number, cancellationToken);
        return (stored?.Letter, stored?.RedrivenTo);
    }

    private static async Task<DeadLetter?> OnKafkaAsync(CliContext context, Core.Topology.TopologyDefinition topology, string told, CancellationToken cancellationToken)
    {
        DeadLetter? found = null;
        await KafkaLetters.ReadAsync(
            context, topology,
            letter =>
            {
                if (DeadLetterHeaders.IdOf(letter) == told)
                    found = letter;
                return found is null;
            },
            cancellationToken);
        return found;
    }
}
