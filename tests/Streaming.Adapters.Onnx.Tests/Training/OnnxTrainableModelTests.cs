using System.Text;
using Streaming.Adapters.Onnx.Bert;
using Streaming.Adapters.Onnx.Running;
using Streaming.Adapters.Onnx.Training;
using Streaming.Core;
using Streaming.Core.Models;
using Streaming.Core.Models.Bundle;
using Streaming.Core.Models.Encoders;
using Streaming.Learning.FineTuning;

namespace Streaming.Adapters.Onnx.Tests.Training;

public sealed class OnnxTrainableModelTests
{
    private const int Labels = 3;

    [Theory]
    [InlineData("bert", false)]
    [InlineData("bert", true)]
    [InlineData("distilbert", false)]
    [InlineData("roberta", false)]
    [InlineData("electra", true)]
    public async Task Export_AfterTraining_ServedEncoderAndHeadSayTheSame(string family, bool dora)
    {
        var checkpoint = Checkpoint(new TinyEncoder(family));
        using var model = new OnnxTrainingBackend().Create(Options(checkpoint) with { Lora = dora ? new LoraOptions { Rank = 3, Dora = true, Targets = LoraOptions.AllTargets } : null });
        var batch = Batch();
        for (var step = 0; step < 3; step++)
        {
            model.Accumulate(batch);
            model.Update(0.01);
        }
        var predicted = new float[batch.Units.Length * Labels];
        model.Predict(batch, predicted);

        var exported = model.Export();
        var tensors = new SafetensorsWriter();
        foreach (var (name, tensor) in checkpoint.Tensors)
            tensors.Add(name, exported[name], tensor.Shape);
        using var file = SafetensorsFile.FromBytes(tensors.ToBytes(), "exported");
        var graph = BertGraph.Write(new BertCheckpoint(BertConfig.Parse(checkpoint.Config), file), new BertGraphOptions { Layers = [1, 2] });
        await using var runner = OnnxModelRunner.Open(graph, TinyBert.Manifest(layers: [1, 2]));
        using var output = await runner.RunAsync([.. Enumerable.Range(0, batch.Rows).Select(row => new TokenSequence(batch.Ids.AsMemory(row * batch.Length, batch.Lengths[row])))], default);
        for (var unit = 0; unit < batch.Units.Length; unit++)
        {
            var (row, position) = Math.DivRem(batch.Units[unit], batch.Length);
            for (var label = 0; label < Labels; label++)
            {
                double logit = exported["heads.tags.bias"][label];
                for (var layer = 0; layer < 2; layer++)
                {
                    for (var i = 0; i < TinyEncoder.Hidden; i++)
                        logit += (double)output.Hidden(layer, row)[(position * TinyEncoder.Hidden) + i] * exported["heads.tags.weight"][(((label * 2) + layer) * TinyEncoder.Hidden) + i];
                }
                Assert.InRange(predicted[(unit * Labels) + label] - logit, -2e-5, 2e-5);
            }
        }
    }

    [Fact]
    public void Create_EncoderThatReadsDistances_IsRefused() =>
        Assert.Equal("model_unsupported", Assert.Throws<StreamingException>(() => new OnnxTrainingBackend().Create(Options(Checkpoint(new TinyEncoder("deberta-v2"))))).Code);

    [Fact]
    public void Create_PrecisionOtherThanSingle_IsRefused() =>
        Assert.Equal("training_unsupported", Assert.Throws<StreamingException>(() => new OnnxTrainingBackend().Create(Options(Checkpoint(new TinyEncoder("bert"))) with { Precision = "bf16" })).Code);

    [Fact]
    public void Accumulate_UnknownIdOrUnit_Throws()
    {
        using var model = new OnnxTrainingBackend().Create(Options(Checkpoint(new TinyEncoder("bert"))));

        Assert.Throws<ArgumentException>(() => model.Accumulate(Batch() with { Ids = [.. Enumerable.Repeat(TinyEncoder.Vocabulary, 14)] }));
        Assert.Throws<ArgumentException>(() => model.Accumulate(Batch() with { Units = [0, 14] }));
        Assert.Throws<ArgumentException>(() => model.Accumulate(Batch() with { Targets = [1] }));
    }

    [Fact]
    public void AccumulateSeeded_OtherBatchThanForward_Throws()
    {
        using var model = new OnnxTrainingBackend().Create(Options(Checkpoint(new TinyEncoder("bert"))));
        var logits = new float[3 * Labels];
        model.Forward(Batch(), logits);

        Assert.Throws<InvalidOperationException>(() => model.AccumulateSeeded(Batch(), logits, 1));
    }

    private static TrainableModelOptions Options(EncoderCheckpoint checkpoint) => new()
    {
        Checkpoint = checkpoint,
        Heads =
        [
            new TrainableHead
            {
                Name = "tags",
                Kind = TrainableHeadKind.Token,
                Labels = Labels,
                Layers = [1, 2],
                Weight = [.. Enumerable.Range(0, Labels * 2 * TinyEncoder.Hidden).Select(static i => MathF.Sin(i) * 0.2f)],
                Bias = [0.1f, 0, -0.1f],
            },
        ],
        Threads = 1,
        Device = "cpu",
    };

    private static TrainingBatch Batch() => new()
    {
        Head = 0,
        Rows = 2,
        Length = 7,
        Ids = [.. TinyEncoder.Sequence(1, 7), .. TinyEncoder.Sequence(2, 7)],
        Lengths = [7, 4],
        Units = [1, 5, 8],
        Targets = [1, 0, 0, 0, 1, 0, 0, 0, 1],
        Weights = [1, 1, 2],
    };

    private static EncoderCheckpoint Checkpoint(TinyEncoder encoder)
    {
        using var file = SafetensorsFile.FromBytes(encoder.Safetensors(), "tiny");
        return new EncoderCheckpoint(Encoding.UTF8.GetBytes(encoder.ConfigJson), file.Tensors.Keys.ToDictionary(static name => name, name => new CheckpointTensor([.. file.Get(name).Shape], file.ReadSingles(file.Get(name)))));
    }
}
