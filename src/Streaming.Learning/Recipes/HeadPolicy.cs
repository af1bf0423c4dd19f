namespace Streaming.Learning.Recipes;

/// <summary>What becomes of the heads that were trained with the encoder.</summary>
public enum HeadPolicy
{
    /// <summary>Both ways, and the better on the development data stays.</summary>
    Best,

    /// <summary>They stay as they are.</summary>
    Keep,

    /// <summary>Heads are fitted anew on the features of the finished, imported encoder.</summary>
    Refit,
}
