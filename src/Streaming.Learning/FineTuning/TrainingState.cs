using System.Runtime.InteropServices;
using System.Text;
using Streaming.Core;

namespace Streaming.Learning.FineTuning;

/// <summary>
/// What training that stopped goes on from: values, moments and steps of every parameter that can change, and the number of passes.
/// Little-endian, framed by a mark and by each parameter's name and size, so that a state of another model is told from damage.
/// </summary>
public static class TrainingState
{
    private static readonly byte[] Mark = "streaming-training-1"u8.ToArray();

    /// <summary>Writes a state.</summary>
    /// <param name="stream">Stays open.</param>
    /// <param name="passes">Passes made so far.</param>
    /// <param name="tensors">One at a time, as many as <paramref name="count"/>.</param>
    /// <param name="count">How many there are.</param>
    public static void Save(Stream stream, ulong passes, IEnumerable<TensorState> tensors, int count)
    {
        using var writer = new BinaryWriter(stream, Encoding.UTF8, leaveOpen: true);
        writer.Write(Mark);
        writer.Write(passes);
        writer.Write(count);
        foreach (var tensor in tensors)
        {
            writer.Write(tensor.Name);
            writer.Write(tensor.Values.Length);
            writer.Write(tensor.Steps);
            Write(writer, tensor.Values);
            if (tensor.Steps == 0)
                continue;
            Write(writer, tensor.First);
            Write(writer, tensor.Second);
        }
        writer.Write(Mark);
    }

    /// <summary>Takes a state up.</summary>
    /// <param name="stream">Stays open.</param>
    /// <param name="expected">Names and sizes of the parameters, in the order in which they were written.</param>
    /// <param name="take">Gets each; the arrays are its own.</param>
    /// <returns>The number of passes.</returns>
    /// <exception cref="StreamingException"><c>training_state_invalid</c>: of another model, or damaged. What was taken before stays taken.</exception>
    public static ulong Load(Stream stream, IReadOnlyList<(string Name, int Count)> expected, Action<TensorState> take)
    {
        try
        {
            using var reader = new BinaryReader(stream, Encoding.UTF8, leaveOpen: true);
            Expect(reader.ReadBytes(Mark.Length).AsSpan().SequenceEqual(Mark), "it does not begin as one");
            var passes = reader.ReadUInt64();
            Expect(reader.ReadInt32() == expected.Count, "it is of a model with other parameters");
            foreach (var (name, count) in expected)
            {
                Expect(reader.ReadString() == name && reader.ReadInt32() == count, $"it is of a model without '{name}' of this size");
                var steps = reader.ReadInt64();
                var values = Read(reader, count);
                take(new TensorState(name, values, steps, steps == 0 ? [] : Read(reader, count), steps == 0 ? [] : Read(reader, count)));
            }
            Expect(reader.ReadBytes(Mark.Length).AsSpan().SequenceEqual(Mark), "it does not end as one");
            return passes;
        }
        catch (Exception e) when (e is EndOfStreamException or FormatException or DecoderFallbackException)
        {
            throw Invalid("it is cut off or damaged", e);
        }
    }

    private static void Write(BinaryWriter writer, float[] values) => writer.Write(MemoryMarshal.AsBytes(values.AsSpan()));

    private static float[] Read(BinaryReader reader, int count)
    {
        var values = new float[count];
        reader.BaseStream.ReadExactly(MemoryMarshal.AsBytes(values.AsSpan()));
        return values;
    }

    private static void Expect(bool holds, string reason)
    {
        if (!holds)
            throw Invalid(reason, null);
    }

    private static StreamingException Invalid(string reason, Exception? inner) =>
        new("training_state_invalid", $"The state of training is refused: {reason}. Start again without --resume, or with the recipe that made it.", ExitCode.Usage, inner);
}
