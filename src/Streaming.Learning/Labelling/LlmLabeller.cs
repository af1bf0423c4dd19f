using System.Security.Cryptography;
using System.Text;
using Streaming.Contracts;
using Streaming.Core;
using Streaming.Core.Labelling;

namespace Streaming.Learning.Labelling;

/// <summary>
/// Labels texts with a language model. The text is data to it: between delimiters that nobody can know beforehand, with a canary that
/// no honest reply repeats; what comes back is held against a schema, mended once, then given up; only what stands in the text is kept.
/// </summary>
public sealed class LlmLabeller : ILabeller, IDisposable
{
    private readonly IChatModel _model;
    private readonly PromptFile _prompt;
    private readonly LlmLabellerOptions _options;
    private readonly IExampleSource? _examples;
    private readonly IReplyCache? _cache;
    private readonly TimeProvider _time;
    private readonly PaidChat _chat;

    /// <param name="model">The model.</param>
    /// <param name="prompt">What it is asked.</param>
    /// <param name="options">Labels, votes, money.</param>
    /// <param name="ledger">Keeps the caps; needed where anything has a price.</param>
    /// <param name="cache">Remembers replies; null: nothing does.</param>
    /// <param name="examples">Gives labelled examples; null: none.</param>
    /// <param name="time">Clock and timers.</param>
    public LlmLabeller(
        IChatModel model, PromptFile prompt, LlmLabellerOptions options, ISpendLedger? ledger, IReplyCache? cache, IExampleSource? examples, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.IsPaid && ledger is null)
            throw new ArgumentException("A model with a price needs a ledger.", nameof(ledger));
        (_model, _prompt, _options, _cache, _examples, _time) = (model, prompt, options, cache, examples, time);
        _chat = new PaidChat(model, options, ledger, time);
    }

    /// <inheritdoc/>
    public string Name => _model.Name;

    /// <inheritdoc/>
    public LabellerKind Kind => LabellerKind.Llm;

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<LabelledSample>> LabelAsync(LabelRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        var samples = new List<LabelledSample>();
        foreach (var task in request.Tasks)
        {
            if (_options.Labels.TryGetValue(task, out var labels) && labels.Count > 0)
                samples.Add(await LabelAsync(request, task, labels, cancellationToken).ConfigureAwait(false));
        }

        return samples;
    }

    /// <inheritdoc/>
    public void Dispose() => _chat.Dispose();

    private async ValueTask<LabelledSample> LabelAsync(LabelRequest request, LabelTask task, IReadOnlyList<string> labels, CancellationToken cancellationToken)
    {
        var examples = _examples is null ? [] : await _examples.ForAsync(task, request.Text, cancellationToken).ConfigureAwait(false);
        var asking = new Asking(request, task, labels, examples);
        var replies = new List<ReadReply>();
        string? error = null;
        for (var vote = 0; vote < _options.Votes; vote++)
        {
            var reply = await AskAsync(asking, vote, cancellationToken).ConfigureAwait(false);
            if (reply.Error is null)
                replies.Add(reply);
            else
                error = reply.Error;
            if (error is SpentOnDocument)
                break;
        }

        var sample = Answers.To(request, task, Kind, Name, _time) with
        {
            PromptVersion = _prompt.Version,
            Votes = _options.Votes,
            Cost = asking.Cost,
            InputTokens = asking.InputTokens,
            OutputTokens = asking.OutputTokens,
        };
        if (2 * replies.Count <= _options.Votes)
            return Answers.Abstain(sample, error!);
        return task is LabelTask.Entities or LabelTask.Aspects ? Spans(sample, replies) : Labels(sample, replies);
    }

    private static LabelledSample Spans(LabelledSample sample, List<ReadReply> replies)
    {
        var aligned = replies.ConvertAll(reply => SurfaceAligner.Align(sample.Text, reply.Mentions));
        sample = sample with
        {
            Mentions = aligned.Sum(static one => one.Mentions),
            Hallucinated = aligned.Sum(static one => one.Hallucinated),
            Discontinuous = aligned.Sum(static one => one.Discontinuous),
        };
        if (replies.Count == 1)
            return sample with { Spans = aligned[0].Spans };
        var (spans, agreement) = VoteCounter.Spans(aligned.ConvertAll(static one => one.Spans));
        return sample with { Spans = spans, Agreement = agreement };
    }

    private static LabelledSample Labels(LabelledSample sample, List<ReadReply> replies)
    {
        if (replies.Count == 1)
            return sample with { Labels = replies[0].Labels };
        var (labels, agreement) = VoteCounter.Labels(replies.ConvertAll(static reply => reply.Labels));
        return labels.Count == 0 ? Answers.Abstain(sample, "no_majority") with { Agreement = 0 } : sample with { Labels = labels, Agreement = agreement };
    }

    private const string SpentOnDocument = "document_cap";
    private const string CanaryLeak = "canary_leak";

    /// <summary>One answer: from the cache, or else from the model, with one repair.</summary>
    private async ValueTask<ReadReply> AskAsync(Asking asking, int vote, CancellationToken cancellationToken)
    {
        var key = KeyOf(asking, vote);
        if (_cache is not null && await _cache.FindAsync(key, cancellationToken).ConfigureAwait(false) is { } kept)
            return ReplyReader.Read(asking.Task, asking.Labels, kept);
        var guard = PromptGuard.Draw();
        var messages = new List<ChatMessage>
        {
            new(ChatRole.System, _prompt.Fill("system", ("{begin}", guard.Begin), ("{end}", guard.End), ("{canary}", guard.Canary))),
            new(ChatRole.User, _prompt.Fill(
                asking.Task.ToName(), ("{labels}", string.Join(", ", asking.Labels)), ("{examples}", PromptExamples.Write(asking.Examples, guard)),
                ("{document}", guard.Wrap(asking.Request.Text)))),
        };
        for (var repair = false; ; repair = true)
        {
            string text;
            try
            {
                var answer = await _chat.CompleteAsync(
                    asking.Request.DocumentId,
                    new ChatRequest { Messages = messages, Temperature = _options.Temperature, MaxOutputTokens = _options.MaxOutputTokens }, cancellationToken).ConfigureAwait(false);
                if (answer is not { } paid)
                    return ReadReply.Wrong(SpentOnDocument, "");
                asking.Add(paid.Reply, paid.Cost);
                text = paid.Reply.Text;
            }
            catch (ChatCallException refused) when (refused.Kind == ChatFailure.Refused)
            {
                return ReadReply.Wrong(refused.Code, "");
            }

            // A reply that knows the canary does what the document says, not what it was asked: nothing in it is believed.
            if (guard.IsIn(text))
                return ReadReply.Wrong(CanaryLeak, "");
            var read = ReplyReader.Read(asking.Task, asking.Labels, text);
            if (read.Error is null)
            {
                if (_cache is not null)
                    await _cache.KeepAsync(key, text, CancellationToken.None).ConfigureAwait(false);
                return read;
            }

            if (repair)
                return read;
            messages.Add(new ChatMessage(ChatRole.Assistant, text.Length > 4_000 ? text[..4_000] : text));
            messages.Add(new ChatMessage(ChatRole.User, _prompt.Fill("repair", ("{problem}", read.Problem!))));
        }
    }

    private string KeyOf(Asking asking, int vote)
    {
        var about = string.Join('\0',
            [
                _model.Name, _prompt.Version, asking.Task.ToString(), string.Join(',', asking.Labels), _options.Temperature.ToString(System.Globalization.CultureInfo.InvariantCulture),
                vote.ToString(System.Globalization.CultureInfo.InvariantCulture), .. asking.Examples.Select(static example => example.Id), asking.Request.Text,
            ]);
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(about)));
    }

    /// <summary>What is asked about one text, and what it has cost so far.</summary>
    private sealed class Asking(LabelRequest request, LabelTask task, IReadOnlyList<string> labels, IReadOnlyList<LabelledSample> examples)
    {
        public LabelRequest Request => request;

        public LabelTask Task => task;

        public IReadOnlyList<string> Labels => labels;

        public IReadOnlyList<LabelledSample> Examples => examples;

        public double Cost { get; private set; }

        public int InputTokens { get; private set; }

        public int OutputTokens { get; private set; }

        public void Add(ChatReply reply, double cost)
        {
            Cost += cost;
            InputTokens += Math.Max(0, reply.InputTokens ?? 0);
            OutputTokens += Math.Max(0, reply.OutputTokens ?? 0);
        }
    }
}
