using System.Runtime.InteropServices;
using System.Text;
using Streaming.Core;

namespace Streaming.Adapters.Onnx.Training;

/// <summary>
/// What training that stopped goes on from: values, moments and steps of every parameter that can change, and the number of passes.
/// Little-endian, framed by a mark and by each parameter's name and size, so that a state of another model is told from damage.
/// </summary>
internal static class TrainingState
{
    private static readonly byte[] Mark = "streaming-training-1"u8.ToArray();

    public static void Save(Stream stream, ParameterSet parameters, ulong passes)
    {
        using var writer = new BinaryWriter(stream, Encoding.UTF8, leaveOpen: true);
        writer.Write(Mark);
        writer.Write(passes);
        var kept = Kept(parameters);
        writer.Write(kept.Count);
        foreach (var parameter in kept)
        {
            writer.Write(parameter.Name);
            writer.Write(parameter.Values.Length);
            writer.Write(parameter.Steps);
            Write(writer, parameter.Values);
            if (parameter.Steps == 0)
                continue;
            Write(writer, parameter.First);
            Write(writer, parameter.Second);
        }
        writer.Write(Mark);
    }

    /// <summary>Takes a state up.</summary>
    /// <returns>The number of passes.</returns>
    public static ulong Load(Stream stream, ParameterSet parameters)
    {
        try
        {
            using var reader = new BinaryReader(stream, Encoding.UTF8, leaveOpen: true);
            Expect(reader.ReadBytes(Mark.Length).AsSpan().SequenceEqual(Mark), "it does not begin as one");
            var passes = reader.ReadUInt64();
            var kept = Kept(parameters);
            Expect(reader.ReadInt32() == kept.Count, "it is of a model with other parameters");
            foreach (var parameter in kept)
            {
                Expect(reader.ReadString() == parameter.Name && reader.ReadInt32() == parameter.Values.Length, $"it is of a model without '{parameter.Name}' of this size");
                parameter.Held = false;
                parameter.Steps = reader.ReadInt64();
                Read(reader, parameter.Values);
                if (parameter.Steps == 0)
                    continue;
                parameter.EnsureMoments();
                Read(reader, parameter.First);
                Read(reader, parameter.Second);
            }
            Expect(reader.ReadBytes(Mark.Length).AsSpan().SequenceEqual(Mark), "it does not end as one");
            return passes;
        }
        catch (Exception e) when (e is EndOfStreamException or FormatException or DecoderFallbackException)
        {
            throw Invalid("it is cut off or damaged", e);
        }
    }

    private static List<Parameter> Kept(ParameterSet parameters) => [.. parameters.All.Where(static parameter => parameter.Trainable || !parameter.Exported)];

    private static void Write(BinaryWriter writer, float[] values) => writer.Write(MemoryMarshal.AsBytes(values.AsSpan()));

    private static void Read(BinaryReader reader, float[] values) => reader.BaseStream.ReadExactly(MemoryMarshal.AsBytes(values.AsSpan()));

    private static void Expect(bool holds, string reason)
    {
        if (!holds)
            throw Invalid(reason, null);
    }

    private static StreamingException Invalid(string reason, Exception? inner) =>
        new("training_state_invalid", $"The state of training is refused: {reason}. Start again without --resume, or with the recipe that made it.", ExitCode.Usage, inner);
}
