using Streaming.Cli.CommandLine;

namespace Streaming.Cli.Benchmarks;

/// <summary>Takes away what a measurement made in Elasticsearch.</summary>
internal static class OwnIndex
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Makes everything written so far searchable.</summary>
    public static async Task RefreshAsync(Uri url, string alias, CancellationToken cancellationToken)
    {
        using var http = new HttpClient { BaseAddress = url, Timeout = Patience };
        using var answer = await http.PostAsync($"{alias}/_refresh", null, cancellationToken);
    }

    /// <summary>Deletes the index behind an alias, and its template; says so when that fails.</summary>
    public static async Task DeleteAsync(CliContext context, Uri url, string alias)
    {
        using var http = new HttpClient { BaseAddress = url, Timeout = Patience };
        try
        {
            using var index = await http.DeleteAsync($"{alias}-000001");
            using var template = await http.DeleteAsync($"_index_template/streaming-{alias}");
        }
        catch (Exception error) when (error is HttpRequestException or OperationCanceledException)
        {
            context.Say($"warning elasticsearch_index_left: the index {alias}-000001 could not be deleted: {error.Message}");
        }
    }
}
