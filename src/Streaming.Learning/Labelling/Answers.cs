using Streaming.Contracts;

namespace Streaming.Learning.Labelling;

/// <summary>Makes samples out of requests.</summary>
public static class Answers
{
    /// <summary>A valid sample without labels yet.</summary>
    /// <param name="request">What was asked.</param>
    /// <param name="task">The task that is answered.</param>
    /// <param name="kind">What kind of labeller answers.</param>
    /// <param name="labeller">Its name.</param>
    /// <param name="time">Says when.</param>
    public static LabelledSample To(LabelRequest request, LabelTask task, LabellerKind kind, string labeller, TimeProvider time) => new()
    {
        Id = LabelledSample.IdOf(request.Id, task, kind, labeller),
        RequestId = request.Id,
        DocumentId = request.DocumentId,
        Task = task,
        Text = request.Text,
        Validity = SampleValidity.Valid,
        Labeller = labeller,
        LabellerKind = kind,
        ControlSlice = request.ControlSlice,
        Source = request.Source,
        Language = request.Language,
        Topology = request.Topology,
        ModelVersion = request.ModelVersion,
        LabelledAt = time.GetUtcNow(),
    };

    /// <summary>The same, as an abstention.</summary>
    internal static LabelledSample Abstain(LabelledSample sample, string reason) => sample with { Validity = SampleValidity.Abstained, Reason = reason, Spans = [], Labels = [] };
}
