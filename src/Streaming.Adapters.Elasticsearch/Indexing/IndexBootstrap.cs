using System.Text.Json;
using Streaming.Adapters.Elasticsearch.Http;
using Streaming.Core;
using Streaming.Core.Telemetry;

namespace Streaming.Adapters.Elasticsearch.Indexing;

/// <summary>Looks at the cluster before anything is written and makes what is missing: template, first index, write alias.</summary>
internal sealed class IndexBootstrap(ElasticsearchClient client, ElasticsearchOptions options)
{
    private static readonly Version Oldest = new(7, 10);
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(500);

    /// <summary>Which product answers; known after <see cref="CheckAsync"/>.</summary>
    public string Product { get; private set; } = "";

    /// <summary>Its version.</summary>
    public Version? ProductVersion { get; private set; }

    /// <summary>Checks product, version and credentials.</summary>
    /// <exception cref="StreamingException">
    /// <c>elasticsearch_unreachable</c>, <c>elasticsearch_certificate_untrusted</c>, <c>elasticsearch_authentication_failed</c>, <c>elasticsearch_wrong_product</c>, <c>elasticsearch_too_old</c>.
    /// </exception>
    public async Task CheckAsync(CancellationToken cancellationToken)
    {
        var begin = options.Time.GetTimestamp();
        while (true)
        {
            string why;
            try
            {
                var left = options.StartTimeout - options.Time.GetElapsedTime(begin);
                using var answer = await client.SendAsync(
                    HttpMethod.Get, "", null, "", null, left > TimeSpan.FromSeconds(1) ? left : TimeSpan.FromSeconds(1), cancellationToken).ConfigureAwait(false);
                if (answer.Status is not (429 or 502 or 503 or 504))
                {
                    Identify(answer);
                    return;
                }

                why = $"it answers {answer.Status}";
            }
            catch (NoAnswerException e) when (e.IsUntrusted)
            {
                throw new StreamingException(
                    "elasticsearch_certificate_untrusted",
                    $"No trusted TLS connection to Elasticsearch comes about ({e.Message}). Name the authority that signed its certificate in the topology's sink.ca_file, and a host that it is made out to in sink.url; or http:// where it speaks no TLS.",
                    ExitCode.Usage,
                    e);
            }
            catch (NoAnswerException e)
            {
                why = e.Message;
            }

            if (options.Time.GetElapsedTime(begin) + Between >= options.StartTimeout)
            {
                throw new DependencyUnavailableException(
                    "elasticsearch_unreachable",
                    $"No Elasticsearch answers at {client.Where} ({why}). Start it or mend the address (STREAMING_ELASTICSEARCH_URL or the topology's sink.url).");
            }

            await Task.Delay(Between, options.Time, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Makes template, first index and alias where they are missing, and checks the mapping of what is there.</summary>
    /// <exception cref="StreamingException"><c>elasticsearch_alias_is_index</c>, <c>elasticsearch_mapping_conflict</c>, <c>elasticsearch_refused</c>.</exception>
    public async Task EnsureAsync(CancellationToken cancellationToken)
    {
        using (var template = await AskAsync(HttpMethod.Put, $"_index_template/streaming-{options.Alias}", IndexMapping.Template(options), cancellationToken).ConfigureAwait(false))
            ExpectSuccess(template, $"the index template streaming-{options.Alias}");

        using (var alias = await AskAsync(HttpMethod.Get, $"_alias/{options.Alias}", null, cancellationToken).ConfigureAwait(false))
        {
            if (alias.Status == 404)
            {
                await CreateFirstAsync(cancellationToken).ConfigureAwait(false);
                return;
            }

            ExpectSuccess(alias, $"the alias {options.Alias}");
        }

        // Adding what is there already changes nothing; anything else is a conflict the server explains.
        using var mapping = await AskAsync(HttpMethod.Put, $"{options.Alias}/_mapping?write_index_only=true", IndexMapping.MappingJson, cancellationToken).ConfigureAwait(false);
        if (mapping.Status == 400)
        {
            throw new StreamingException(
                "elasticsearch_mapping_conflict",
                $"The index behind alias {options.Alias} has another mapping: {Reason(mapping)}. Use another sink.index, or roll over to a new index and reindex.");
        }

        ExpectSuccess(mapping, $"the mapping of {options.Alias}");
    }

    /// <summary>Indices behind the alias, the write index last.</summary>
    public async Task<IReadOnlyList<string>> IndicesAsync(CancellationToken cancellationToken)
    {
        using var answer = await AskAsync(HttpMethod.Get, $"_alias/{options.Alias}", null, cancellationToken).ConfigureAwait(false);
        if (answer.Status == 404)
            return [];
        ExpectSuccess(answer, $"the alias {options.Alias}");
        using var document = JsonDocument.Parse(answer.BodyMemory);
        var names = new List<(string Name, bool IsWrite)>();
        foreach (var index in document.RootElement.EnumerateObject())
        {
            var isWrite = index.Value.GetProperty("aliases").GetProperty(options.Alias).TryGetProperty("is_write_index", out var write) && write.GetBoolean();
            names.Add((index.Name, isWrite));
        }

        names.Sort((a, b) => a.IsWrite != b.IsWrite ? a.IsWrite.CompareTo(b.IsWrite) : string.CompareOrdinal(a.Name, b.Name));
        return names.ConvertAll(n => n.Name);
    }

    internal static string Reason(Answer answer)
    {
        try
        {
            using var document = JsonDocument.Parse(answer.BodyMemory);
            if (document.RootElement.TryGetProperty("error", out var error))
            {
                if (error.ValueKind == JsonValueKind.Object && error.TryGetProperty("reason", out var reason) && reason.ValueKind == JsonValueKind.String)
                    return reason.GetString()!;
                if (error.ValueKind == JsonValueKind.String)
                    return error.GetString()!;
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Not JSON: a gateway's page. The status says enough.
        }

        return $"status {answer.Status}";
    }

    private async Task CreateFirstAsync(CancellationToken cancellationToken)
    {
        using (var taken = await AskAsync(HttpMethod.Head, options.Alias, null, cancellationToken).ConfigureAwait(false))
        {
            if (taken.IsSuccess)
            {
                // An alias is found by that name too: another process may have made it meanwhile.
                using var alias = await AskAsync(HttpMethod.Get, $"_alias/{options.Alias}", null, cancellationToken).ConfigureAwait(false);
                if (alias.IsSuccess)
                    return;
                throw new StreamingException(
                    "elasticsearch_alias_is_index",
                    $"{options.Alias} is an index, not an alias. Choose another sink.index, or move that index aside and give its data the alias.");
            }
        }

        var body = $$"""{"aliases":{"{{options.Alias}}":{"is_write_index":true} } }""";
        using var created = await AskAsync(HttpMethod.Put, $"{options.Alias}-000001", body, cancellationToken).ConfigureAwait(false);
        // Another process was quicker: as good.
        if (created.ErrorType() is "resource_already_exists_exception")
            return;
        ExpectSuccess(created, $"the index {options.Alias}-000001");
        options.OnNotice?.Invoke(new Notice(NoticeLevel.Information, "elasticsearch_index_created", $"Created index {options.Alias}-000001 with write alias {options.Alias}."));
    }

    private async Task<Answer> AskAsync(HttpMethod method, string path, string? json, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var answer = await client.SendAsync(method, path, json, cancellationToken).ConfigureAwait(false);
                if (answer.Status is not (429 or 502 or 503 or 504) || attempt == 5)
                    return answer;
                answer.Dispose();
            }
            catch (NoAnswerException e) when (attempt == 5)
            {
                throw new DependencyUnavailableException("elasticsearch_unreachable", $"No Elasticsearch answers at {client.Where} ({e.Message}).", e);
            }
            catch (NoAnswerException)
            {
                // Tried again below.
            }

            await Task.Delay(Between, options.Time, cancellationToken).ConfigureAwait(false);
        }
    }

    private void Identify(Answer answer)
    {
        if (answer.Status is 401 or 403)
        {
            throw new StreamingException(
                "elasticsearch_authentication_failed",
                $"{client.Where} refuses the credentials (status {answer.Status}). Mend sink.api_key, or sink.username and sink.password.");
        }

        string? number = null, distribution = null, tagline = null;
        try
        {
            using var document = JsonDocument.Parse(answer.BodyMemory);
            if (document.RootElement.TryGetProperty("version", out var version))
            {
                number = version.TryGetProperty("number", out var n) ? n.GetString() : null;
                distribution = version.TryGetProperty("distribution", out var d) ? d.GetString() : null;
            }

            tagline = document.RootElement.TryGetProperty("tagline", out var t) ? t.GetString() : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Not this API at all; told below.
        }

        var openSearch = distribution == "opensearch";
        var elastic = answer.IsElastic || tagline == "You Know, for Search";
        if (number is null || (!openSearch && !elastic))
        {
            throw new StreamingException(
                "elasticsearch_wrong_product",
                $"{client.Where} answers, but not as Elasticsearch or OpenSearch (status {answer.Status}). Mend the address (STREAMING_ELASTICSEARCH_URL or the topology's sink.url).");
        }

        Product = openSearch ? "opensearch" : "elasticsearch";
        var dash = number.IndexOf('-');
        _ = Version.TryParse(dash < 0 ? number : number[..dash], out var parsed);
        ProductVersion = parsed;
        if (!openSearch && (parsed is null || parsed < Oldest))
            throw new StreamingException("elasticsearch_too_old", $"{client.Where} is Elasticsearch {number}; {Oldest} or newer, or OpenSearch, is needed. Upgrade it, or mend the address (STREAMING_ELASTICSEARCH_URL or the topology's sink.url).");
    }

    private void ExpectSuccess(Answer answer, string what)
    {
        if (answer.IsSuccess)
            return;
        if (answer.Status is 401 or 403)
            throw new StreamingException("elasticsearch_not_authorized", $"{client.Where} does not allow {what} to be read or made ({Reason(answer)}). The credentials need the rights manage_index_templates on the cluster and all on {options.Alias}*.");
        if (answer.Status is 429 or >= 500)
            throw new DependencyUnavailableException("elasticsearch_unreachable", $"{client.Where} cannot serve {what} now (status {answer.Status}).");
        throw new StreamingException("elasticsearch_refused", $"{client.Where} refuses {what}: {Reason(answer)}.", ExitCode.CheckFailed);
    }
}
