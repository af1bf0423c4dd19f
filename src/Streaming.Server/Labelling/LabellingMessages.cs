using Streaming.Contracts;
using Streaming.Learning.Labelling;

namespace Streaming.Server.Labelling;

/// <summary>Answer of <c>GET /v1/labelling/queue</c>.</summary>
/// <param name="Items">What to label, the most important first.</param>
/// <param name="Labels">Labels of each task.</param>
public sealed record LabellingQueue(IReadOnlyList<LabellingItem> Items, IReadOnlyDictionary<string, IReadOnlyList<string>> Labels);

/// <summary>One text to label, with what people have said so far where the asker may know it.</summary>
/// <param name="Request">The request.</param>
/// <param name="Answers">Answers of people: one's own, or for adjudication everybody's.</param>
public sealed record LabellingItem(LabelRequest Request, IReadOnlyList<LabelledSample> Answers);

/// <summary>Body of <c>POST /v1/labelling/samples</c>.</summary>
public sealed record LabellingAnswer
{
    /// <summary>The request.</summary>
    public string? RequestId { get; init; }

    /// <summary>Who answers: 1–64 letters, digits, <c>.</c>, <c>_</c>, <c>-</c>.</summary>
    public string? Labeller { get; init; }

    /// <summary>True: the text is not to be learnt from.</summary>
    public bool Rejected { get; init; }

    /// <summary>True: decides between others.</summary>
    public bool Adjudicated { get; init; }

    /// <summary>An answer for each task.</summary>
    public IReadOnlyList<LabellingTaskAnswer>? Tasks { get; init; }
}

/// <summary>What a person says for one task.</summary>
/// <param name="Task">The task.</param>
/// <param name="Spans">Spans, for entities and aspects.</param>
/// <param name="Labels">Labels, for topics and sentiment.</param>
public sealed record LabellingTaskAnswer(LabelTask Task, IReadOnlyList<SampleSpan>? Spans, IReadOnlyList<string>? Labels);

/// <summary>Body of <c>POST /v1/labelling/undo</c> (request and labeller) and <c>/v1/labelling/reports</c> (document).</summary>
public sealed record LabellingTarget(string? RequestId, string? Labeller, string? DocumentId);

/// <summary>What was done.</summary>
/// <param name="RequestId">The request.</param>
/// <param name="Samples">Samples that were stored or taken back.</param>
public sealed record LabellingResult(string RequestId, int Samples);

/// <summary>Answer of <c>GET /v1/labelling/agreement</c>.</summary>
/// <param name="Pairs">Every two people, task by task.</param>
/// <param name="Disagreements">Texts that people label differently and nobody has decided.</param>
public sealed record AgreementReport(IReadOnlyList<AnnotatorAgreement> Pairs, IReadOnlyList<LabellingItem> Disagreements);
