using Streaming.Contracts;

namespace Streaming.Core.Labelling;

/// <summary>Passes requests for labels on, where they do not go into the sink's own transaction.</summary>
public interface ILabelRequestSink
{
    /// <summary>Returns when every request is durable. A request that is written twice is the same request.</summary>
    /// <exception cref="DependencyUnavailableException">None, some or all may be stored.</exception>
    ValueTask WriteAsync(IReadOnlyList<LabelRequest> requests, CancellationToken cancellationToken);
}
