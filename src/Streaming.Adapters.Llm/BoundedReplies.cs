namespace Streaming.Adapters.Llm;

/// <summary>Reads each reply whole before anybody sees it, and gives up on one that is too large.</summary>
internal sealed class BoundedReplies(HttpMessageHandler inner, int maxBytes) : DelegatingHandler(inner)
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var response = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        try
        {
            await response.Content.LoadIntoBufferAsync(maxBytes, cancellationToken).ConfigureAwait(false);
            return response;
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }
}
