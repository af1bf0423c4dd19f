using Streaming.Contracts;
using Streaming.Core.Labelling;
using Streaming.Core.Models.Bundle;
using Streaming.Core.Models.Registry;
using Streaming.Learning.Retraining;

namespace Streaming.Learning.Provenance;

/// <summary>Follows documents to bundles, bundles to their parents, labels, prompts and costs, and back; from what registry, journals and sample store keep.</summary>
/// <param name="registry">Bundles and decisions.</param>
/// <param name="samples">Labels; null: none are at hand.</param>
public sealed class LineageReader(ModelRegistry registry, ISampleStore? samples)
{
    private const int MostGenerations = 100;
    private const int MostDocuments = 1_000;

    /// <summary>What made a document, and what it made.</summary>
    public async ValueTask<DocumentLineage> OfDocumentAsync(EnrichedDocument document, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(document);
        var known = Known();
        var line = document.Lineage;
        var made = known.FirstOrDefault(bundle => bundle.Manifest.Name == line.Model && bundle.Manifest.Version == line.ModelVersion
            && line.Heads.All(head => bundle.Manifest.Heads.Any(own => own.Name == head.Key && bundle.Manifest.Files[own.File].Sha256.StartsWith(head.Value, StringComparison.Ordinal))));
        var labels = new List<LabelOfDocument>();
        if (samples is not null)
        {
            foreach (var stored in await samples.ListSamplesAsync(new SampleQuery { DocumentId = document.Id }, cancellationToken).ConfigureAwait(false))
            {
                var sample = stored.Sample;
                labels.Add(new LabelOfDocument(sample.Task.ToName(), $"{sample.LabellerKind.ToName()}:{sample.Labeller}", sample.Validity.ToName(), sample.PromptVersion, sample.Cost, sample.ControlSlice));
            }
        }

        return new DocumentLineage
        {
            Document = document.Id,
            Bundles = made.Manifest is null
                ? [new BundleGeneration { Name = line.Model, Version = line.ModelVersion }]
                : Generations(made, known),
            Labels = labels,
            Taught = [.. Decisions().Where(decided => decided.Cycle is not null && Ledger(decided.Cycle).Any(entry => entry.Document == document.Id)).Select(static decided => $"{decided.Name}@{decided.Version}").Distinct()],
        };
    }

    /// <summary>What a bundle was made of, and what was made of it; null when the registry has never had it.</summary>
    /// <param name="model"><c>name@version</c>, or the beginning of a digest.</param>
    public ModelLineage? OfModel(string model)
    {
        ArgumentNullException.ThrowIfNull(model);
        var known = Known();
        var found = known.FirstOrDefault(bundle => NameOf(bundle.Manifest) == model || (model.Length >= 8 && bundle.Digest.StartsWith(model, StringComparison.Ordinal)));
        if (found.Manifest is null)
            return null;
        var bundles = Generations(found, known);
        return new ModelLineage
        {
            Bundles = bundles,
            Children = [.. known.Where(bundle => bundle.Manifest.Parent == NameOf(found.Manifest)).Select(static bundle => NameOf(bundle.Manifest)).Distinct().Order(StringComparer.Ordinal)],
            LearntFrom = bundles[0].Cycle is { } cycle ? [.. Ledger(cycle).Select(static entry => entry.Document).Distinct().Take(MostDocuments)] : [],
        };
    }

    private static string NameOf(ModelManifest manifest) => $"{manifest.Name}@{manifest.Version}";

    private List<(string Digest, ModelManifest Manifest)> Known() => [.. registry.Known().Select(digest => (digest, registry.Manifest(digest)!))];

    private List<ModelEvent> Decisions() => [.. registry.AllChannels().SelectMany(static channel => channel.Events)];

    private IReadOnlyList<LedgerLine> Ledger(string cycle) => new RetrainJournal(registry, cycle[..cycle.LastIndexOf('-')]).ReadLedger(cycle);

    private List<BundleGeneration> Generations((string Digest, ModelManifest Manifest) bundle, List<(string Digest, ModelManifest Manifest)> known)
    {
        var decisions = Decisions();
        var generations = new List<BundleGeneration>();
        while (generations.Count < MostGenerations)
        {
            generations.Add(Generation(bundle, decisions));
            if (bundle.Manifest.Parent is not { } parent)
                break;
            bundle = known.FirstOrDefault(other => NameOf(other.Manifest) == parent);
            if (bundle.Manifest is not null)
                continue;
            var name = parent.Split('@');
            generations.Add(new BundleGeneration { Name = name[0], Version = name.Length > 1 ? name[1] : "" });
            break;
        }

        return generations;
    }

    private BundleGeneration Generation((string Digest, ModelManifest Manifest) bundle, List<ModelEvent> decisions)
    {
        var decided = decisions.Find(decided => decided.Digest == bundle.Digest);
        var ledger = decided?.Cycle is { } cycle ? Ledger(cycle) : [];
        return new BundleGeneration
        {
            Name = bundle.Manifest.Name,
            Version = bundle.Manifest.Version,
            Digest = bundle.Digest,
            Parent = bundle.Manifest.Parent,
            Decision = decided?.Kind switch { null => null, ModelEventKind.RolledBack => "rolled_back", var kind => kind.Value.ToName() },
            DecidedBy = decided?.DecidedBy,
            DecidedAt = decided?.DecidedAt,
            Reasons = decided?.Reasons ?? [],
            Cycle = decided?.Cycle,
            FineTuned = bundle.Manifest.Training?.FineTuned,
            Labels = ledger.Count,
            Labellers = Count(ledger.Select(static entry => $"{entry.Kind}:{entry.Labeller}")),
            Prompts = Count(ledger.Where(static entry => entry.Prompt is not null).Select(static entry => entry.Prompt!)),
            Cost = ledger.Sum(static entry => entry.Cost),
            Data = [.. (bundle.Manifest.Training?.Data ?? []).Select(static data => data.Name)],
        };
    }

    private static SortedDictionary<string, int> Count(IEnumerable<string> values)
    {
        var counts = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (var value in values)
            counts[value] = counts.GetValueOrDefault(value) + 1;
        return counts;
    }
}
