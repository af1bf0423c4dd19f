using System.Diagnostics.Metrics;
using Streaming.Core.Engine.Channels;
using Streaming.Core.Models;
using Streaming.Core.Sinks;
using Streaming.Core.Telemetry;
using Streaming.Testing.Engine;

namespace Streaming.Core.Tests.Pipelines;

public class PrometheusExporterTests
{
    [Fact]
    public void Write_CountersHistogramsAndGauges_AreInTextFormat()
    {
        using var exporter = new PrometheusExporter();
        using var telemetry = new PipelineTelemetry("text-format");
        telemetry.Ended(new OutcomeCounts(3, 1, 0, 0));
        telemetry.Ended(new OutcomeCounts(2, 0, 0, 0));
        telemetry.DeadLettered("invalid_utf8");
        telemetry.Batch(4, tokens: 90, padded: 100);
        telemetry.Inferred(TimeSpan.FromMilliseconds(3));
        telemetry.Lag(new Core.Messaging.SourceLag(12, TimeSpan.FromSeconds(1.5)));
        telemetry.Model(new ModelIdentity("m\"1\"", "v\\2", new Dictionary<string, string>()));
        telemetry.Observe(() => 7, () => 1_000, () => TimeSpan.FromSeconds(2));
        var lines = Lines(exporter, "text-format");
        Assert.Contains("""streaming_documents_total{streaming_topology="text-format",streaming_outcome="indexed"} 5""", lines);
        Assert.Contains("""streaming_documents_total{streaming_topology="text-format",streaming_outcome="dead_lettered"} 1""", lines);
        Assert.Contains("""streaming_dead_letters_total{streaming_topology="text-format",error_type="invalid_utf8"} 1""", lines);
        Assert.Contains("""streaming_batch_size_bucket{streaming_topology="text-format",le="2"} 0""", lines);
        Assert.Contains("""streaming_batch_size_bucket{streaming_topology="text-format",le="4"} 1""", lines);
        Assert.Contains("""streaming_batch_size_bucket{streaming_topology="text-format",le="+Inf"} 1""", lines);
        Assert.Contains("""streaming_batch_padding_waste_ratio_sum{streaming_topology="text-format"} 0.1""", lines);
        Assert.Contains("""streaming_infer_duration_seconds_count{streaming_topology="text-format"} 1""", lines);
        Assert.Contains("""streaming_consumer_lag{streaming_topology="text-format"} 12""", lines);
        Assert.Contains("""streaming_consumer_lag_duration_seconds{streaming_topology="text-format"} 1.5""", lines);
        Assert.Contains("""streaming_in_flight_documents{streaming_topology="text-format"} 7""", lines);
        Assert.Contains("""streaming_unacknowledged_age_seconds{streaming_topology="text-format"} 2""", lines);
        Assert.Contains("""streaming_model_info{streaming_topology="text-format",streaming_model_name="m\"1\"",streaming_model_version="v\\2"} 1""", lines);
        Assert.Contains("# TYPE streaming_infer_duration_seconds histogram", exporter.Write(), StringComparison.Ordinal);
        Assert.Contains("# TYPE streaming_documents_total counter", exporter.Write(), StringComparison.Ordinal);
    }

    [Fact]
    public void Write_PipelineStartedAgain_CountersGoOnAndGaugesOfTheOldOneEnd()
    {
        using var exporter = new PrometheusExporter();
        for (var run = 0; run < 2; run++)
        {
            using var telemetry = new PipelineTelemetry("again");
            telemetry.Observe(() => 1, () => 1, () => null);
            telemetry.Read(10);
        }

        var lines = Lines(exporter, "again");
        Assert.Contains("""streaming_messages_read_total{streaming_topology="again"} 20""", lines);
        Assert.DoesNotContain(lines, line => line.StartsWith("streaming_in_flight_documents", StringComparison.Ordinal));
    }

    [Fact]
    public void Write_LabelWithoutEnd_IsBounded()
    {
        using var exporter = new PrometheusExporter();
        using var meter = new Meter("Streaming.Flood");
        var counter = meter.CreateCounter<long>("flood");
        for (var i = 0; i < 5_000; i++)
            counter.Add(1, new KeyValuePair<string, object?>("label", i));
        Assert.Equal(1_000, exporter.Write().Split('\n').Count(line => line.StartsWith("flood_total{", StringComparison.Ordinal)));
    }

    [Fact]
    public void Write_OtherMeters_AreNotListenedTo()
    {
        using var exporter = new PrometheusExporter();
        using var meter = new Meter("StreamingOfSomebodyElse");
        meter.CreateCounter<long>("foreign").Add(1);
        Assert.DoesNotContain("foreign", exporter.Write(), StringComparison.Ordinal);
    }

    [Fact]
    public void Write_TheProcessItself_IsMeasured()
    {
        using var exporter = new PrometheusExporter();
        var lines = exporter.Write().Split('\n');
        Assert.Contains("# TYPE dotnet_process_memory_working_set_bytes gauge", lines);
        Assert.Contains("# TYPE dotnet_process_cpu_time_seconds_total counter", lines);
        var memory = Assert.Single(lines, line => line.StartsWith("dotnet_process_memory_working_set_bytes ", StringComparison.Ordinal));
        Assert.InRange(double.Parse(memory.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture), 10e6, 100e9);
    }

    [Fact]
    public async Task Write_AfterARun_TellsWhatHappened()
    {
        using var exporter = new PrometheusExporter();
        var world = new PipelineWorld(new ChannelEngine());
        world.Append(50);
        world.Log.Append(new byte[] { 0xFF }, "bad");
        await world.RunAsync();
        var text = exporter.Write();
        foreach (var name in (string[])["streaming_queue_duration", "streaming_tokenize_duration", "streaming_infer_duration", "streaming_decode_duration", "streaming_sink_duration", "streaming_document_duration", "streaming_commit_duration"])
            Assert.Contains(name + "_seconds_count", text, StringComparison.Ordinal);
        Assert.Contains("error_type=\"invalid_utf8\"", text, StringComparison.Ordinal);
    }

    private static string[] Lines(PrometheusExporter exporter, string topology) =>
        [.. exporter.Write().Split('\n').Where(line => line.Contains($"\"{topology}\"", StringComparison.Ordinal))];
}
