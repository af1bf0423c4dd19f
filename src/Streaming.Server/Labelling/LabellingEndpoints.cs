using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Streaming.Contracts;
using Streaming.Core;
using Streaming.Core.Labelling;
using Streaming.Learning.Labelling;
using Streaming.Learning.Selection;
using Streaming.Server.Http;

namespace Streaming.Server.Labelling;

/// <summary><c>/v1/labelling/…</c>: what people label, and what they said.</summary>
internal static class LabellingEndpoints
{
    private const int MaxBody = 4 * 1024 * 1024;
    private const int MaxSpans = 10_000;
    private const int PageSize = 10_000;

    public static void Map(IEndpointRouteBuilder routes, ServerOptions options, ServerParts parts)
    {
        var limit = Math.Min(options.MaxRequestBytes, MaxBody);
        routes.MapGet("/v1/labelling/queue", async Task<IResult> (string? labeller, string? request, int? size, CancellationToken token) =>
                Results.Json(await QueueAsync(parts, Name(labeller), request, Math.Clamp(size ?? 20, 1, 100), token).ConfigureAwait(false), ServerJson.Wire.LabellingQueue))
            .WithName("labelling-queue").WithSummary("What a person is to label, the most important first").Produces<LabellingQueue>().ProducesProblem(400).ProducesProblem(503);
        routes.MapPost("/v1/labelling/samples", async Task<IResult> (HttpContext context) =>
                Results.Json(await AnswerAsync(parts, await BodyAsync(context, limit, ServerJson.Wire.LabellingAnswer).ConfigureAwait(false), context.RequestAborted).ConfigureAwait(false), ServerJson.Wire.LabellingResult))
            .WithName("labelling-answer").WithSummary("Stores what a person says about a text").Accepts<LabellingAnswer>("application/json").Produces<LabellingResult>().ProducesProblem(400).ProducesProblem(503);
        routes.MapPost("/v1/labelling/undo", async Task<IResult> (HttpContext context) =>
                Results.Json(await UndoAsync(parts, await BodyAsync(context, limit, ServerJson.Wire.LabellingTarget).ConfigureAwait(false), context.RequestAborted).ConfigureAwait(false), ServerJson.Wire.LabellingResult))
            .WithName("labelling-undo").WithSummary("Takes a person's answer back").Accepts<LabellingTarget>("application/json").Produces<LabellingResult>().ProducesProblem(400).ProducesProblem(503);
        routes.MapPost("/v1/labelling/reports", async Task<IResult> (HttpContext context) =>
                Results.Json(await ReportAsync(parts, await BodyAsync(context, limit, ServerJson.Wire.LabellingTarget).ConfigureAwait(false), context.RequestAborted).ConfigureAwait(false), ServerJson.Wire.LabellingResult))
            .WithName("labelling-report").WithSummary("Says that a document's annotations are wrong: it goes to the head of the queue").Accepts<LabellingTarget>("application/json").Produces<LabellingResult>().ProducesProblem(400).ProducesProblem(404).ProducesProblem(503);
        routes.MapGet("/v1/labelling/agreement", async Task<IResult> (CancellationToken token) =>
                Results.Json(await AgreementAsync(parts, token).ConfigureAwait(false), ServerJson.Wire.AgreementReport))
            .WithName("labelling-agreement").WithSummary("How far people agree, and where they do not").Produces<AgreementReport>().ProducesProblem(503);
        routes.MapGet("/v1/labelling/export", async Task<IResult> (HttpContext context) =>
            {
                await ExportAsync(parts, context).ConfigureAwait(false);
                return Results.Empty;
            })
            .WithName("labelling-export").WithSummary("Every labelled sample, as JSON lines").Produces(200, contentType: "application/x-ndjson").ProducesProblem(503);
    }

    private static ISampleStore Store(ServerParts parts) => parts.Samples ?? throw Unavailable.Part("sample store");

