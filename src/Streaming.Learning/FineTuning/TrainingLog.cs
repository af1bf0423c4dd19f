using System.Globalization;

namespace Streaming.Learning.FineTuning;

/// <summary>What happened, step by step: <c>log.csv</c> for spreadsheets and <c>events.out.tfevents…</c> for TensorBoard. Resuming appends.</summary>
internal sealed class TrainingLog : IDisposable
{
    private readonly StreamWriter _csv;
    private readonly EventFile _events;

    /// <param name="directory">Where the files lie.</param>
    /// <param name="time">Clock.</param>
    public TrainingLog(string directory, TimeProvider time)
    {
        Directory.CreateDirectory(directory);
        var path = Path.Combine(directory, "log.csv");
        var isNew = !File.Exists(path);
        _csv = new StreamWriter(path, append: true);
        if (isNew)
            _csv.WriteLine("step,task,metric,value");
        _events = new EventFile(Path.Combine(directory, string.Create(CultureInfo.InvariantCulture, $"events.out.tfevents.{time.GetUtcNow().ToUnixTimeSeconds():D10}.streaming")), time);
    }

    /// <summary>Adds one figure.</summary>
    /// <param name="step">Optimiser steps done.</param>
    /// <param name="task">Head it is of; empty: of all.</param>
    /// <param name="metric">Its name.</param>
    /// <param name="value">Its value.</param>
    public void Add(int step, string task, string metric, double value)
    {
        _csv.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{step},{task},{metric},{value:G9}"));
        _events.Scalar(step, task.Length == 0 ? metric : $"{task}/{metric}", (float)value);
    }

    /// <summary>Writes what is held.</summary>
    public void Flush()
    {
        _csv.Flush();
        _events.Flush();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _csv.Dispose();
        _events.Dispose();
    }
}
