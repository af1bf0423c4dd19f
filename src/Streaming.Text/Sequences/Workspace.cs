using System.Buffers;

namespace Streaming.Text.Sequences;

/// <summary>Pooled scratch memory of one call. Not cleared.</summary>
internal readonly ref struct Workspace : IDisposable
{
    private readonly double[] _doubles;
    private readonly int[] _ints;

    internal Workspace(int doubles, int ints)
    {
        _doubles = ArrayPool<double>.Shared.Rent(doubles);
        _ints = ints > 0 ? ArrayPool<int>.Shared.Rent(ints) : [];
        Doubles = _doubles.AsSpan(0, doubles);
        Ints = _ints.AsSpan(0, ints);
    }

    internal Span<double> Doubles { get; }

    internal Span<int> Ints { get; }

    public void Dispose()
    {
        ArrayPool<double>.Shared.Return(_doubles);
        if (_ints.Length > 0)
            ArrayPool<int>.Shared.Return(_ints);
    }
}
