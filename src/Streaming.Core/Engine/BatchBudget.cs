namespace Streaming.Core.Engine;

/// <summary>
/// What may go into one batch. The work of a batch is its padded length × its sequences, so that is what is budgeted
/// (text-embeddings-inference and Triton count the same way).
/// </summary>
internal readonly struct BatchBudget(BatchingOptions options)
{
    /// <summary>Share of a batch's token places that padding may take.</summary>
    public const double MaxWaste = 0.10;

    /// <summary>Padding below this many places is never worth a batch of its own.</summary>
    private const int FreePadding = 16;

    private readonly int _tokens = options.MaxBatchTokens > 0 ? options.MaxBatchTokens : BatchingOptions.UsualBatchTokens;
    private readonly int _size = options.MaxBatchSize;

    /// <summary>Token places of one batch.</summary>
    public int Tokens => _tokens;

    /// <summary>Whether so many sequences padded to this length are within the budget. One alone always is.</summary>
    public bool Fits(int paddedLength, int count) => count == 1 || (count <= _size && (long)paddedLength * count <= _tokens);

    /// <summary>Whether a batch would be more padding than it is worth.</summary>
    public static bool IsWasteful(int paddedLength, int count, long tokens)
    {
        var places = (long)paddedLength * count;
        var padding = places - tokens;
        return padding > FreePadding && padding > places * MaxWaste;
    }
}
