using Microsoft.ML.OnnxRuntime;
using Streaming.Adapters.Onnx.Bert;
using Streaming.Adapters.Onnx.Running;

namespace Streaming.Adapters.Onnx.Benchmarks;

/// <summary>ONNX Runtime alone: one session, batches made beforehand, memory given beforehand, nothing but passes inside the clock.</summary>
public sealed class EncoderReference : IDisposable
{
    private readonly BenchmarkedEncoder _encoder;
    private readonly InferenceSession _session;

    /// <summary>Opens a session.</summary>
    public EncoderReference(BenchmarkedEncoder encoder)
    {
        ArgumentNullException.ThrowIfNull(encoder);
        _encoder = encoder;
        _session = OnnxSessionFactory.Open(encoder.Model, encoder.Session, encoder.SinglePrecision).Session;
    }

    /// <summary>Runs every batch once.</summary>
    /// <param name="batches">Batches of sequences, the longest last in each.</param>
    /// <param name="threads">Passes at once, one thread each.</param>
    /// <param name="time">The clock.</param>
    /// <returns>Duration, and processor time of the whole process.</returns>
    public (double Seconds, double CpuSeconds) Run(IReadOnlyList<int[][]> batches, int threads, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(batches);
        ArgumentNullException.ThrowIfNull(time);
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        var next = -1;
        var cpu = Environment.CpuUsage.TotalTime;
        var start = time.GetTimestamp();
        var workers = new Thread[threads - 1];
        for (var i = 0; i < workers.Length; i++)
        {
            workers[i] = new Thread(Work);
            workers[i].Start();
        }
        Work();
        foreach (var worker in workers)
            worker.Join();
        var seconds = time.GetElapsedTime(start).TotalSeconds;
        return (seconds, (Environment.CpuUsage.TotalTime - cpu).TotalSeconds);

        void Work()
        {
            using var loop = new Loop(_session, _encoder);
            for (var batch = Interlocked.Increment(ref next); batch < batches.Count; batch = Interlocked.Increment(ref next))
                loop.Run(batches[batch]);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _session.Dispose();

    /// <summary>Passes with memory that is used again and again.</summary>
    private sealed class Loop(InferenceSession session, BenchmarkedEncoder encoder) : IDisposable
    {
        private readonly EncoderBuffer _buffer = new();
        private readonly RunOptions _options = new();
        private readonly string[] _inputs = [EncoderNames.InputIds, EncoderNames.Lengths];
        private readonly string[] _outputs = [.. encoder.Layers.Select(EncoderNames.Layer)];

        public void Run(int[][] batch)
        {
            int rows = batch.Length, padded = batch[^1].Length, size = rows * padded * encoder.Dimensions;
            var sequences = Array.ConvertAll(batch, static ids => new Core.Models.TokenSequence(ids));
            var (ids, lengths) = _buffer.Fill(sequences, padded);
            var hidden = _buffer.Hidden(size * _outputs.Length);
            using var idValue = OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, ids, [rows, padded]);
            using var lengthValue = OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, lengths, [rows]);
            var values = new OrtValue[_outputs.Length];
            for (var i = 0; i < values.Length; i++)
                values[i] = OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, hidden.Slice(i * size, size), [rows, padded, encoder.Dimensions]);
            session.Run(_options, _inputs, [idValue, lengthValue], _outputs, values);
            foreach (var value in values)
                value.Dispose();
        }

        public void Dispose() => _options.Dispose();
    }
}
