using Streaming.Contracts;
using Streaming.Core.Models;
using Streaming.Core.Models.Registry;
using Streaming.Learning.Promotion;

namespace Streaming.Cli.Benchmarks;

/// <summary>A model in force and in its shadow itself: what a candidate of the same size costs at the share that rollouts have unless told otherwise.</summary>
internal sealed class ShadowedModelSource(IEnrichmentModel model, TimeProvider time) : IModelSource
{
    private readonly ModelCandidate _candidate = new(model, new RolloutTrial(
        "bench",
        new ModelRollout { Digest = new string('0', 64), Version = "bench", Stage = RolloutStage.Shadow, Plan = new RolloutPlan(), Sequence = 1, Since = time.GetUtcNow() },
        [.. Enum.GetValues<LabelTask>()],
        time));

    /// <inheritdoc/>
    public ModelLease Acquire() => new Lease(model, _candidate);

    private sealed class Lease(IEnrichmentModel model, ModelCandidate candidate) : ModelLease
    {
        public override IEnrichmentModel Model => model;

        public override ModelCandidate? Candidate => candidate;

        public override void Dispose()
        {
        }
    }
}
