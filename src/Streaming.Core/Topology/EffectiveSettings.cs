using Streaming.Core.Topology.Language;

namespace Streaming.Core.Topology;

/// <summary>Completes what the validator recorded with defaults that depend on the rest of the topology.</summary>
internal static class EffectiveSettings
{
    public static IReadOnlyList<EffectiveSetting> Complete(IReadOnlyList<EffectiveSetting> settings, TopologyDefinition topology)
    {
        var result = new List<EffectiveSetting>();
        foreach (var setting in settings.Where(s => s.Path != "extends"))
        {
            var derived = setting.Value is null
                ? setting.Path switch
                {
                    "source.group" => topology.Source.Group,
                    "sink.index" => topology.Sink.Index,
                    "dead_letters.topic" => topology.DeadLetters.Topic,
                    _ => null,
                }
                : setting.Value;
            var secret = setting.Path.StartsWith("variables.", StringComparison.Ordinal) && Secrets.IsSecretName(setting.Path["variables.".Length..]);
            result.Add(setting with { Value = secret ? Secrets.Mask : derived });
        }

        return result;
    }
}
