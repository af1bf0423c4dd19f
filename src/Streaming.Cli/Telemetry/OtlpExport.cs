using System.Runtime.CompilerServices;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Streaming.Cli.CommandLine;
using Streaming.Core;
using Streaming.Core.Telemetry;

namespace Streaming.Cli.Telemetry;

/// <summary>
/// Sends traces and metrics to an OpenTelemetry collector when the standard variables ask for it
/// (<c>OTEL_EXPORTER_OTLP_ENDPOINT</c> or the ones of a single signal). Everything else the OpenTelemetry SDK reads from its
/// own variables: protocol, headers, time limits, sampler, service name, intervals.
/// </summary>
/// <remarks>Nothing of OpenTelemetry is loaded before <see cref="Build"/> is called, and it is called only when asked for.</remarks>
internal static class OtlpExport
{
    private const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

    /// <summary>Longest wait for the last of it at the end; a collector that hangs must not hold up a drain.</summary>
    private static readonly TimeSpan Flush = TimeSpan.FromSeconds(2);

    /// <summary>Starts exporting; null when no variable asks for it.</summary>
    /// <exception cref="StreamingException"><c>otlp_setting_invalid</c>.</exception>
    public static IDisposable? Start(CliContext context)
    {
        if (string.Equals(context.Variable("OTEL_SDK_DISABLED"), "true", StringComparison.OrdinalIgnoreCase))
            return null;
        var (traces, metrics) = (IsWanted(context, "TRACES"), IsWanted(context, "METRICS"));
        if (!traces && !metrics)
            return null;
        if (context.Variable("OTEL_EXPORTER_OTLP_PROTOCOL") is { } protocol and not ("grpc" or "http/protobuf"))
            throw new StreamingException("otlp_setting_invalid", $"OTEL_EXPORTER_OTLP_PROTOCOL is '{protocol}'; it must be grpc or http/protobuf");
        return Build(traces, metrics);
    }

    private static bool IsWanted(CliContext context, string signal)
    {
        var own = $"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT";
        var (name, value) = context.Variable(own) is { } address ? (own, address) : (Endpoint, context.Variable(Endpoint));
        if (value is null)
            return false;
        var exporter = $"OTEL_{signal}_EXPORTER";
        switch (context.Variable(exporter))
        {
            case null or "otlp":
                break;
            case "none":
                return false;
            case var other:
                throw new StreamingException("otlp_setting_invalid", $"{exporter} is '{other}'; there are otlp and none");
        }

        return Uri.TryCreate(value, UriKind.Absolute, out var uri) && (uri.Scheme == Uri.UriSchemeHttp || uri.Scheme == Uri.UriSchemeHttps)
            ? true
            : throw new StreamingException("otlp_setting_invalid", $"{name} is not an http or https address, such as http://127.0.0.1:4317");
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Export Build(bool traces, bool metrics)
    {
        var resource = ResourceBuilder.CreateEmpty()
            .AddService("streaming", serviceVersion: typeof(OtlpExport).Assembly.GetName().Version?.ToString(3))
            .AddTelemetrySdk()
            .AddEnvironmentVariableDetector();
        return new Export(
            traces ? Sdk.CreateTracerProviderBuilder().SetResourceBuilder(resource).AddSource(PipelineTracing.SourceName).AddOtlpExporter().Build() : null,
            metrics ? Sdk.CreateMeterProviderBuilder().SetResourceBuilder(resource).AddMeter(PipelineTelemetry.MeterName, PipelineTelemetry.MeterName + ".*", PipelineTelemetry.RuntimeMeterName).AddOtlpExporter().Build() : null);
    }

    private sealed class Export(TracerProvider? traces, MeterProvider? metrics) : IDisposable
    {
        public void Dispose()
        {
            var limit = (int)Flush.TotalMilliseconds;
            Parallel.Invoke(() => traces?.Shutdown(limit), () => metrics?.Shutdown(limit));
            traces?.Dispose();
            metrics?.Dispose();
        }
    }
}
