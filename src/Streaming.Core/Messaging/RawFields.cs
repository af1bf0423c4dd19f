using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace Streaming.Core.Messaging;

/// <summary>
/// Fields of a message that the schema does not name, as the producer wrote them: most pass through untouched, so they are parsed
/// only when somebody looks at one. Cannot be changed; safe for concurrent use.
/// </summary>
/// <remarks>No name occurs twice, at any level, and none of them is a name of the document's own (<see cref="DocumentFields"/>).</remarks>
public sealed class RawFields : IDictionary<string, JsonElement>
{
    private Dictionary<string, JsonElement>? _parsed;

    internal RawFields(ReadOnlyMemory<byte> json, int count)
    {
        Json = json;
        Count = count;
    }

    /// <summary>One JSON object in UTF-8, valid and without line breaks. Never changes.</summary>
    public ReadOnlyMemory<byte> Json { get; }

    /// <inheritdoc/>
    public int Count { get; }

    /// <inheritdoc/>
    public bool IsReadOnly => true;

    /// <inheritdoc/>
    public ICollection<string> Keys => Parsed.Keys;

    /// <inheritdoc/>
    public ICollection<JsonElement> Values => Parsed.Values;

    /// <inheritdoc/>
    public JsonElement this[string key]
    {
        get => Parsed[key];
        set => throw ReadOnly();
    }

    // Two threads may parse at once; either's result will do.
    private Dictionary<string, JsonElement> Parsed => _parsed ??= Parse();

    /// <inheritdoc/>
    public bool ContainsKey(string key) => Parsed.ContainsKey(key);

    /// <inheritdoc/>
    public bool TryGetValue(string key, [MaybeNullWhen(false)] out JsonElement value) => Parsed.TryGetValue(key, out value);

    /// <inheritdoc/>
    public bool Contains(KeyValuePair<string, JsonElement> item) => ((ICollection<KeyValuePair<string, JsonElement>>)Parsed).Contains(item);

    /// <inheritdoc/>
    public void CopyTo(KeyValuePair<string, JsonElement>[] array, int arrayIndex) => ((ICollection<KeyValuePair<string, JsonElement>>)Parsed).CopyTo(array, arrayIndex);

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, JsonElement>> GetEnumerator() => Parsed.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Not supported.</summary>
    /// <exception cref="NotSupportedException">Always.</exception>
    public void Add(string key, JsonElement value) => throw ReadOnly();

    /// <summary>Not supported.</summary>
    /// <exception cref="NotSupportedException">Always.</exception>
    public void Add(KeyValuePair<string, JsonElement> item) => throw ReadOnly();

    /// <summary>Not supported.</summary>
    /// <exception cref="NotSupportedException">Always.</exception>
    public bool Remove(string key) => throw ReadOnly();

    /// <summary>Not supported.</summary>
    /// <exception cref="NotSupportedException">Always.</exception>
    public bool Remove(KeyValuePair<string, JsonElement> item) => throw ReadOnly();

    /// <summary>Not supported.</summary>
    /// <exception cref="NotSupportedException">Always.</exception>
    public void Clear() => throw ReadOnly();

    private static NotSupportedException ReadOnly() => new("fields kept as they were written cannot be changed");

    private Dictionary<string, JsonElement> Parse()
    {
        var fields = new Dictionary<string, JsonElement>(Count, StringComparer.Ordinal);
        foreach (var field in JsonElement.Parse(Json.Span, MessageDecoder.NestedOptions).EnumerateObject())
            fields.Add(field.Name, field.Value);
        return fields;
    }
}
