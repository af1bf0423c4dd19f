namespace Streaming.Core.Models;

/// <summary>Always the same model; it belongs to whoever made it.</summary>
public sealed class FixedModelSource(IEnrichmentModel model) : IModelSource
{
    /// <inheritdoc/>
    public ModelLease Acquire() => new Lease(model);

    private sealed class Lease(IEnrichmentModel model) : ModelLease
    {
        public override IEnrichmentModel Model => model;

        public override void Dispose()
        {
        }
    }
}
