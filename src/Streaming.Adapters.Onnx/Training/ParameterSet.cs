using Streaming.Learning.FineTuning;

namespace Streaming.Adapters.Onnx.Training;

/// <summary>The parameters of a plan, in memory that ONNX Runtime reads and writes in place.</summary>
internal sealed class ParameterSet : IDisposable
{
    private readonly Dictionary<string, Parameter> _byName = new(StringComparer.Ordinal);
    private readonly List<Parameter> _all = [];

    public ParameterSet(ParameterPlan plan)
    {
        Layout = plan.Layout;
        foreach (var planned in plan.All)
        {
            var parameter = new Parameter(planned);
            _byName.Add(parameter.Name, parameter);
            _all.Add(parameter);
        }
    }

    public EncoderLayout Layout { get; }

    public IReadOnlyList<Parameter> All => _all;

    public Parameter this[string name] => _byName[name];

    /// <summary>Whether a matrix has adapters.</summary>
    public bool IsAdapted(string stem) => _byName.ContainsKey(ParameterPlan.Down(stem));

    /// <summary>Values by the checkpoint's names, adapters merged in.</summary>
    public IReadOnlyDictionary<string, float[]> Export(LoraOptions? lora) => ParameterPlan.Export(
        _all.Where(static parameter => parameter.Exported).Select(static parameter => parameter.Name),
        name => _byName.GetValueOrDefault(name)?.Values,
        lora);

    /// <summary>Writes what changes in training.</summary>
    public void Save(Stream stream, ulong passes)
    {
        var kept = Kept();
        TrainingState.Save(stream, passes, kept.Select(static p => new TensorState(p.Name, p.Values, p.Steps, p.First, p.Second)), kept.Count);
    }

    /// <summary>Takes up what <see cref="Save"/> wrote; gradients are forgotten.</summary>
    /// <returns>The number of passes.</returns>
    public ulong Load(Stream stream) =>
        TrainingState.Load(stream, [.. Kept().Select(static p => (p.Name, p.Values.Length))], state => _byName[state.Name].Take(state));

    public void Dispose()
    {
        foreach (var parameter in _all)
            parameter.Dispose();
    }

    private List<Parameter> Kept() => [.. _all.Where(static parameter => parameter.Trainable || !parameter.Exported)];
}
