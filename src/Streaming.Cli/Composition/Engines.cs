using System.CommandLine;
using Streaming.Core;
using Streaming.Core.Engine;
using Streaming.Core.Engine.Channels;

namespace Streaming.Cli.Composition;

/// <summary>The engines this program was built with. All of them give the same results; one suite holds them to it.</summary>
internal static class Engines
{
    /// <summary>The engine on <c>System.Threading.Channels</c>: always there.</summary>
    public const string Channels = "channels";

    /// <summary>The engine on Akka.Streams: there where the package set has it.</summary>
    public const string Akka = "akka";

    /// <summary>What runs when nothing is said: Akka.Streams where it is there, else channels.</summary>
#if AKKA_STREAMS
    public const string Default = Akka;
#else
    public const string Default = Channels;
#endif

    /// <summary>Every engine of the product, with why it is not here, for <c>doctor</c> and for help texts.</summary>
    public static IReadOnlyList<EngineChoice> All { get; } =
    [
        new(Channels, null),
#if AKKA_STREAMS
        new(Akka, null),
#else
        new(Akka, $"this program was built with the {PackageSet.Name} package set, which has no Akka.Streams: the NuGet registry did not carry it when ./streaming setup looked"),
#endif
    ];

    /// <summary><c>--engine NAME</c>; its value goes to <see cref="Create"/>, which refuses a wrong one.</summary>
    public static Option<string?> Option() => new("--engine") { Description = $"Engine: {Akka} or {Channels} (default here: {Default})", HelpName = "NAME" };

    /// <summary>The engine of that name; the default when it is null.</summary>
    /// <exception cref="StreamingException">There is none of that name, or not in this package set.</exception>
    public static IPipelineEngine Create(string? name)
    {
        switch (name ?? Default)
        {
            case Channels:
                return new ChannelEngine();
#if AKKA_STREAMS
            case Akka:
                return new Adapters.AkkaStreams.AkkaStreamsEngine();
#endif
            default:
                foreach (var engine in All)
                {
                    if (engine.Name == name)
                    {
                        throw new StreamingException(
                            "engine_unavailable",
                            $"--engine {name} is not available: {engine.MissingBecause}. Use --engine {Channels}, which gives the same results, or run ./streaming setup --again where the registry has the packages",
                            ExitCode.DependencyUnavailable);
                    }
                }

                throw new StreamingException("unknown_engine", $"--engine is '{name}'; it must be {Channels} or {Akka}");
        }
    }
}

/// <summary>An engine, and why it can't be chosen, if it can't.</summary>
/// <param name="Name">As <c>--engine</c> takes it.</param>
/// <param name="MissingBecause">Null when it is there.</param>
internal sealed record EngineChoice(string Name, string? MissingBecause);