    private static async ValueTask<LabellingQueue> QueueAsync(ServerParts parts, string labeller, string? request, int size, CancellationToken token)
    {
        var store = Store(parts);
        var requests = request is null
            ? (await store.ListRequestsAsync(new RequestQuery { UnansweredBy = labeller, ByPriority = true, Size = size }, token).ConfigureAwait(false)).Select(static stored => stored.Request)
            : await store.FindRequestAsync(request, token).ConfigureAwait(false) is { } found ? [found] : [];
        var items = new List<LabellingItem>();
        foreach (var one in requests)
        {
            // The second annotator must not see what the first one said.
            var answers = await AnswersAsync(store, one.Id, token).ConfigureAwait(false);
            items.Add(new LabellingItem(one, [.. answers.Where(sample => sample.Labeller == labeller)]));
        }

        return new LabellingQueue(items, parts.Labels.ToDictionary(static pair => pair.Key.ToName(), static pair => pair.Value));
    }

    private static async ValueTask<LabellingResult> AnswerAsync(ServerParts parts, LabellingAnswer answer, CancellationToken token)
    {
        var store = Store(parts);
        var labeller = Name(answer.Labeller);
        var request = await FindAsync(store, answer.RequestId, token).ConfigureAwait(false);
        var samples = new List<LabelledSample>();
        foreach (var said in answer.Tasks ?? [])
        {
            if (!request.Tasks.Contains(said.Task) || samples.Exists(sample => sample.Task == said.Task))
                throw Invalid($"the request does not ask for {said.Task.ToName()}, or it is answered twice");
            var sample = Sample(parts, request, said.Task, labeller) with
            {
                Adjudicated = answer.Adjudicated,
                Spans = answer.Rejected ? [] : [.. (said.Spans ?? []).Distinct().OrderBy(static span => span.Start).ThenByDescending(static span => span.End)],
                Labels = answer.Rejected ? [] : said.Labels ?? [],
                Validity = answer.Rejected ? SampleValidity.Rejected : SampleValidity.Valid,
                Reason = answer.Rejected ? "rejected_by_person" : null,
            };
            Check(parts, sample);
            samples.Add(sample);
        }

        if (samples.Count == 0)
            throw Invalid("there is no answer in it");
        return new LabellingResult(request.Id, await store.AddSamplesAsync(samples, token).ConfigureAwait(false));
    }

    private static void Check(ServerParts parts, LabelledSample sample)
    {
        if (sample.Spans.Count > MaxSpans)
            throw Invalid($"it has more than {MaxSpans} spans");
        if (LabelMessages.Problem(sample) is { } problem)
            throw Invalid(problem);
        if (parts.Labels.TryGetValue(sample.Task, out var known) && sample.Spans.Select(static span => span.Label).Concat(sample.Labels).FirstOrDefault(label => !known.Contains(label)) is { } unknown)
            throw Invalid($"'{(unknown.Length > 40 ? unknown[..40] : unknown)}' is no label of this task; there are {string.Join(", ", known)}");
    }

    private static async ValueTask<LabellingResult> UndoAsync(ServerParts parts, LabellingTarget target, CancellationToken token)
    {
        var store = Store(parts);
        var labeller = Name(target.Labeller);
        var request = await FindAsync(store, target.RequestId, token).ConfigureAwait(false);
        var ids = request.Tasks.Select(task => LabelledSample.IdOf(request.Id, task, LabellerKind.Person, labeller)).ToList();
        return new LabellingResult(request.Id, await store.RemoveSamplesAsync(ids, token).ConfigureAwait(false));
    }

    private static async ValueTask<LabellingResult> ReportAsync(ServerParts parts, LabellingTarget target, CancellationToken token)
    {
        var store = Store(parts);
        var search = parts.Search ?? throw Unavailable.Part("index");
        if (string.IsNullOrEmpty(target.DocumentId) || await search.GetAsync(target.DocumentId, token).ConfigureAwait(false) is not { } document)
            throw Invalid("there is no document of that id");
        var request = new LabelRequest
        {
            Id = "reported-" + SampleSelector.IdOf(document.Lineage.Topology, document),
            DocumentId = document.Id,
            Text = document.Text,
            Tasks = parts.Labels.Count > 0 ? [.. parts.Labels.Keys.Order()] : [LabelTask.Entities],
            Guess = new LabelGuess { Entities = document.Entities, Topics = document.Topics, Sentiment = document.Sentiment, Aspects = document.Aspects },
            Reasons = [new SelectionReason(SelectionReason.Reported)],
            Priority = 1,
            Source = document.Source,
            Language = document.Language,
            Topology = document.Lineage.Topology,
            Model = document.Lineage.Model,
            ModelVersion = document.Lineage.ModelVersion,
            RequestedAt = parts.Time.GetUtcNow(),
        };
        return new LabellingResult(request.Id, await store.AddRequestsAsync([request], token).ConfigureAwait(false));
    }

