using Streaming.Adapters.Onnx.Bert;
using Streaming.Adapters.Onnx.Import;
using Streaming.Adapters.Onnx.Running;
using Streaming.Adapters.Onnx.Tests.Bert;
using Streaming.Core.Models;
using Streaming.Testing.Conformance;

namespace Streaming.Adapters.Onnx.Tests.Running;

public sealed class Fp32RunnerConformanceTests() : OnnxRunnerConformance(EncoderPrecision.Fp32);

public sealed class Int8RunnerConformanceTests() : OnnxRunnerConformance(EncoderPrecision.Int8);

public abstract class OnnxRunnerConformance(EncoderPrecision precision) : ModelRunnerConformance
{
    protected override IModelRunner Open(int maxConcurrent)
    {
        var bert = new TinyBert();
        var graph = BertGraph.Write(bert.Checkpoint(), new BertGraphOptions { Precision = precision, Layers = [0, 1, 2], Ranges = Int8GraphTests.Ranges(bert) });
        return OnnxModelRunner.Open(graph, TinyBert.Manifest(EncoderImporter.PrecisionName(precision)), new OnnxRunnerOptions { MaxConcurrent = maxConcurrent });
    }

    protected override TokenSequence Sequence(int seed, int length) => new(TinyBert.Sequence(seed, length));
}
