using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Streaming.Testing.Servers;

/// <summary>What a language model's endpoint was asked.</summary>
/// <param name="Number">From 1.</param>
/// <param name="Headers">Of the request.</param>
/// <param name="Body">The whole request.</param>
/// <param name="Messages">Role and text.</param>
public sealed record LlmQuestion(int Number, IReadOnlyDictionary<string, string> Headers, string Body, IReadOnlyList<(string Role, string Text)> Messages)
{
    /// <summary>What the product says.</summary>
    public string System => Messages[0].Text;

    /// <summary>The last thing said.</summary>
    public string Last => Messages[^1].Text;
}

/// <summary>How an endpoint misbehaves: row 28 of the fault table.</summary>
public enum LlmFault
{
    /// <summary>It does not.</summary>
    None,

    /// <summary>The connection ends without an answer.</summary>
    Down,

    /// <summary>No answer ever comes.</summary>
    Slow,

    /// <summary>HTTP 500.</summary>
    Error,

    /// <summary>HTTP 429 with Retry-After.</summary>
    RateLimited,

    /// <summary>HTTP 401.</summary>
    Unauthorised,

    /// <summary>HTTP 400.</summary>
    BadRequest,

    /// <summary>HTTP 302 to elsewhere.</summary>
    Redirect,

    /// <summary>A body that is not JSON.</summary>
    NotJson,

    /// <summary>A body that ends too early.</summary>
    Truncated,

    /// <summary>A body without end.</summary>
    Huge,

    /// <summary>No choice.</summary>
    NoChoices,

    /// <summary>No usage told, and an answer.</summary>
    NoUsage,
}

/// <summary>An endpoint that speaks OpenAI's chat completions, for tests: answers as told, and misbehaves on request.</summary>
public sealed class FakeLlm : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentBag<Task> _connections = [];
    private readonly Task _accepting;
    private int _questions;

    /// <summary>Starts it.</summary>
    public FakeLlm()
    {
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>Its address.</summary>
    public Uri Url => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/v1");

    /// <summary>The reply's text to a question.</summary>
    public Func<LlmQuestion, string> Reply { get; set; } = static _ => "{}";

    /// <summary>How the question with this number (from 1) fails.</summary>
    public Func<int, LlmFault> Fault { get; set; } = static _ => LlmFault.None;

    /// <summary>Tokens it says it used.</summary>
    public Func<LlmQuestion, string, (int Input, int Output)> Usage { get; set; } = static (question, reply) => (question.Body.Length / 4, Math.Max(1, reply.Length / 4));

    /// <summary>Everything it was asked.</summary>
    public ConcurrentQueue<LlmQuestion> Questions { get; } = new();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        await Task.WhenAll(_connections);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _connections.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                var stream = client.GetStream();
                var reader = PipeReader.Create(stream);
                while (await HttpWire.ReadAsync(reader, _stop.Token) is { } request)
                {
                    var question = Question(request);
                    Questions.Enqueue(question);
                    if (!await AnswerAsync(stream, question))
                        return;
                }
            }
            catch (Exception exception) when (exception is OperationCanceledException or IOException or SocketException)
            {
            }
        }
    }

    private async Task<bool> AnswerAsync(NetworkStream stream, LlmQuestion question)
    {
        var fault = Fault(question.Number);
        switch (fault)
        {
            case LlmFault.Down:
                return false;
            case LlmFault.Slow:
                await Task.Delay(Timeout.Infinite, _stop.Token);
                return false;
            case LlmFault.Huge:
                await stream.WriteAsync(Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n{\"id\":\""), _stop.Token);
                var block = Encoding.ASCII.GetBytes(new string('x', 64 * 1024));
                while (true)
                    await stream.WriteAsync(block, _stop.Token);
        }

        var body = Encoding.UTF8.GetBytes(fault switch
        {
            LlmFault.NotJson => "<html>Bad gateway</html>",
            LlmFault.NoChoices => """{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}""",
            LlmFault.Error or LlmFault.RateLimited or LlmFault.Unauthorised or LlmFault.BadRequest => """{"error":{"message":"no","type":"x","code":"x"}}""",
            LlmFault.Redirect => "",
            _ => Completion(question, fault),
        });
        var (status, headers) = fault switch
        {
            LlmFault.Error => (500, null),
            LlmFault.RateLimited => (429, "Retry-After: 7\r\n"),
            LlmFault.Unauthorised => (401, null),
            LlmFault.BadRequest => (400, null),
            LlmFault.Redirect => (302, "Location: http://127.0.0.1:9/elsewhere\r\n"),
            _ => (200, (string?)null),
        };
        await stream.WriteAsync(HttpWire.Answer(status, body, headers, fault == LlmFault.Truncated ? body.Length / 2 : null), _stop.Token);
        return fault != LlmFault.Truncated;
    }

    private string Completion(LlmQuestion question, LlmFault fault)
    {
        var reply = Reply(question);
        var (input, output) = Usage(question, reply);
        var text = JsonEncodedText.Encode(reply, JavaScriptEncoder.UnsafeRelaxedJsonEscaping);
        var usage = fault == LlmFault.NoUsage ? "" : $$""","usage":{"prompt_tokens":{{input}},"completion_tokens":{{output}},"total_tokens":{{input + output}}}""";
        return $$"""{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"{{text}}"},"finish_reason":"stop"}]{{usage}}}""";
    }

    private LlmQuestion Question(WireRequest request)
    {
        var body = Encoding.UTF8.GetString(request.Body);
        using var json = JsonDocument.Parse(body);
        var messages = json.RootElement.GetProperty("messages").EnumerateArray().Select(static message => (message.GetProperty("role").GetString()!, TextOf(message.GetProperty("content")))).ToList();
        return new LlmQuestion(Interlocked.Increment(ref _questions), request.Headers, body, messages);
    }

    private static string TextOf(JsonElement content) =>
        content.ValueKind == JsonValueKind.String ? content.GetString()! : string.Concat(content.EnumerateArray().Select(static part => part.GetProperty("text").GetString()));
}
