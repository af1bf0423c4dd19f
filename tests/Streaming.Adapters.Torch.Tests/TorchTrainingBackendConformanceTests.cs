using Streaming.Learning.FineTuning;
using Streaming.Testing.Conformance;

namespace Streaming.Adapters.Torch.Tests;

public sealed class TorchTrainingBackendConformanceTests : TrainingBackendConformance
{
    protected override ITrainingBackend Backend { get; } = new TorchTrainingBackend();
}
