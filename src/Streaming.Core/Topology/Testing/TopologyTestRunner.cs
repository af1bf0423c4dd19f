using System.Globalization;
using Streaming.Contracts;

namespace Streaming.Core.Topology.Testing;

/// <summary>Runs the tests of a topology.</summary>
/// <param name="analyse">Takes a message's value through the topology: decode, filter, model. The same code that runs in earnest.</param>
public sealed class TopologyTestRunner(Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask<TopologyTestOutcome>> analyse)
{
    private const int MostShown = 12;

    /// <summary>Runs every test, one after the other.</summary>
    public async Task<IReadOnlyList<TopologyTestResult>> RunAsync(TopologyTestSuite suite, CancellationToken cancellationToken)
    {
        var results = new List<TopologyTestResult>(suite.Cases.Count);
        foreach (var test in suite.Cases)
        {
            var outcome = await analyse(test.Value, cancellationToken).ConfigureAwait(false);
            results.Add(new TopologyTestResult(test, Compare(test, outcome)));
        }

        return results;
    }

    private static List<string> Compare(TopologyTestCase test, TopologyTestOutcome outcome)
    {
        var failures = new List<string>();
        if (outcome.Verdict != test.Verdict)
        {
            var code = outcome.Code is null ? string.Empty : $" ({outcome.Code})";
            failures.Add($"expected it to be {Word(test.Verdict)}, but it was {Word(outcome.Verdict)}{code}.");
            return failures;
        }

        if (test.Code is not null && outcome.Code != test.Code)
        {
            failures.Add($"expected the code {test.Code}, but it was {outcome.Code ?? "none"}.");
        }

        if (outcome.Document is { } document)
        {
            CompareDocument(test, document, failures);
        }
        else if (outcome.Verdict == TopologyTestVerdict.Indexed)
        {
            throw new InvalidOperationException("A message was indexed without a document; this is a bug.");
        }

        return failures;
    }

    private static void CompareDocument(TopologyTestCase test, EnrichedDocument document, List<string> failures)
    {
        CompareItems("entities", test.Entities, document.Entities.Select(e => (e.Type, e.Text)).ToList(), failures);
        CompareItems("topics", test.Topics, document.Topics.Select(t => (t.Label, string.Empty)).ToList(), failures);
        CompareItems("aspects", test.Aspects, document.Aspects.Select(a => (a.Term, a.Sentiment)).ToList(), failures);
        if (test.Sentiment is not null && document.Sentiment?.Label != test.Sentiment)
        {
            var found = document.Sentiment is { } sentiment
                ? string.Create(CultureInfo.InvariantCulture, $"{sentiment.Label} ({sentiment.Confidence:0.00})")
                : "none";
            failures.Add($"expected the sentiment {test.Sentiment}, but it was {found}.");
        }

        if (test.Language is not null && document.Language != test.Language)
        {
            failures.Add($"expected the language {test.Language}, but it was {document.Language ?? "none"}.");
        }
    }

    private static void CompareItems(string what, IReadOnlyList<string>? expected, List<(string First, string Second)> found, List<string> failures)
    {
        if (expected is null)
        {
            return;
        }

        var shown = found.Count == 0
            ? "none"
            : string.Join(", ", found.Take(MostShown).Select(f => f.Second.Length == 0 ? f.First : $"{f.First}:{f.Second}")) + (found.Count > MostShown ? ", …" : string.Empty);
        if (expected.Count == 0 && found.Count > 0)
        {
            failures.Add($"expected no {what}, but found {shown}.");
        }

        foreach (var item in expected)
        {
            if (!found.Exists(f => Matches(item, f.First, f.Second)))
            {
                failures.Add($"expected {item} among the {what}, but found {shown}.");
            }
        }
    }

    // "A:b", "A" or ":b"; a colon inside the first part is tried as well, for terms that have one. Surfaces compare without regard to case.
    private static bool Matches(string item, string first, string second)
    {
        if (string.Equals(item, first, StringComparison.OrdinalIgnoreCase))
        {
            return true;
        }

        for (var colon = item.IndexOf(':'); colon >= 0; colon = item.IndexOf(':', colon + 1))
        {
            var left = item[..colon];
            var right = item[(colon + 1)..];
            if ((left.Length == 0 || string.Equals(left, first, StringComparison.OrdinalIgnoreCase))
                && string.Equals(right, second, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    private static string Word(TopologyTestVerdict verdict) => verdict switch
    {
        TopologyTestVerdict.DeadLettered => "dead-lettered",
        TopologyTestVerdict.Filtered => "filtered",
        _ => "indexed",
    };
}
