using System.Text.Json;
using Streaming.Core.Sinks;

namespace Streaming.Adapters.Elasticsearch.Indexing;

/// <summary>What a bulk answer says of one item.</summary>
internal readonly record struct ItemAnswer(string Id, int Status, string? ErrorType, string? Reason);

/// <summary>Reads bulk answers and decides what each means.</summary>
internal static class BulkAnswer
{
    /// <summary>What to do with an item.</summary>
    internal enum Verdict
    {
        Applied,
        Superseded,
        Rejected,

        /// <summary>Overload or a passing failure: again, later.</summary>
        Retry,

        /// <summary>The item's own server error: again a few times, then rejected, or one document could hold up all.</summary>
        RetryFewTimes,

        /// <summary>The index takes no writes now (disk full, closed, missing): wait, never reject.</summary>
        Blocked,
    }

    /// <summary>The items, in the order the answer has them; null when it is cut or no bulk answer.</summary>
    public static List<ItemAnswer>? Read(ReadOnlySpan<byte> body)
    {
        var items = new List<ItemAnswer>();
        var reader = new Utf8JsonReader(body);
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
                return null;
            var found = false;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var isItems = reader.ValueTextEquals("items"u8);
                reader.Read();
                if (!isItems)
                {
                    reader.Skip();
                    continue;
                }

                if (reader.TokenType != JsonTokenType.StartArray)
                    return null;
                found = true;
                while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
                {
                    // { "index": { … } }
                    reader.Read();
                    reader.Read();
                    if (reader.TokenType != JsonTokenType.StartObject)
                        return null;
                    items.Add(ReadItem(ref reader));
                    reader.Read();
                }
            }

            return found && reader.TokenType == JsonTokenType.EndObject ? items : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }

    /// <summary>What an item's answer means.</summary>
    public static Verdict Judge(in ItemAnswer answer, bool isDelete) => answer.Status switch
    {
        >= 200 and < 300 => Verdict.Applied,
        404 when isDelete && answer.ErrorType is null => Verdict.Applied,
        409 when answer.ErrorType is null or "version_conflict_engine_exception" => Verdict.Superseded,
        _ when IsBlock(answer.ErrorType) => Verdict.Blocked,
        401 or 403 or 404 => Verdict.Blocked,
        408 or 429 or 502 or 503 or 504 => Verdict.Retry,
        >= 500 => Verdict.RetryFewTimes,
        >= 400 => Verdict.Rejected,
        _ => Verdict.Retry,
    };

    /// <summary>True when the error says that the index or cluster takes no writes.</summary>
    public static bool IsBlock(string? errorType) => errorType is
        "cluster_block_exception" or "index_not_found_exception" or "index_closed_exception" or "security_exception"
        or "no_such_index_exception" or "index_create_block_exception";

    /// <summary>A sentence for a rejected item: type and field, never the value.</summary>
    public static SinkResult Reject(in ItemAnswer answer)
    {
        var field = FieldOf(answer.Reason);
        var reason = $"Elasticsearch refused the document: {answer.ErrorType ?? "error"}, status {answer.Status}";
        return new SinkResult(SinkStatus.Rejected, field is null ? reason + "." : $"{reason}, field [{field}].");
    }

    private static string? FieldOf(string? reason)
    {
        // "failed to parse field [text] of type …", "… introduction of [name] within …": the first bracket names the field, what follows may quote the document.
        if (reason is null)
            return null;
        foreach (var lead in (ReadOnlySpan<string>)["field [", "introduction of ["])
        {
            var at = reason.IndexOf(lead, StringComparison.Ordinal);
            if (at < 0)
                continue;
            var start = at + lead.Length;
            var end = reason.IndexOf(']', start);
            if (end > start && end - start <= 100)
                return reason[start..end];
        }

        return null;
    }

    private static ItemAnswer ReadItem(ref Utf8JsonReader reader)
    {
        string id = "", type = null!, reason = null!;
        var status = 0;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("_id"u8))
            {
                reader.Read();
                id = reader.GetString() ?? "";
            }
            else if (reader.ValueTextEquals("status"u8))
            {
                reader.Read();
                status = reader.GetInt32();
            }
            else if (reader.ValueTextEquals("error"u8))
            {
                reader.Read();
                if (reader.TokenType == JsonTokenType.String)
                    type = reason = reader.GetString()!;
                else if (reader.TokenType == JsonTokenType.StartObject)
                    (type, reason) = ReadError(ref reader);
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }

        return new ItemAnswer(id, status, type, reason);
    }

    private static (string Type, string Reason) ReadError(ref Utf8JsonReader reader)
    {
        string type = "error", reason = "";
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isType = reader.ValueTextEquals("type"u8);
            var isReason = reader.ValueTextEquals("reason"u8);
            reader.Read();
            if (isType)
                type = reader.GetString() ?? type;
            else if (isReason)
                reason = reader.GetString() ?? "";
            else
                reader.Skip();
        }

        return (type, reason);
    }
}
