using System.ClientModel;
using System.ClientModel.Primitives;
using System.Globalization;
using System.Text.Json;
using OpenAI;
using OpenAI.Chat;
using Streaming.Core;
using Streaming.Learning.Labelling;

namespace Streaming.Adapters.Llm;

/// <summary>Any endpoint that speaks OpenAI's chat completions. One call is one attempt over a connection that follows no redirect and no proxy, to an address that the settings allow.</summary>
public sealed class OpenAiChatModel : IChatModel, IDisposable
{
    private const string NoKey = "none";

    private readonly OpenAiOptions _options;
    private readonly HttpClient _http;
    private readonly ChatClient _client;

    /// <param name="options">Where it is.</param>
    /// <exception cref="StreamingException"><c>llm_address_refused</c>: a public endpoint without https.</exception>
    public OpenAiChatModel(OpenAiOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Network == Core.Topology.LlmNetwork.Public && options.Url.Scheme != Uri.UriSchemeHttps)
            throw new StreamingException("llm_address_refused", $"The language model at {options.Url.Host} would be called without https. Use https, or set labelling.llm.network.");
        _options = options;
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            MaxResponseHeadersLength = 64,
            ConnectTimeout = TimeSpan.FromSeconds(15),
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            ConnectCallback = (context, token) => AddressRule.ConnectAsync(options.Network, context.DnsEndPoint, token),
        };
        _http = new HttpClient(new BoundedReplies(handler, options.MaxReplyBytes)) { Timeout = Timeout.InfiniteTimeSpan };
        _client = new ChatClient(options.Model, new ApiKeyCredential(options.ApiKey ?? NoKey), new OpenAIClientOptions
        {
            Endpoint = options.Url,
            Transport = new HttpClientPipelineTransport(_http),
            RetryPolicy = new ClientRetryPolicy(maxRetries: 0),
            NetworkTimeout = Timeout.InfiniteTimeSpan,
        });
    }

    /// <inheritdoc/>
    public string Name => _options.Model;

    /// <inheritdoc/>
    public async ValueTask<ChatReply> CompleteAsync(ChatRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(_options.Timeout);
        try
        {
            var result = await _client.CompleteChatAsync(
                request.Messages.Select(Message), new ChatCompletionOptions { Temperature = (float)request.Temperature, MaxOutputTokenCount = request.MaxOutputTokens }, patience.Token).ConfigureAwait(false);
            var completion = result.Value;
            var text = completion.Content is { Count: > 0 } parts ? string.Concat(parts.Select(static part => part.Text)) : "";
            if (!string.IsNullOrEmpty(completion.Refusal))
                text = "";
            return new ChatReply(text, Count(completion.Usage?.InputTokenCount), Count(completion.Usage?.OutputTokenCount), completion.FinishReason == ChatFinishReason.Length);
        }
        catch (ClientResultException error) when (error.Status != 0)
        {
            throw Refused(error);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ChatCallException("llm_timeout", $"The language model at {_options.Url.Host} did not answer within {_options.Timeout.TotalSeconds:0} s (labelling.llm.timeout).", ChatFailure.Transient, mayHaveCost: true);
        }
        catch (Exception error) when (error is not OperationCanceledException and not StreamingException)
        {
            throw Broken(error);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private static OpenAI.Chat.ChatMessage Message(Learning.Labelling.ChatMessage message) => message.Role switch
    {
        ChatRole.System => new SystemChatMessage(message.Text),
        ChatRole.Assistant => new AssistantChatMessage(message.Text),
        _ => new UserChatMessage(message.Text),
    };

    // Counts come from outside: what cannot be is taken for not said.
    private static int? Count(int? tokens) => tokens is > 0 and < 100_000_000 ? tokens : null;

    private ChatCallException Refused(ClientResultException error)
    {
        var host = _options.Url.Host;
        return error.Status switch
        {
            401 or 403 => new("llm_unauthorised", $"The language model at {host} refused the key (HTTP {error.Status}). Set the environment variable that labelling.llm.api_key_variable names.", ChatFailure.Setting),
            404 or 405 => new("llm_not_found", $"There is no model '{_options.Model}' at {_options.Url} (HTTP {error.Status}). See labelling.llm.url and model.", ChatFailure.Setting),
            >= 300 and < 400 => new("llm_redirect", $"The language model at {host} answers with a redirect, which is not followed. Set labelling.llm.url to where it leads.", ChatFailure.Setting),
            408 or 409 or 425 or 429 or >= 500 => new("llm_unavailable", $"The language model at {host} is overloaded or away (HTTP {error.Status}).", ChatFailure.Transient, RetryAfter(error.GetRawResponse()), mayHaveCost: error.Status >= 500),
            _ => new("llm_refused", $"The language model at {host} refused a text (HTTP {error.Status}).", ChatFailure.Refused),
        };
    }

    private ChatCallException Broken(Exception error)
    {
        for (Exception? cause = error; cause is not null; cause = cause.InnerException)
        {
            if (cause is AddressRefusedException)
                return new("llm_address_refused", $"{_options.Url.Host} has no address that labelling.llm.network allows. Set it to loopback or private if the endpoint is your own.", ChatFailure.Setting, innerException: error);
        }

        var isOfTheReply = error is JsonException or InvalidOperationException or FormatException or KeyNotFoundException or ArgumentException || error is HttpRequestException { HttpRequestError: HttpRequestError.ConfigurationLimitExceeded };
        return isOfTheReply
            ? new("llm_bad_reply", $"The language model at {_options.Url.Host} answered something that is no chat completion ({error.GetType().Name}).", ChatFailure.Transient, mayHaveCost: true, innerException: error)
            : new("llm_unavailable", $"The language model at {_options.Url.Host} cannot be reached ({error.GetType().Name}).", ChatFailure.Transient, mayHaveCost: true, innerException: error);
    }

    private static TimeSpan? RetryAfter(PipelineResponse? response)
    {
        if (response is null || !response.Headers.TryGetValue("Retry-After", out var value) || value is null)
            return null;
        if (double.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds) && seconds is >= 0 and < 86_400)
            return TimeSpan.FromSeconds(seconds);
        return DateTimeOffset.TryParse(value, CultureInfo.InvariantCulture, out var at) && response.Headers.TryGetValue("Date", out var date) && DateTimeOffset.TryParse(date, CultureInfo.InvariantCulture, out var now) && at > now
            ? at - now
            : null;
    }
}
