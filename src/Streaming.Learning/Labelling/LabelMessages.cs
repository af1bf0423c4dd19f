using System.Text.Json;
using Streaming.Contracts;
using Streaming.Core.Engine;
using Streaming.Core.Messaging;

namespace Streaming.Learning.Labelling;

/// <summary>Reads requests and samples off a topic: what others write there is checked, and a bad one is data, not an exception.</summary>
public static class LabelMessages
{
    private const string Stage = "label";

    /// <summary>A request, or why it is none.</summary>
    public static StageOutcome<LabelRequest> ReadRequest(SourceMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        var read = Read(message, ContractsJson.Wire.LabelRequest);
        if (!read.IsSuccess)
            return read.Failure;
        var request = read.Value;
        if (string.IsNullOrEmpty(request.Id) || string.IsNullOrEmpty(request.DocumentId) || request.Text is null || request.Topology is null || request.Tasks is null or { Count: 0 })
            return Invalid("id, document_id, text, topology or tasks is missing");

        // Lists that are not required come as null when they are absent.
        return request with
        {
            Tasks = [.. request.Tasks.Distinct()],
            Uncertainty = request.Uncertainty ?? [],
            Reasons = request.Reasons ?? [],
            Guess = request.Guess is { } guess
                ? guess with { Entities = guess.Entities ?? [], Topics = guess.Topics ?? [], Aspects = guess.Aspects ?? [] }
                : new LabelGuess(),
        };
    }

    /// <summary>A sample, or why it is none: spans must lie in the text, and a valid sample of a whole text has a label.</summary>
    public static StageOutcome<LabelledSample> ReadSample(SourceMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        var read = Read(message, ContractsJson.Wire.LabelledSample);
        if (!read.IsSuccess)
            return read.Failure;
        var sample = read.Value with { Spans = read.Value.Spans ?? [], Labels = read.Value.Labels ?? [], Votes = Math.Max(1, read.Value.Votes) };
        if (string.IsNullOrEmpty(sample.Id) || string.IsNullOrEmpty(sample.RequestId) || string.IsNullOrEmpty(sample.DocumentId) || sample.Text is null || string.IsNullOrEmpty(sample.Labeller) || sample.Topology is null)
            return Invalid("id, request_id, document_id, text, labeller or topology is missing");
        if (Problem(sample) is { } problem)
            return Invalid(problem);
        return sample;
    }

    /// <summary>What is wrong with a sample's labels, or null.</summary>
    public static string? Problem(LabelledSample sample)
    {
        ArgumentNullException.ThrowIfNull(sample);
        foreach (var span in sample.Spans)
        {
            if (span.Start < 0 || span.End <= span.Start || span.End > sample.Text.Length || string.IsNullOrEmpty(span.Label))
                return "a span does not lie in the text, or has no label";
        }

        var ofText = sample.Task is LabelTask.Topics or LabelTask.Sentiment;
        if (ofText ? sample.Spans.Count > 0 : sample.Labels.Count > 0)
            return "it has spans where labels belong, or labels where spans belong";
        if (sample.Labels.Any(string.IsNullOrEmpty))
            return "a label is empty";
        return ofText && sample.Validity == SampleValidity.Valid && (sample.Labels.Count == 0 || (sample.Task == LabelTask.Sentiment && sample.Labels.Count > 1))
            ? "a valid sample needs a label, and sentiment just one"
            : null;
    }

    private static StageOutcome<T> Read<T>(SourceMessage message, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
        where T : class
    {
        if (message.Value is not { } value)
            return Invalid("it has no value");
        try
        {
            return JsonSerializer.Deserialize(value.Span, type) is { } read ? read : Invalid("it is null");
        }
        catch (JsonException)
        {
            return new StageFailure(Stage, ErrorCodes.MalformedJson, "it is not the JSON that schemas/label-request.v1.json or labelled-sample.v1.json describe");
        }
    }

    private static StageFailure Invalid(string what) => new(Stage, ErrorCodes.InvalidField, what);
}
