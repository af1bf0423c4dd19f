using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using Streaming.Core;

namespace Streaming.Adapters.Elasticsearch.Searching;

/// <summary>
/// Where a page ended: the sort values of its last hit, so no state is kept on the server and a cursor never expires.
/// The id makes every place unique; a document rewritten between two pages may be seen on both.
/// </summary>
internal static class SearchCursor
{
    /// <summary>The cursor behind a hit.</summary>
    public static string Write(JsonElement sort) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(sort.GetRawText()));

    /// <summary>The sort values, as JSON.</summary>
    /// <param name="cursor">As <see cref="Write"/> gave it.</param>
    /// <param name="byScore">Whether the first value is a score.</param>
    /// <exception cref="StreamingException"><c>search_cursor_invalid</c>.</exception>
    public static string Read(string cursor, bool byScore)
    {
        if (cursor.Length <= 4_000 && Base64Url.IsValid(cursor))
        {
            try
            {
                using var document = JsonDocument.Parse(Base64Url.DecodeFromChars(cursor));
                if (IsPlace(document.RootElement, byScore))
                    return document.RootElement.GetRawText();
            }
            catch (JsonException)
            {
                // Not one of ours; told below.
            }
        }

        throw new StreamingException("search_cursor_invalid", "The place to go on from is not one this search gave. Leave 'after' out to begin anew; keep query and order the same from page to page.");
    }

    private static bool IsPlace(JsonElement element, bool byScore)
    {
        var numbers = byScore ? 2 : 1;
        if (element.ValueKind != JsonValueKind.Array || element.GetArrayLength() != numbers + 1)
            return false;
        for (var i = 0; i < numbers; i++)
        {
            if (element[i].ValueKind != JsonValueKind.Number)
                return false;
        }

        return element[numbers - 1].TryGetInt64(out _) && element[numbers].ValueKind == JsonValueKind.String;
    }
}
