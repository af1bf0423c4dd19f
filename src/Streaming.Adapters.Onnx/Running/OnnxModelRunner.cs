using System.Collections.Concurrent;
using Microsoft.ML.OnnxRuntime;
using Streaming.Adapters.Onnx.Bert;
using Streaming.Contracts;
using Streaming.Core;
using Streaming.Core.Models;
using Streaming.Core.Models.Bundle;

namespace Streaming.Adapters.Onnx.Running;

/// <summary>
/// Runs a bundle's encoder on ONNX Runtime. Passes run on threads of its own, at most
/// <see cref="OnnxRunnerOptions.MaxConcurrent"/> at once; more calls wait in their order, without a thread.
/// </summary>
public sealed class OnnxModelRunner : IModelRunner
{
    private const int WarmUpLength = 16;

    private readonly InferenceSession _session;
    private readonly RunOptions _runOptions = new();
    private readonly string[] _inputNames = [EncoderNames.InputIds, EncoderNames.Lengths];
    private readonly string[] _outputNames;
    private readonly BlockingCollection<Pass> _passes = [];
    private readonly ConcurrentBag<EncoderBuffer> _buffers = [];
    private readonly Task _workers;
    private readonly int _maxConcurrent;
    private int _disposed;

    private OnnxModelRunner(InferenceSession session, EncoderInfo info, int maxConcurrent)
    {
        (_session, Info, _maxConcurrent) = (session, info, maxConcurrent);
        _outputNames = info.Layers.Select(EncoderNames.Layer).ToArray();
        var workers = new Task[maxConcurrent];
        for (var i = 0; i < workers.Length; i++)
            workers[i] = Task.Factory.StartNew(Work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        _workers = Task.WhenAll(workers);
    }

    /// <inheritdoc/>
    public EncoderInfo Info { get; }

    /// <summary>Opens a bundle's encoder: exactly the bytes that its manifest describes.</summary>
    /// <exception cref="StreamingException"><c>model_graph_invalid</c>, <c>model_graph_refused</c>, <c>model_external_data_refused</c>, <c>model_graph_mismatch</c>, <c>model_options_invalid</c>.</exception>
    public static OnnxModelRunner Open(ModelBundle bundle, OnnxRunnerOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(bundle);
        return Open(bundle.Read(bundle.Manifest.Encoder.File), bundle.Manifest.Encoder, options);
    }

    /// <summary>Opens an encoder from its bytes.</summary>
    /// <param name="model">The ONNX graph; not needed any more afterwards.</param>
    /// <param name="manifest">What it is said to take and give.</param>
    /// <param name="options">How to run it.</param>
    public static OnnxModelRunner Open(byte[] model, EncoderManifest manifest, OnnxRunnerOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(manifest);
        options ??= new OnnxRunnerOptions();
        var layers = options.Layers ?? manifest.Layers;
        foreach (var layer in layers)
        {
            if (!manifest.Layers.Contains(layer))
                throw new StreamingException("model_layer_unknown", $"Layer {layer} was asked for; the encoder gives out {string.Join(", ", manifest.Layers)}.");
        }
        var (session, device) = OnnxSessionFactory.Open(model, options, manifest.Precision is "fp32" or "fp16");
        try
        {
            CheckShape(session, manifest);
            return new OnnxModelRunner(session, new EncoderInfo(manifest.Dimensions, [.. layers], manifest.MaxSequenceLength, device) { CallsAhead = 1 }, options.MaxConcurrent);
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    /// <exception cref="StreamingException"><c>model_failed</c>: ONNX Runtime could not compute the batch.</exception>
    public async ValueTask<EncoderOutput> RunAsync(IReadOnlyList<TokenSequence> batch, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var padded = PaddedLength(batch);
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
        var pass = new Pass(batch, padded, cancellationToken);
        try
        {
            _passes.Add(pass, CancellationToken.None);
        }
        catch (InvalidOperationException) when (_passes.IsAddingCompleted)
        {
            throw new ObjectDisposedException(nameof(OnnxModelRunner));
        }

        return await pass.Completion.Task.ConfigureAwait(false);
    }

    /// <summary>Runs one small batch on every thread, so that the first real one finds everything loaded.</summary>
    public async Task WarmUpAsync(CancellationToken cancellationToken)
    {
        var length = Math.Min(WarmUpLength, Info.MaxSequenceLength);
        var batch = new[] { new TokenSequence(new int[length]), new TokenSequence(new int[Math.Max(1, length / 2)]) };
        var passes = new Task[_maxConcurrent];
        for (var i = 0; i < passes.Length; i++)
            passes[i] = Warm();
        await Task.WhenAll(passes).ConfigureAwait(false);

        async Task Warm()
        {
            using var output = await RunAsync(batch, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        _passes.CompleteAdding();
        await _workers.ConfigureAwait(false);
        _session.Dispose();
        _runOptions.Dispose();
        _passes.Dispose();
    }

    internal void GiveBack(EncoderBuffer buffer)
    {
        // More are out only when callers keep outputs; those go to the collector instead of staying for ever.
        if (_buffers.Count < 2 * _maxConcurrent)
            _buffers.Add(buffer);
    }

    private static void CheckShape(InferenceSession session, EncoderManifest manifest)
    {
        foreach (var (name, rank) in new[] { (EncoderNames.InputIds, 2), (EncoderNames.Lengths, 1) })
        {
            if (!session.InputMetadata.TryGetValue(name, out var input) || !input.IsTensor || input.ElementType != typeof(int) || input.Dimensions.Length != rank)
                throw Mismatch($"has no input '{name}' of {rank} dimensions and 32-bit integers");
        }
        if (session.InputMetadata.Count != 2)
            throw Mismatch("has inputs that this program does not fill");
        foreach (var layer in manifest.Layers)
        {
            if (!session.OutputMetadata.TryGetValue(EncoderNames.Layer(layer), out var output) || !output.IsTensor || output.ElementType != typeof(float)
                || output.Dimensions is not [_, _, var width] || width != manifest.Dimensions)
            {
                throw Mismatch($"has no output '{EncoderNames.Layer(layer)}' of width {manifest.Dimensions}");
            }
        }
    }

    private static StreamingException Mismatch(string reason) =>
        new("model_graph_mismatch", $"The encoder's graph {reason}, though the manifest says so. Import the model again.");

    private int PaddedLength(IReadOnlyList<TokenSequence> batch)
    {
        ArgumentOutOfRangeException.ThrowIfZero(batch.Count, nameof(batch));
        var longest = 0;
        for (var row = 0; row < batch.Count; row++)
        {
            var length = batch[row].Length;
            if (length is 0 || length > Info.MaxSequenceLength)
                throw new ArgumentOutOfRangeException(nameof(batch), length, $"A sequence must have 1 to {Info.MaxSequenceLength} tokens.");
            longest = Math.Max(longest, length);
        }
        return longest;
    }

    private void Work()
    {
        foreach (var pass in _passes.GetConsumingEnumerable())
        {
            if (pass.CancellationToken.IsCancellationRequested)
            {
                pass.Completion.SetCanceled(pass.CancellationToken);
                continue;
            }

            try
            {
                pass.Completion.SetResult(Compute(pass));
            }
            catch (OnnxRuntimeException e)
            {
                pass.Completion.SetException(new StreamingException(ErrorCodes.ModelFailed, $"ONNX Runtime could not compute a batch of {pass.Batch.Count}: {e.Message.ReplaceLineEndings(" ")}", ExitCode.DependencyUnavailable, e));
            }
            catch (Exception e)
            {
                pass.Completion.SetException(e);
            }
        }
    }

    private OnnxEncoderOutput Compute(Pass pass)
    {
        if (!_buffers.TryTake(out var buffer))
            buffer = new EncoderBuffer();
        var given = false;
        var started = TimeProvider.System.GetTimestamp();
        var rows = pass.Batch.Count;
        var values = new OrtValue[2 + _outputNames.Length];
        try
        {
            var (ids, lengths) = buffer.Fill(pass.Batch, pass.Padded);
            var layerSize = checked(rows * pass.Padded * Info.Dimensions);
            var hidden = buffer.Hidden(checked(layerSize * _outputNames.Length));
            values[0] = OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, ids, [rows, pass.Padded]);
            values[1] = OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, lengths, [rows]);
            for (var i = 0; i < _outputNames.Length; i++)
                values[2 + i] = OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, hidden.Slice(i * layerSize, layerSize), [rows, pass.Padded, Info.Dimensions]);
            _session.Run(_runOptions, _inputNames, new ArraySegment<OrtValue>(values, 0, 2), _outputNames, new ArraySegment<OrtValue>(values, 2, _outputNames.Length));
            given = true;
            return new OnnxEncoderOutput(this, buffer, hidden, lengths, pass.Padded, TimeProvider.System.GetElapsedTime(started));
        }
        finally
        {
            foreach (var value in values)
                value?.Dispose();
            if (!given)
                GiveBack(buffer);
        }
    }

    private sealed class Pass(IReadOnlyList<TokenSequence> batch, int padded, CancellationToken cancellationToken)
    {
        public IReadOnlyList<TokenSequence> Batch { get; } = batch;

        public int Padded { get; } = padded;

        public CancellationToken CancellationToken { get; } = cancellationToken;

        // Continuations must not run on the runner's threads: they belong to the engine.
        public TaskCompletionSource<EncoderOutput> Completion { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
