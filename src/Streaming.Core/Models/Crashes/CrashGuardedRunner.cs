using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Streaming.Core.Models.Crashes;

/// <summary>An encoder whose calls are marked on disk while they last, so that a text that ends the process is found: see <see cref="CrashMarks"/>.</summary>
/// <param name="inner">The encoder; disposed with this.</param>
/// <param name="encoder">Its digest: another encoder may compute what this one dies over.</param>
/// <param name="marks">Where calls are marked.</param>
public sealed class CrashGuardedRunner(IModelRunner inner, string encoder, CrashMarks marks) : IModelRunner
{
    private readonly UInt128 _encoder = BinaryPrimitives.ReadUInt128LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes(encoder)));

    /// <inheritdoc/>
    public EncoderInfo Info => inner.Info;

    /// <inheritdoc/>
    /// <exception cref="NativeCrashException">The batch must be smaller; of one sequence: it is not computed any more.</exception>
    public async ValueTask<EncoderOutput> RunAsync(IReadOnlyList<TokenSequence> batch, CancellationToken cancellationToken)
    {
        var keys = new UInt128[batch.Count];
        for (var i = 0; i < keys.Length; i++)
            keys[i] = batch[i].Key() ^ _encoder;
        var isAlone = await marks.EnterAsync(keys, cancellationToken);
        try
        {
            return await inner.RunAsync(batch, cancellationToken);
        }
        finally
        {
            marks.Leave(keys, isAlone);
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
