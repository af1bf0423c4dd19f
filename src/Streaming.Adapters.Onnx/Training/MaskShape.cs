namespace Streaming.Adapters.Onnx.Training;

/// <summary>How large a dropout mask is.</summary>
/// <param name="Kind">What it lies over.</param>
/// <param name="Width">Values a token or row, or heads.</param>
internal readonly record struct MaskShape(MaskKind Kind, int Width)
{
    public static MaskShape Tokens(int width) => new(MaskKind.Tokens, width);

    public static MaskShape Rows(int width) => new(MaskKind.Rows, width);

    public static MaskShape Attention(int heads) => new(MaskKind.Attention, heads);

    /// <summary>Its dimensions for a batch.</summary>
    public long[] Dimensions(int rows, int length) => Kind switch
    {
        MaskKind.Tokens => [(long)rows * length, Width],
        MaskKind.Rows => [rows, Width],
        _ => [rows, Width, length, length],
    };
}

/// <summary>What a dropout mask lies over.</summary>
internal enum MaskKind
{
    /// <summary>Values of tokens.</summary>
    Tokens,

    /// <summary>Values of rows.</summary>
    Rows,

    /// <summary>Attention weights.</summary>
    Attention,
}
