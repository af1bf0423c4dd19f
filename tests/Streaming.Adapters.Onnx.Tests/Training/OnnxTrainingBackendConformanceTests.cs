using Streaming.Adapters.Onnx.Training;
using Streaming.Learning.FineTuning;
using Streaming.Testing.Conformance;

namespace Streaming.Adapters.Onnx.Tests.Training;

public sealed class OnnxTrainingBackendConformanceTests : TrainingBackendConformance
{
    protected override ITrainingBackend Backend { get; } = new OnnxTrainingBackend();
}
