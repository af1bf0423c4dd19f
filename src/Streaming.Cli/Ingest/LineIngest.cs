using System.Text;
using System.Text.Json;
using Streaming.Cli.CommandLine;
using Streaming.Contracts;
using Streaming.Core.Messaging;
using Streaming.Server.Ingest;

namespace Streaming.Cli.Ingest;

/// <summary>Texts and JSON messages, one a line. A line that is wrong is written as it is: the pipeline keeps it as a dead letter.</summary>
internal static class LineIngest
{
    private static readonly MessageHeader[] SaidToBeJson = [new(MessageHeader.ContentType, "application/json"u8.ToArray())];

    /// <summary>Reads every line and hands its message on.</summary>
    public static async Task RunAsync(LineReader lines, bool json, BatchWriter writer, IngestReport report, CancellationToken cancellationToken)
    {
        while (await lines.ReadAsync(cancellationToken))
        {
            report.Bytes = lines.BytesRead;
            if (lines.PassedOver > 0)
            {
                report.Refuse(ErrorCodes.MessageTooLarge, lines.Number, $"it has {lines.PassedOver} bytes, more than the log takes");
                continue;
            }

            var line = lines.Line;
            if (lines.Number == 1 && line.Span.StartsWith("\uFEFF"u8))
                line = line[3..];
            if (line.IsEmpty || (json && line.Span.Trim(" \t\r"u8).IsEmpty))
            {
                report.Blank++;
                continue;
            }

            await writer.AddAsync(lines.Number, json ? FromJson(line) : IngestItem.FromText(line), cancellationToken);
        }
    }

    private static OutgoingMessage FromJson(ReadOnlyMemory<byte> line) => line.Span.TrimStart(" \t\r"u8) switch
    {
        [(byte)'{', ..] => new() { Key = IngestItem.KeyOf(line), Value = line },
        [(byte)'"', ..] when TextOf(line.Span) is { } text => IngestItem.FromText(Encoding.UTF8.GetBytes(text)),
        // Without the header it would read as plain text.
        _ => new() { Value = line, Headers = SaidToBeJson },
    };

    private static string? TextOf(ReadOnlySpan<byte> line)
    {
        try
        {
            var reader = new Utf8JsonReader(line);
            return reader.Read() && reader.TokenType == JsonTokenType.String && reader.GetString() is { } text && !reader.Read() ? text : null;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}
