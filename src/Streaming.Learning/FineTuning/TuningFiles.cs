using System.Text;
using Streaming.Core;
using Streaming.Core.Models.Bundle;

namespace Streaming.Learning.FineTuning;

/// <summary>What a training leaves on disk: <c>state.bin</c> to go on from, <c>best.safetensors</c> as the best so far, <c>checkpoint</c> as what came of it.</summary>
internal sealed class TuningFiles
{
    private const string Magic = "streaming-fine-tuning-1";

    private readonly string _directory;
    private readonly string _identity;

    /// <param name="directory">Folder; made when it is not there.</param>
    /// <param name="identity">Of recipe, heads and checkpoint: a state of something else is refused.</param>
    public TuningFiles(string directory, string identity)
    {
        (_directory, _identity) = (directory, identity);
        System.IO.Directory.CreateDirectory(directory);
    }

    /// <summary>The folder.</summary>
    public string Directory => _directory;

    /// <summary>Folder of the trained checkpoint.</summary>
    public string Checkpoint => Path.Combine(_directory, "checkpoint");

    private string State => Path.Combine(_directory, "state.bin");

    private string Best => Path.Combine(_directory, "best.safetensors");

    /// <summary>Forgets an earlier training.</summary>
    public void Clear()
    {
        File.Delete(State);
        File.Delete(Best);
        foreach (var log in System.IO.Directory.EnumerateFiles(_directory, "events.out.tfevents.*").Append(Path.Combine(_directory, "log.csv")))
            File.Delete(log);
        if (System.IO.Directory.Exists(Checkpoint))
            System.IO.Directory.Delete(Checkpoint, recursive: true);
    }

    /// <summary>Writes loop and model; a crash leaves the old state.</summary>
    public void Save(TuningLoop loop, ITrainableModel model)
    {
        var temporary = State + ".new";
        using (var stream = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 20))
        {
            using var writer = new BinaryWriter(stream, Encoding.UTF8, leaveOpen: true);
            writer.Write(Magic);
            writer.Write(_identity);
            loop.Save(writer);
            writer.Flush();
            model.SaveState(stream);
            stream.Flush(flushToDisk: true);
        }

        File.Move(temporary, State, overwrite: true);
    }

    /// <summary>Takes up what was saved; false when nothing was.</summary>
    /// <exception cref="StreamingException"><c>training_state_invalid</c>.</exception>
    public bool Load(TuningLoop loop, ITrainableModel model)
    {
        if (!File.Exists(State))
            return false;
        using var stream = new FileStream(State, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 20);
        using var reader = new BinaryReader(stream, Encoding.UTF8, leaveOpen: true);
        try
        {
            if (reader.ReadString() != Magic || reader.ReadString() != _identity)
                throw new StreamingException("training_state_invalid", $"'{State}' is of another recipe, other heads or another checkpoint. Train without --resume, or put the recipe back as it was.");
            loop.Load(reader);
        }
        catch (Exception e) when (e is EndOfStreamException or FormatException or ArgumentException)
        {
            throw new StreamingException("training_state_invalid", $"'{State}' is damaged. Train without --resume.", ExitCode.Usage, e);
        }

        model.LoadState(stream);
        return true;
    }

    /// <summary>Keeps the model as it is now as the best.</summary>
    public void KeepBest(ITrainableModel model, EncoderCheckpoint checkpoint, IReadOnlyList<TuningTask> tasks)
    {
        var writer = new SafetensorsWriter();
        foreach (var (name, values) in model.Export().OrderBy(p => p.Key, StringComparer.Ordinal))
        {
            if (checkpoint.Tensors.TryGetValue(name, out var tensor))
                writer.Add(name, values, [.. tensor.Shape]);
            else
                writer.Add(name, values, values.Length);
        }

        foreach (var task in tasks)
        {
            if (task.Tail is { Parameters.IsEmpty: false } tail)
                writer.Add(TailName(task), tail.Parameters.ToArray(), tail.Parameters.Length);
        }

        var temporary = Best + ".new";
        File.WriteAllBytes(temporary, writer.ToBytes());
        File.Move(temporary, Best, overwrite: true);
    }

    /// <summary>Reads the best: tensors of the encoder and the heads, tails of the tasks among them.</summary>
    public Dictionary<string, float[]> ReadBest()
    {
        using var file = SafetensorsFile.Open(Best);
        return file.Tensors.Values.ToDictionary(t => t.Name, file.ReadSingles, StringComparer.Ordinal);
    }

    /// <summary>Name of a task's tail among the tensors.</summary>
    public static string TailName(TuningTask task) => $"tails.{task.Recipe.Name}";

    /// <summary>Writes the checkpoint folder: what was trained, with the rest of the one it came from.</summary>
    /// <param name="source">Folder of the checkpoint it came from.</param>
    /// <param name="checkpoint">That checkpoint.</param>
    /// <param name="trained">Trained tensors by name.</param>
    public void WriteCheckpoint(string source, EncoderCheckpoint checkpoint, IReadOnlyDictionary<string, float[]> trained)
    {
        System.IO.Directory.CreateDirectory(Checkpoint);
        foreach (var file in System.IO.Directory.EnumerateFiles(source).Where(f => !Path.GetFileName(f).StartsWith("model", StringComparison.Ordinal) && new FileInfo(f).Length < 64 << 20))
        {
            var target = Path.Combine(Checkpoint, Path.GetFileName(file));
            File.WriteAllBytes(target, File.ReadAllBytes(file));
        }

        var writer = new SafetensorsWriter();
        foreach (var (name, tensor) in checkpoint.Tensors.OrderBy(p => p.Key, StringComparer.Ordinal))
            writer.Add(name, trained.GetValueOrDefault(name) ?? tensor.Values, [.. tensor.Shape]);
        File.WriteAllBytes(Path.Combine(Checkpoint, "model.safetensors"), writer.ToBytes());
    }
}
