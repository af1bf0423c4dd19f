using System.Buffers.Binary;
using System.Diagnostics.Metrics;
using System.Security.Cryptography;
using System.Text;
using Streaming.Contracts;
using Streaming.Core.Labelling;
using Streaming.Core.Telemetry;

namespace Streaming.Learning.Selection;

/// <summary>
/// Chooses documents to be labelled: those the model is unsure of, new ones first, nearly the same never twice, within a budget by
/// hour, day and source; and some at random, by a hash of their ids, so that a replay chooses the same ones.
/// </summary>
/// <remarks>
/// Whether a document is in the control slice depends on its id alone, so its labels estimate quality without bias. It is never
/// left out for being like another, and what is like it is never chosen to be learnt from. Safe for concurrent use.
/// </remarks>
public sealed class SampleSelector : ISampleSelector
{
    private static readonly Counter<long> NotChosen = new Meter(PipelineTelemetry.MeterName)
        .CreateCounter<long>("streaming.label.passed_over", "{document}", "Documents that were candidates and were not chosen, by reason");

    private readonly SelectionOptions _options;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private readonly NearDuplicateIndex _chosen;
    private readonly SeenWords _words = new();
    private readonly SelectionBudget _budget;
    private readonly AdaptiveThreshold? _adaptive;
    private readonly SortedDictionary<string, long> _chosenFor = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, long> _passedOver = new(StringComparer.Ordinal);
    private long _considered;

    /// <param name="options">What to choose, and how much.</param>
    /// <param name="time">Clock of the budgets.</param>
    public SampleSelector(SelectionOptions options, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _time = time;
        _chosen = new NearDuplicateIndex(options.Memory, options.NearDuplicate, options.Seed);
        _budget = new SelectionBudget(options);
        _adaptive = options.TargetShare > 0 ? new AdaptiveThreshold(options.TargetShare) : null;
    }

    /// <summary>What it has decided so far.</summary>
    public SelectionCounts Counts
    {
        get
        {
            lock (_lock)
                return new SelectionCounts(_considered, new Dictionary<string, long>(_chosenFor), new Dictionary<string, long>(_passedOver));
        }
    }

    /// <summary>Remembers what was chosen before this process started: in the order in which it was.</summary>
    public void Remember(IEnumerable<LabelRequest> requests)
    {
        ArgumentNullException.ThrowIfNull(requests);
        lock (_lock)
        {
            foreach (var request in requests)
                Take(request);
        }
    }

    /// <inheritdoc/>
    public LabelRequest? Choose(EnrichedDocument document, IReadOnlyList<TaskUncertainty> uncertainty)
    {
        ArgumentNullException.ThrowIfNull(document);
        ArgumentNullException.ThrowIfNull(uncertainty);
        lock (_lock)
        {
            _considered++;
            if (string.IsNullOrWhiteSpace(document.Text))
                return null;
            var control = IsControl(document.Id);
            // Every document counts for the threshold, the control slice too.
            var moves = _adaptive?.See(uncertainty.Where(task => _options.Below.ContainsKey(task.Task)).Select(task => (task.Task, 1 - _options.Measure.Of(task)))) ?? false;
            var reasons = control ? [new SelectionReason(SelectionReason.Control, null, _options.ControlRate)] : Doubts(uncertainty, moves);
            if (reasons.Count == 0)
                return null;
            if (document.Text.Length > _options.MaxTextLength)
                return PassOver(SelectionCounts.TooLong);
            var id = IdOf(_options.Topology, document);
            var known = _chosen.Find(document.Text);

            // The engine has started again and reads on from before: what was chosen is chosen again, and paid for once.
            if (known != id)
            {
                if (known is not null && !control)
                    return PassOver(SelectionCounts.NearDuplicate);
                if (_budget.Refusal(_time.GetUtcNow(), document.Source, control) is { } refusal)
                    return PassOver(refusal);
            }

            var request = Request(document, uncertainty, id, control, reasons);
            if (known != id)
            {
                Take(request);
                _chosenFor[reasons[0].Code] = _chosenFor.GetValueOrDefault(reasons[0].Code) + 1;
            }

            return request;
        }
    }

    /// <summary>Whether a document belongs to the control slice, whatever the model says of it.</summary>
    public bool IsControl(string documentId)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes($"{_options.Seed}\0{_options.Topology}\0{documentId}"), digest);
        return BinaryPrimitives.ReadUInt64BigEndian(digest) < _options.ControlRate * ulong.MaxValue;
    }

    private List<SelectionReason> Doubts(IReadOnlyList<TaskUncertainty> uncertainty, bool moves)
    {
        var reasons = new List<SelectionReason>();
        foreach (var task in uncertainty)
        {
            var confidence = 1 - _options.Measure.Of(task);
            var asked = _options.Below.TryGetValue(task.Task, out var least);
            if (moves && asked)
                least = _adaptive!.Of(task.Task);
            if (asked && confidence < least)
                reasons.Add(new SelectionReason(moves ? SelectionReason.LeastSure : SelectionReason.Uncertain, task.Task, confidence, least));
            if (task.Disagreement >= _options.DisagreementFrom)
                reasons.Add(new SelectionReason(SelectionReason.Disagreement, task.Task, task.Disagreement, _options.DisagreementFrom));
        }

        return reasons;
    }

    private LabelRequest Request(EnrichedDocument document, IReadOnlyList<TaskUncertainty> uncertainty, string id, bool control, List<SelectionReason> reasons)
    {
        var novelty = _words.Novelty(document.Text);
        if (!control && novelty >= _options.NovelFrom)
            reasons.Add(new SelectionReason(SelectionReason.Novel, null, novelty, _options.NovelFrom));
        var doubt = 0.0;
        foreach (var task in uncertainty)
            doubt = Math.Max(doubt, Math.Max(_options.Measure.Of(task), task.Disagreement ?? 0));
        return new LabelRequest
        {
            Id = id,
            DocumentId = document.Id,
            Text = document.Text,
            Tasks = control ? _options.Tasks : [.. reasons.Where(static reason => reason.Task is not null).Select(static reason => reason.Task!.Value).Distinct()],
            Guess = new LabelGuess { Entities = document.Entities, Topics = document.Topics, Sentiment = document.Sentiment, Aspects = document.Aspects },
            Uncertainty = uncertainty,
            Reasons = reasons,
            // Randomly chosen documents come at a middling place in the queue, whatever they are: so their answers tell nothing of it.
            Priority = control ? 0.5 : Math.Clamp((1 - _options.NoveltyWeight) * doubt + _options.NoveltyWeight * novelty, 0, 1),
            ControlSlice = control,
            Source = document.Source,
            Language = document.Language,
            Topology = _options.Topology,
            Model = document.Lineage.Model,
            ModelVersion = document.Lineage.ModelVersion,
            RequestedAt = _time.GetUtcNow(),
        };
    }

    private void Take(LabelRequest request)
    {
        _chosen.Add(request.Id, request.Text);
        _words.Add(request.Text);
        _budget.Take(request.RequestedAt, request.Source, request.ControlSlice);
    }

    private LabelRequest? PassOver(string why)
    {
        NotChosen.Add(1, new("streaming.topology", _options.Topology), new("streaming.reason", why));
        _passedOver[why] = _passedOver.GetValueOrDefault(why) + 1;
        return null;
    }

    /// <summary>Identity of the request for a document's labels: the same text of the same document is asked for once.</summary>
    public static string IdOf(string topology, EnrichedDocument document)
    {
        ArgumentNullException.ThrowIfNull(document);
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{topology}\0{document.Id}\0{document.Text}")).AsSpan(0, 16));
    }
}
