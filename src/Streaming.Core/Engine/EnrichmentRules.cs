using System.Text.Json;
using Streaming.Contracts;
using Streaming.Core.Messaging;
using Streaming.Core.Models;

namespace Streaming.Core.Engine;

/// <summary>What every engine does alike to a single message: filter it, and make its document or dead letter.</summary>
internal sealed class EnrichmentRules(string topology, EnrichmentOptions options, TimeProvider time)
{
    /// <summary>Whether a rule of the topology leaves this text out.</summary>
    public bool LeavesOut(TextMessage message)
    {
        if (options.MinTextLength > 0 && message.Text.AsSpan().Trim().Length < options.MinTextLength)
            return true;
        if (options.Languages.Count == 0 || string.IsNullOrEmpty(message.Language))
            return false;
        var language = message.Language.AsSpan();
        var end = language.IndexOfAny('-', '_');
        var primary = end < 0 ? language : language[..end];
        foreach (var kept in options.Languages)
        {
            if (primary.Equals(kept, StringComparison.OrdinalIgnoreCase))
                return false;
        }

        return true;
    }

    /// <summary>The document of a message.</summary>
    public EnrichedDocument Document(SourceMessage message, TextMessage text, Annotations annotations, ModelIdentity model, DateTimeOffset ingested) => new()
    {
        Id = text.Id!,
        Text = text.Text,
        Entities = annotations.Entities,
        Topics = annotations.Topics,
        Sentiment = annotations.Sentiment,
        Aspects = annotations.Aspects,
        AspectCategories = annotations.AspectCategories,
        Language = text.Language,
        Source = text.Source,
        Coverage = annotations.Coverage,
        EventTime = text.EventTime ?? message.Timestamp,
        IngestTime = ingested,
        Lineage = new Lineage
        {
            Model = model.Name,
            ModelVersion = model.Version,
            Heads = model.Heads,
            Topology = topology,
            Topic = message.Partition.Topic,
            Partition = message.Partition.Partition,
            Offset = message.Offset,
        },
        Metadata = text.Metadata,
        Unknown = Unknown(text.Unknown),
    };

    /// <summary>The dead letter of a message, its bytes as they came.</summary>
    public DeadLetter Letter(SourceMessage message, StageFailure failure) => DeadLetterFactory.Create(message, failure, topology, time.GetUtcNow());

    private static IDictionary<string, JsonElement>? Unknown(IDictionary<string, JsonElement>? fields)
    {
        // Those kept raw have no such name.
        if (fields is null or RawFields)
            return fields;
        var clash = false;
        foreach (var name in fields.Keys)
            clash |= DocumentFields.Contains(name);
        if (!clash)
            return fields;
        var kept = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var (name, value) in fields)
        {
            var free = name;
            while (DocumentFields.Contains(free) || (free != name && fields.ContainsKey(free)))
                free = "message_" + free;
            kept[free] = value;
        }

        return kept;
    }
}
