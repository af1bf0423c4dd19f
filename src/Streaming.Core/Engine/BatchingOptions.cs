namespace Streaming.Core.Engine;

/// <summary>How documents are grouped for the model. Names as the field has them (Triton, text-embeddings-inference).</summary>
public sealed record BatchingOptions
{
    /// <summary>What suits most CPUs: what a layer works on stays in a core's own cache. A GPU wants thousands.</summary>
    public const int UsualBatchTokens = 384;

    /// <summary>
    /// Token places of one batch: padded length × sequences. 64–65,536; 0: chosen by whoever loads the model, else
    /// <see cref="UsualBatchTokens"/>. A longer single sequence is a batch of its own.
    /// </summary>
    public int MaxBatchTokens { get; init; } = UsualBatchTokens;

    /// <summary>Sequences of one batch. 1–1,024.</summary>
    public int MaxBatchSize { get; init; } = 64;

    /// <summary>Longest wait of the <b>oldest</b> sequence for company. 0–10 s.</summary>
    public TimeSpan MaxQueueDelay { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary>Documents in the pipeline at once, from read to acknowledged. 1–100,000.</summary>
    public int MaxQueueSize { get; init; } = 1_000;

    /// <summary>Bytes of messages in the pipeline at once. 64 KiB–4 GiB.</summary>
    public long MaxQueueBytes { get; init; } = 64L * 1024 * 1024;

    /// <summary>Model calls computed at once; 0 chooses for the device (CPU: one a core).</summary>
    public int MaxConcurrentBatches { get; init; }

    /// <summary>
    /// Most recent texts whose result an exact duplicate takes instead of a pass of its own; 0 computes every document. 0–100,000.
    /// Results do not change: what a model finds depends on nothing but the text.
    /// </summary>
    public int ShareDuplicates { get; init; } = 1_000;

    /// <summary>Bytes those texts and results may hold, about. 64 KiB–1 GiB.</summary>
    public long ShareDuplicatesBytes { get; init; } = 4L * 1024 * 1024;

    /// <summary>
    /// Different texts in a row on which the model may fail before the run stops with <c>model_unusable</c> instead of
    /// dead-lettering them; 0: never. 0–100,000.
    /// </summary>
    public int MaxModelFailures { get; init; } = 20;

    /// <summary>Model calls to compute at once: what is set, or what suits the device. A GPU computes one while the next is being copied.</summary>
    public int CallsFor(Models.EncoderInfo encoder)
    {
        const int onGpu = 2;
        ArgumentNullException.ThrowIfNull(encoder);
        return MaxConcurrentBatches > 0 ? MaxConcurrentBatches
            : encoder.Device.StartsWith("cpu", StringComparison.OrdinalIgnoreCase) ? Environment.ProcessorCount : onGpu;
    }
}
