using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace Streaming.Core.Telemetry;

/// <summary>
/// Listens to the meters of this product and writes them in the Prometheus text exposition format (version 0.0.4), with the
/// names OpenTelemetry's exporter would give: dots become underscores, the unit and <c>_total</c> are appended.
/// </summary>
public sealed class PrometheusExporter : IDisposable
{
    /// <summary>Content type of <see cref="Write"/>'s text.</summary>
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    /// <summary>Series a metric may have; more are folded away, so that no label can fill the memory.</summary>
    private const int MaxSeries = 1_000;

    private static readonly double[] DefaultBounds = [.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10];

    private readonly MeterListener _listener = new();
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, Metric> _metrics = new(StringComparer.Ordinal);

    /// <summary>Starts to listen to every meter whose name is, or begins with, <see cref="PipelineTelemetry.MeterName"/>, and to the runtime's own.</summary>
    public PrometheusExporter()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == PipelineTelemetry.MeterName
                || instrument.Meter.Name.StartsWith(PipelineTelemetry.MeterName + ".", StringComparison.Ordinal)
                || instrument.Meter.Name == PipelineTelemetry.RuntimeMeterName)
            {
                listener.EnableMeasurementEvents(instrument, MetricOf(instrument));
            }
        };
        _listener.SetMeasurementEventCallback<int>((_, value, tags, state) => Record(state, value, tags));
        _listener.SetMeasurementEventCallback<long>((_, value, tags, state) => Record(state, value, tags));
        _listener.SetMeasurementEventCallback<double>((_, value, tags, state) => Record(state, value, tags));
        _listener.SetMeasurementEventCallback<float>((_, value, tags, state) => Record(state, value, tags));
        _listener.Start();
    }

    /// <summary>Everything measured so far.</summary>
    public string Write()
    {
        lock (_lock)
        {
            foreach (var metric in _metrics.Values)
                metric.ForgetObserved();
        }

        _listener.RecordObservableInstruments();
        var text = new StringBuilder();
        lock (_lock)
        {
            foreach (var metric in _metrics.Values)
                metric.Write(text);
        }

        return text.ToString();
    }

    /// <inheritdoc/>
    public void Dispose() => _listener.Dispose();

    private Metric MetricOf(Instrument instrument)
    {
        var counter = instrument.GetType().Name.Contains("Counter", StringComparison.Ordinal)
            && !instrument.GetType().Name.Contains("UpDown", StringComparison.Ordinal);
        var histogram = instrument.GetType().Name.StartsWith("Histogram", StringComparison.Ordinal);
        var name = NameOf(instrument, counter);
        lock (_lock)
        {
            if (!_metrics.TryGetValue(name, out var metric))
            {
                metric = new Metric(name, instrument.Description ?? "", counter ? "counter" : histogram ? "histogram" : "gauge", instrument.IsObservable, BoundsOf(instrument));
                _metrics.Add(name, metric);
            }

            return metric;
        }
    }

    private void Record(object? state, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (state is not Metric metric)
            return;
        lock (_lock)
            metric.Record(value, tags);
    }

    private static double[] BoundsOf(Instrument instrument) => instrument switch
    {
        Histogram<double> { Advice.HistogramBucketBoundaries: { } bounds } => [.. bounds],
        Histogram<int> { Advice.HistogramBucketBoundaries: { } bounds } => [.. bounds.Select(bound => (double)bound)],
        Histogram<long> { Advice.HistogramBucketBoundaries: { } bounds } => [.. bounds.Select(bound => (double)bound)],
        _ => DefaultBounds,
    };

    private static string NameOf(Instrument instrument, bool counter)
    {
        var name = new StringBuilder();
        foreach (var unit in instrument.Name)
            name.Append(char.IsAsciiLetterOrDigit(unit) ? unit : '_');
        var suffix = instrument.Unit switch
        {
            "s" => "_seconds",
            "By" => "_bytes",
            "1" => "_ratio",
            _ => "",
        };
        if (suffix.Length > 0 && !(suffix == "_ratio" && counter))
            name.Append(suffix);
        if (counter)
            name.Append("_total");
        return name.ToString();
    }

    private static string LabelsOf(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (tags.IsEmpty)
            return "";
        var text = new StringBuilder();
        foreach (var (name, value) in tags)
        {
            if (text.Length > 0)
                text.Append(',');
            foreach (var unit in name)
                text.Append(char.IsAsciiLetterOrDigit(unit) ? unit : '_');
            text.Append("=\"");
            foreach (var unit in Convert.ToString(value, CultureInfo.InvariantCulture) ?? "")
            {
                _ = unit switch
                {
                    '\\' => text.Append("\\\\"),
                    '"' => text.Append("\\\""),
                    '\n' => text.Append("\\n"),
                    _ => text.Append(unit),
                };
            }

            text.Append('"');
        }

        return text.ToString();
    }

    private sealed class Metric(string name, string description, string type, bool observed, double[] bounds)
    {
        private readonly SortedDictionary<string, Series> _series = new(StringComparer.Ordinal);

        // Most measurements carry one label that never changes (the topology); its text is made once.
        private KeyValuePair<string, object?> _lastTag;
        private string? _lastLabels;

        public void ForgetObserved()
        {
            if (observed)
                _series.Clear();
        }

        public void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            string labels;
            if (tags.Length == 1 && _lastLabels is not null && ReferenceEquals(tags[0].Value, _lastTag.Value) && ReferenceEquals(tags[0].Key, _lastTag.Key))
            {
                labels = _lastLabels;
            }
            else
            {
                labels = LabelsOf(tags);
                if (tags.Length == 1)
                    (_lastTag, _lastLabels) = (tags[0], labels);
            }

            if (!_series.TryGetValue(labels, out var series))
            {
                if (_series.Count >= MaxSeries)
                    return;
                series = new Series(type == "histogram" ? bounds.Length : 0);
                _series.Add(labels, series);
            }

            if (type == "gauge" || (observed && type == "counter"))
                series.Sum = value;
            else
                series.Sum += value;
            series.Count++;
            if (type == "histogram")
            {
                for (var i = 0; i < bounds.Length; i++)
                {
                    if (value <= bounds[i])
                    {
                        series.Buckets[i]++;
                        break;
                    }
                }
            }
        }

        public void Write(StringBuilder text)
        {
            if (_series.Count == 0)
                return;
            text.Append("# HELP ").Append(name).Append(' ').Append(description.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)).Append('\n');
            text.Append("# TYPE ").Append(name).Append(' ').Append(type).Append('\n');
            foreach (var (labels, series) in _series)
            {
                if (type != "histogram")
                {
                    Line(text, "", labels, null, series.Sum);
                    continue;
                }

                long below = 0;
                for (var i = 0; i < bounds.Length; i++)
                {
                    below += series.Buckets[i];
                    Line(text, "_bucket", labels, Format(bounds[i]), below);
                }

                Line(text, "_bucket", labels, "+Inf", series.Count);
                Line(text, "_sum", labels, null, series.Sum);
                Line(text, "_count", labels, null, series.Count);
            }
        }

        private void Line(StringBuilder text, string suffix, string labels, string? bound, double value)
        {
            text.Append(name).Append(suffix);
            if (labels.Length > 0 || bound is not null)
            {
                text.Append('{').Append(labels);
                if (bound is not null)
                    text.Append(labels.Length > 0 ? "," : "").Append("le=\"").Append(bound).Append('"');
                text.Append('}');
            }

            text.Append(' ').Append(Format(value)).Append('\n');
        }

        private static string Format(double value) => double.IsPositiveInfinity(value) ? "+Inf"
            : double.IsNegativeInfinity(value) ? "-Inf"
            : value.ToString("R", CultureInfo.InvariantCulture);
    }

    private sealed class Series(int buckets)
    {
        public readonly long[] Buckets = new long[buckets];
        public double Sum;
        public long Count;
    }
}
