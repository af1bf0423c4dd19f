using Streaming.Contracts;

namespace Streaming.Learning.Labelling;

/// <summary>Answers requests for labels: a language model, a labelled file, a simulation. Safe for concurrent calls.</summary>
public interface ILabeller
{
    /// <summary>Its name, as it stands in <see cref="LabelledSample.Labeller"/>.</summary>
    string Name { get; }

    /// <summary>What kind it is.</summary>
    LabellerKind Kind { get; }

    /// <summary>Labels one text for each of the request's tasks.</summary>
    /// <returns>One sample a task that this labeller answers, in the request's order; an answer that cannot be used is an abstention, not an exception.</returns>
    /// <exception cref="Core.DependencyUnavailableException">The labeller is away, or a cap is reached: the request is to be tried again later.</exception>
    ValueTask<IReadOnlyList<LabelledSample>> LabelAsync(LabelRequest request, CancellationToken cancellationToken);
}
