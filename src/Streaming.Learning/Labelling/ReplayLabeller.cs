using Streaming.Contracts;

namespace Streaming.Learning.Labelling;

/// <summary>Answers from a labelled file; abstains on what the file does not have.</summary>
/// <param name="gold">The file's answers.</param>
/// <param name="time">Clock of the answers.</param>
/// <param name="name">See <see cref="ILabeller.Name"/>.</param>
public sealed class ReplayLabeller(GoldAnswers gold, TimeProvider time, string name = "replay") : ILabeller
{
    /// <inheritdoc/>
    public string Name => name;

    /// <inheritdoc/>
    public LabellerKind Kind => LabellerKind.Replay;

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<LabelledSample>> LabelAsync(LabelRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        cancellationToken.ThrowIfCancellationRequested();
        var samples = new List<LabelledSample>();
        foreach (var task in request.Tasks)
        {
            var sample = Answers.To(request, task, Kind, Name, time);
            samples.Add(gold.Find(task, request.Text) is { } answer
                ? sample with { Spans = answer.In(request.Text), Labels = answer.Labels }
                : Answers.Abstain(sample, "not_in_file"));
        }

        return ValueTask.FromResult<IReadOnlyList<LabelledSample>>(samples);
    }
}
