using Akka.Actor;
using Akka.Configuration;

namespace Streaming.Adapters.AkkaStreams;

/// <summary>Actor systems that serve one run of a graph and nothing else.</summary>
internal static class ActorSystems
{
    /// <summary>
    /// Akka logs nothing: whatever goes wrong in the graph fails its task, and that is told once, with a code. Its hooks on the
    /// process's end are off, because the host decides how the process ends. Buffers between actors are as small as they can
    /// be; the graph is one actor, so there are none in it, and its bound is the pipeline's own. A substream that is slow to
    /// start on a starved machine is not given up. The scheduler's wheel turns slowly: nothing here is timed by it but waits
    /// between restarts.
    /// </summary>
    private static readonly Config Settings = ConfigurationFactory.ParseString(
        """
        akka {
          loggers = []
          loglevel = OFF
          stdout-loglevel = OFF
          log-dead-letters = off
          log-dead-letters-during-shutdown = off
          coordinated-shutdown {
            run-by-clr-shutdown-hook = off
            run-by-actor-system-terminate = off
          }
          scheduler.tick-duration = 100ms
          stream.materializer {
            subscription-timeout.timeout = 1d
            initial-input-buffer-size = 1
            max-input-buffer-size = 1
            auto-fusing = on
          }
        }
        """);

    /// <summary>A fresh actor system; whoever asked for it terminates it.</summary>
    public static ActorSystem Create() => ActorSystem.Create("streaming", Settings);
}
