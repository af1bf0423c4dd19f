using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Streaming.Learning.FineTuning;

namespace Streaming.Adapters.Onnx.Training;

/// <summary>What a pass is fed with besides parameters, in memory that is used again by the next pass.</summary>
internal sealed class BatchInputs : IDisposable
{
    private const float Hidden = -1e9f;
    private const int Alignment = 64;

    private readonly Dictionary<string, OrtValue> _values = new(StringComparer.Ordinal);
    private readonly List<float[]> _buffers = [];
    private int _used;

    /// <summary>The value of a name, or null.</summary>
    public OrtValue? this[string name] => _values.GetValueOrDefault(name);

    /// <summary>Takes a batch up; the last one's values are no longer valid.</summary>
    public void Fill(TrainingBatch batch, EmbeddingTables tables, ParameterSet parameters, int featureWidth)
    {
        Clear();
        var config = parameters.Layout.Config;
        var (rows, length) = (batch.Rows, batch.Length);
        tables.Look(batch, New(EncoderGraph.Embedded, (long)rows * length, tables.Width));
        var padding = New(EncoderGraph.PaddingBias, rows, 1, 1, length);
        var pool = New(HeadGraph.Pool, rows, 1, length);
        for (var row = 0; row < rows; row++)
        {
            var count = batch.Lengths[row];
            padding.Slice(row * length, count).Clear();
            padding[((row * length) + count)..((row + 1) * length)].Fill(Hidden);
            pool.Slice(row * length, count).Fill(1f / count);
            pool[((row * length) + count)..((row + 1) * length)].Clear();
        }
        Shape(EncoderGraph.SplitShape, rows, length, config.Heads, config.Hidden / config.Heads);
        Shape(HeadGraph.FeatureShape, rows, length, featureWidth);
    }

    /// <summary>Memory for one more value.</summary>
    /// <returns>What is to be filled, whole.</returns>
    public Span<float> New(string name, params ReadOnlySpan<long> shape)
    {
        long count = 1;
        foreach (var size in shape)
            count = checked(count * size);
        if (_used == _buffers.Count)
            _buffers.Add([]);
        // ONNX Runtime's sums begin at the first aligned number: memory that lies differently would round differently.
        if (_buffers[_used].Length < count + Alignment)
            _buffers[_used] = GC.AllocateUninitializedArray<float>(checked((int)count + Alignment), pinned: true);
        var buffer = _buffers[_used++];
        var past = (int)(Marshal.UnsafeAddrOfPinnedArrayElement(buffer, 0) % Alignment);
        var memory = buffer.AsMemory((Alignment - past) / sizeof(float), (int)count);
        _values.Add(name, OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, memory, shape.ToArray()));
        return memory.Span;
    }

    public void Dispose() => Clear();

    private void Shape(string name, params long[] sizes) => _values.Add(name, OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, sizes.AsMemory(), [sizes.Length]));

    private void Clear()
    {
        foreach (var value in _values.Values)
            value.Dispose();
        _values.Clear();
        _used = 0;
    }
}
