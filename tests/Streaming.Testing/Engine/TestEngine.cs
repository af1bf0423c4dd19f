using Streaming.Core.Engine;
using Streaming.Core.Engine.Channels;

namespace Streaming.Testing.Engine;

/// <summary>
/// The engine that suites on stores and servers run with: the product's default, so Akka.Streams where it is built, else channels.
/// With <c>STREAMING_TEST_ENGINE=channels</c> always channels. What holds of every engine is in the conformance suites.
/// </summary>
public static class TestEngine
{
    /// <summary>A new one.</summary>
    public static IPipelineEngine Create() =>
#if AKKA_STREAMS
        Environment.GetEnvironmentVariable("STREAMING_TEST_ENGINE") == "channels" ? new ChannelEngine() : new Adapters.AkkaStreams.AkkaStreamsEngine();
#else
        new ChannelEngine();
#endif
}
