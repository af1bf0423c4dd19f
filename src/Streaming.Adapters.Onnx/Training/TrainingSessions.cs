using Streaming.Adapters.Onnx.Running;
using Streaming.Learning.FineTuning;

namespace Streaming.Adapters.Onnx.Training;

/// <summary>
/// Graphs and their sessions, made when first asked for. All heads share one encoder, which gives out every layer that any of them
/// reads: sessions keep the memory of their largest pass, and the encoder's is nearly all of it.
/// </summary>
internal sealed class TrainingSessions(ParameterSet parameters, TrainableModelOptions options, OnnxRunnerOptions runnerOptions) : IDisposable
{
    private readonly Dictionary<(string Layers, bool Training), (EncoderGraph Graph, GraphRunner Runner)> _encoders = [];
    private readonly Dictionary<HeadKey, (HeadGraph Graph, GraphRunner Runner)> _heads = [];
    private readonly int _last = parameters.Layout.Config.Layers;
    private readonly int[] _layers = [.. options.Heads.SelectMany(head => HeadKey.Of(head, parameters.Layout.Config.Layers, false).LayerNumbers()).Distinct().Order()];

    /// <summary>The encoder for every head.</summary>
    public (EncoderGraph Graph, GraphRunner Runner) Encoder(bool training) => Encoder(_layers, training);

    /// <summary>The encoder for the last layer alone.</summary>
    public (EncoderGraph Graph, GraphRunner Runner) Embedder() => Encoder(_layers.Contains(_last) ? _layers : [_last], training: false);

    /// <summary>A head behind <see cref="Encoder(bool)"/>.</summary>
    public (HeadGraph Graph, GraphRunner Runner) Head(TrainableHead head, bool training)
    {
        var key = HeadKey.Of(head, _last, training);
        if (!_heads.TryGetValue(key, out var made))
        {
            var graph = new HeadGraph(key, Encoder(training).Graph, options.Dropout);
            _heads.Add(key, made = (graph, new GraphRunner(graph.Tape, graph.Masks, runnerOptions)));
        }
        return made;
    }

    public void Dispose()
    {
        foreach (var (_, runner) in _encoders.Values)
            runner.Dispose();
        foreach (var (_, runner) in _heads.Values)
            runner.Dispose();
    }

    private (EncoderGraph Graph, GraphRunner Runner) Encoder(int[] layers, bool training)
    {
        var key = (string.Join(',', layers), training);
        if (!_encoders.TryGetValue(key, out var made))
        {
            var graph = new EncoderGraph(parameters, options, layers, training);
            _encoders.Add(key, made = (graph, new GraphRunner(graph.Tape, graph.Masks, runnerOptions)));
        }
        return made;
    }
}