    private static async ValueTask<AgreementReport> AgreementAsync(ServerParts parts, CancellationToken token)
    {
        var store = Store(parts);
        var people = new List<LabelledSample>();
        for (long after = 0; ;)
        {
            var page = await store.ListSamplesAsync(new SampleQuery { Kind = LabellerKind.Person, AfterSequence = after, Size = PageSize }, token).ConfigureAwait(false);
            people.AddRange(page.Select(static stored => stored.Sample));
            if (page.Count < PageSize)
                break;
            after = page[^1].Sequence;
        }

        var items = new List<LabellingItem>();
        foreach (var group in people.GroupBy(static sample => sample.RequestId))
        {
            var open = group.GroupBy(static sample => sample.Task)
                .Any(static task => !task.Any(static sample => sample.Adjudicated) && task.Any(sample => !AnnotatorAgreement.SaysTheSame(sample, task.First())));
            if (open && items.Count < 100 && await store.FindRequestAsync(group.Key, token).ConfigureAwait(false) is { } request)
                items.Add(new LabellingItem(request, [.. group]));
        }

        return new AgreementReport(AnnotatorAgreement.Of(people), items);
    }

    private static async Task ExportAsync(ServerParts parts, HttpContext context)
    {
        var store = Store(parts);
        context.Response.ContentType = "application/x-ndjson";
        context.Response.Headers.ContentDisposition = "attachment; filename=\"labelled-samples.jsonl\"";
        for (long after = 0; ;)
        {
            var page = await store.ListSamplesAsync(new SampleQuery { AfterSequence = after, Size = 1_000 }, context.RequestAborted).ConfigureAwait(false);
            foreach (var (sequence, sample) in page)
            {
                await context.Response.BodyWriter.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(sample, ContractsJson.Wire.LabelledSample), context.RequestAborted).ConfigureAwait(false);
                await context.Response.BodyWriter.WriteAsync("\n"u8.ToArray(), context.RequestAborted).ConfigureAwait(false);
                after = sequence;
            }

            if (page.Count == 0)
                return;
        }
    }

    private static LabelledSample Sample(ServerParts parts, LabelRequest request, LabelTask task, string labeller) =>
        Answers.To(request, task, LabellerKind.Person, labeller, parts.Time);

    private static async ValueTask<IReadOnlyList<LabelledSample>> AnswersAsync(ISampleStore store, string request, CancellationToken token) =>
        [.. (await store.ListSamplesAsync(new SampleQuery { RequestId = request, Kind = LabellerKind.Person, Size = 1_000 }, token).ConfigureAwait(false)).Select(static stored => stored.Sample)];

    private static async ValueTask<LabelRequest> FindAsync(ISampleStore store, string? id, CancellationToken token) =>
        string.IsNullOrEmpty(id) || await store.FindRequestAsync(id, token).ConfigureAwait(false) is not { } request ? throw Invalid("there is no request of that id") : request;

    private static string Name(string? labeller) =>
        labeller is { Length: > 0 and <= 64 } && labeller.All(static c => char.IsLetterOrDigit(c) || c is '.' or '_' or '-')
            ? labeller
            : throw Invalid("labeller must be 1 to 64 letters, digits, dots, dashes or underscores: the name of the person who labels");

    private static async ValueTask<T> BodyAsync<T>(HttpContext context, long limit, JsonTypeInfo<T> type)
    {
        var body = await RequestBody.ReadAsync(context.Request, limit, context.RequestAborted).ConfigureAwait(false);
        if (RequestBody.MediaType(context.Request) != "application/json")
            throw RequestBody.Unsupported(RequestBody.MediaType(context.Request), "application/json");
        try
        {
            return JsonSerializer.Deserialize(body.Span, type) ?? throw Invalid("the body is null");
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new StreamingException(ErrorCodes.MalformedJson, "the body is not the JSON that was expected; see /openapi/v1.json");
        }
    }

    private static StreamingException Invalid(string what) => new(ErrorCodes.InvalidField, what);
}
