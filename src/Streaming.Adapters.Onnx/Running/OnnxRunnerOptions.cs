namespace Streaming.Adapters.Onnx.Running;

/// <summary>How an encoder is run.</summary>
public sealed record OnnxRunnerOptions
{
    /// <summary><c>auto</c> (the default), <c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>. <c>auto</c> takes a GPU for single-precision encoders where one works; 8-bit ones are faster on a CPU's own instructions.</summary>
    public string Device { get; init; } = "auto";

    /// <summary>Threads inside one pass, 1–256; default 1: two passes at once with one thread each beat one pass with two.</summary>
    public int IntraOpThreads { get; init; } = 1;

    /// <summary>Passes at once, each on a thread of its own, 1–256; default 1.</summary>
    public int MaxConcurrent { get; init; } = 1;

    /// <summary>Layers to compute and give out, ascending; null: all that the graph gives. Fewer cost less memory.</summary>
    public IReadOnlyList<int>? Layers { get; init; }

    /// <summary>Runs a graph as ONNX Runtime would by default, with every fusion; for comparing with stock sessions.</summary>
    public bool StockFusions { get; init; }

    /// <summary>Where ONNX Runtime writes a profile when the runner is disposed; null: none.</summary>
    public string? ProfilePrefix { get; init; }

    /// <summary>Told which device was chosen and why; called while opening.</summary>
    public Action<string>? Log { get; init; }

    /// <summary>Every setting that is out of range, in words.</summary>
    public IReadOnlyList<string> Validate()
    {
        var errors = new List<string>();
        if (IntraOpThreads is < 1 or > 256)
            errors.Add("intra_op_threads must be 1-256");
        if (MaxConcurrent is < 1 or > 256)
            errors.Add("max_concurrent must be 1-256");
        if (!OnnxDevice.TryParse(Device, out _))
            errors.Add("device must be auto, cpu, cuda or cuda:N");
        return errors;
    }
}
