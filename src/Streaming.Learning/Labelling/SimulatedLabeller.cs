using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Streaming.Contracts;
using Streaming.Learning.Data;

namespace Streaming.Learning.Labelling;

/// <summary>
/// A language model as far as its errors go: knows the right answer, errs at set rates, and answers with surface strings that are
/// aligned like anybody's. Seeded: a text's answer depends on nothing but seed, task and text.
/// </summary>
/// <param name="gold">The right answers; on other texts it abstains.</param>
/// <param name="errors">How it errs.</param>
/// <param name="time">Clock of the answers.</param>
/// <param name="name">See <see cref="ILabeller.Name"/>.</param>
public sealed class SimulatedLabeller(GoldAnswers gold, SimulatedErrors errors, TimeProvider time, string name = "simulated") : ILabeller
{
    /// <inheritdoc/>
    public string Name => name;

    /// <inheritdoc/>
    public LabellerKind Kind => LabellerKind.Simulated;

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<LabelledSample>> LabelAsync(LabelRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        cancellationToken.ThrowIfCancellationRequested();
        return ValueTask.FromResult<IReadOnlyList<LabelledSample>>([.. request.Tasks.Select(task => Answer(request, task))]);
    }

    private LabelledSample Answer(LabelRequest request, LabelTask task)
    {
        var sample = Answers.To(request, task, Kind, Name, time);
        if (gold.Find(task, request.Text) is not { } answer)
            return Answers.Abstain(sample, "not_in_file");
        var random = new SeededRandom(BinaryPrimitives.ReadUInt64LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes($"{errors.Seed}\0{task}\0{request.Text.Trim()}"))));
        if (random.NextDouble() < errors.Abstain)
            return Answers.Abstain(sample, "malformed_reply");
        var labels = gold.LabelsOf(task);
        if (task is LabelTask.Topics or LabelTask.Sentiment)
            return sample with { Labels = [.. answer.Labels.Select(label => random.NextDouble() < errors.WrongLabel ? Another(labels, label, random) : label).Distinct()] };
        var aligned = SurfaceAligner.Align(request.Text, Mentions(request.Text, answer.In(request.Text), labels, random));
        return sample with { Spans = aligned.Spans, Mentions = aligned.Mentions, Hallucinated = aligned.Hallucinated, Discontinuous = aligned.Discontinuous };
    }

    private List<(string Label, string Surface)> Mentions(string text, IReadOnlyList<SampleSpan> spans, IReadOnlyList<string> labels, SeededRandom random)
    {
        var words = SampleLoader.SegmentedWords(text);
        var mentions = new List<(string Label, string Surface)>();
        foreach (var span in spans)
        {
            if (random.NextDouble() < errors.Miss)
                continue;
            var label = random.NextDouble() < errors.WrongLabel ? Another(labels, span.Label, random) : span.Label;
            var (start, end) = random.NextDouble() < errors.WrongBoundary ? Moved(words, span, random) : (span.Start, span.End);
            mentions.Add((label, text[start..end]));
        }

        foreach (var word in words)
        {
            var isFree = char.IsLetter(text[word.Start]) && spans.All(span => span.End <= word.Start || span.Start >= word.End);
            if (isFree && labels.Count > 0 && random.NextDouble() < errors.Spurious)
                mentions.Add((labels[random.Next(labels.Count)], text[word.Start..word.End]));
        }

        if (labels.Count > 0 && random.NextDouble() < errors.Hallucination)
            mentions.Add((labels[random.Next(labels.Count)], $"Invented {random.NextBits():x}"));
        return mentions;
    }

    private static (int Start, int End) Moved(IReadOnlyList<CharSpan> words, SampleSpan span, SeededRandom random)
    {
        var first = 0;
        while (first + 1 < words.Count && words[first].End <= span.Start)
            first++;
        var last = first;
        while (last + 1 < words.Count && words[last + 1].Start < span.End)
            last++;
        var longer = random.Next(2) == 0 || first == last;
        if (longer && last + 1 < words.Count)
            return (span.Start, words[last + 1].End);
        if (longer && first > 0)
            return (words[first - 1].Start, span.End);
        return first < last ? (words[first + 1].Start, span.End) : (span.Start, span.End);
    }

    private static string Another(IReadOnlyList<string> labels, string label, SeededRandom random)
    {
        var others = labels.Where(other => other != label).ToList();
        return others.Count == 0 ? label : others[random.Next(others.Count)];
    }
}
