namespace Streaming.Core.Topology;

/// <summary>Every stage of the topology language.</summary>
public static class StageRegistry
{
    /// <summary>Name and kind of what a chain starts with.</summary>
    public const string Message = "message";

    /// <summary>Named entities.</summary>
    public const string Entities = "entities";

    /// <summary>Topics.</summary>
    public const string Topics = "topics";

    /// <summary>Sentiment of the whole text.</summary>
    public const string Sentiment = "sentiment";

    /// <summary>Aspect terms and the sentiment towards each.</summary>
    public const string Aspects = "aspects";

    /// <summary>All stages, in the order of a full chain.</summary>
    public static IReadOnlyList<StageDescriptor> All { get; } =
    [
        new("decode", Message, "text", "Reads a message (JSON or plain text) and checks it.", IsAnnotation: false),
        new("filter", "text", "text", "Leaves texts out by length or language.", IsAnnotation: false),
        new("normalise", "text", "clean", "Brings the text into the model's form; offsets stay those of the original text.", IsAnnotation: false),
        new("tokenise", "clean", "tokens", "Cuts the text into the model's tokens, and long texts into windows.", IsAnnotation: false),
        new("encode", "tokens", "features", "Runs the transformer once for all annotating stages.", IsAnnotation: false),
        new(Entities, "features", Entities, "Finds people, places, organisations and other names.", IsAnnotation: true),
        new(Topics, "features", Topics, "Says what the text is about.", IsAnnotation: true),
        new(Sentiment, "features", Sentiment, "Says whether the text is positive, negative or neutral.", IsAnnotation: true),
        new(Aspects, "features", Aspects, "Finds what is being judged and the sentiment towards each.", IsAnnotation: true),
    ];

    /// <summary>The stage of that name, or null.</summary>
    public static StageDescriptor? Find(string name)
    {
        foreach (var stage in All)
        {
            if (stage.Name == name)
            {
                return stage;
            }
        }

        return null;
    }
}
