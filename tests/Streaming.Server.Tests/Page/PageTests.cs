using System.Globalization;
using OpenQA.Selenium;
using Streaming.Contracts;
using Streaming.Server.Tests.Fakes;
using Streaming.Testing.Browsers;
using Streaming.Testing.Fakes;

namespace Streaming.Server.Tests.Page;

public sealed class PageTests
{
    private const string Review = "The staff at the Grand Hotel Vienna were wonderful, but the breakfast was cold, wrote Maria Gruber in Vienna 😀 last week.";

    [BrowserFact]
    public async Task Page_SearchFacetDocumentAndBack_FollowTheAddress()
    {
        await using var server = await RunningServer.StartAsync(Documents());
        using var browser = new Browser();
        browser.Web.Navigate().GoToUrl(server.Address);
        browser.Wait(".hits");
        browser.Screenshot("start");
        Assert.Equal(20, browser.Count(".card"));

        browser.Press("#q", "breakfast" + Keys.Enter);
        browser.WaitUntil(() => browser.Web.Url.Contains("q=breakfast", StringComparison.Ordinal) && browser.Count("mark.match") > 0, "highlights");
        Assert.All(browser.Texts("mark.match"), static text => Assert.Equal("breakfast", text));
        browser.Screenshot("search");

        browser.Click("a[data-facet='sentiment'][data-value='positive']");
        browser.WaitUntil(() => browser.Web.Url.Contains("sentiment=positive", StringComparison.Ordinal), "the filter in the address");
        browser.WaitUntil(() => browser.Attribute("a[data-facet='sentiment'][data-value='positive']", "aria-pressed") == "true", "the filter to be pressed");
        browser.WaitUntil(() => (string?)browser.Web.ExecuteScript("return document.activeElement.dataset.value") == "positive", "the filter to keep the focus");
        browser.Screenshot("facet");

        browser.Click(".card-link");
        browser.Wait(".document-text mark.entity");
        var text = (string)browser.Web.ExecuteScript("return document.querySelector('.document-text').textContent")!;
        Assert.Equal(Review, text);
        Assert.Equal(["ORG", "LOC", "PER", "LOC"], browser.Attributes(".document-text mark.entity.last", "data-label"));
        Assert.Contains("hotels-7 1.0", (string)browser.Web.ExecuteScript("return document.querySelector('.lineage').textContent")!, StringComparison.Ordinal);
        browser.Screenshot("document");

        browser.Web.Navigate().Back();
        browser.Wait("mark.match");
        browser.Web.Navigate().Back();
        browser.WaitUntil(() => !browser.Web.Url.Contains("sentiment", StringComparison.Ordinal), "the filter to go");
        browser.Web.Navigate().Back();
        browser.WaitUntil(() => (string?)browser.Web.ExecuteScript("return document.getElementById('q').value") == "", "an empty box");
        Assert.Empty(browser.Errors());
    }

    [BrowserFact]
    public async Task Page_Paging_GoesOnAndComesBack()
    {
        await using var server = await RunningServer.StartAsync(Documents());
        using var browser = new Browser();
        browser.Web.Navigate().GoToUrl(server.Address);
        var first = browser.Attribute(".card-link", "data-document");
        browser.Click("a[rel=next]");
        browser.WaitUntil(() => browser.Attribute(".card-link", "data-document") != first, "the second page");
        browser.Click("a[rel=prev]");
        browser.WaitUntil(() => browser.Attribute(".card-link", "data-document") == first, "the first page");
        Assert.Empty(browser.Errors());
    }

    [BrowserFact]
    public async Task Page_HostileTexts_StayText()
    {
        var documents = HostileTexts.All.Select((text, i) => Make.Document(
            "x" + i.ToString(CultureInfo.InvariantCulture) + text, "storm " + text, [new("<b>" + text, text, 6, 6 + text.Length, 0.9), new("PER", text, 6, 6 + text.Length, 0.9)], text, text,
            [new(text, 6, 6 + text.Length, text, 0.5)], text, i)).ToList();
        await using var server = await RunningServer.StartAsync(documents);
        using var browser = new Browser();
        browser.Web.Navigate().GoToUrl(server.Address);
        browser.Web.ExecuteScript("window.ran = 0; window.pwned = () => { window.ran += 1; };");
        for (var page = 0; page < 3; page++)
        {
            if (page > 0)
                browser.Click("a[rel=next]");
            browser.WaitUntil(() => browser.Count(".card") == 20 && (page == 0 || browser.Text(".paging .muted") == $"Page {page + 1}"), "a page of them");
        }

        foreach (var document in documents)
        {
            browser.Web.ExecuteScript("history.pushState(null, '', '/?q=storm&document=' + encodeURIComponent(arguments[0])); dispatchEvent(new PopStateEvent('popstate'));", document.Id);
            browser.WaitUntil(() => (string?)browser.Web.ExecuteScript("return document.querySelector('.document-text')?.textContent ?? ''") == document.Text, "the document " + document.Id);
        }

        Assert.Equal(0L, browser.Web.ExecuteScript("return window.ran"));
        Assert.Equal(0L, browser.Web.ExecuteScript("return document.querySelectorAll('#content script, #content img, #content iframe, #content style, #trap, [onload], [onerror], [ontoggle], a[href^=\"javascript\"]').length"));
        Assert.Empty(browser.Errors());
    }

    [BrowserFact]
    public async Task Page_InlineScript_IsRefusedByThePolicy()
    {
        await using var server = await RunningServer.StartAsync();
        using var browser = new Browser();
        browser.Web.Navigate().GoToUrl(server.Address);
        browser.Wait(".hits");
        // Were the page ever to paste markup, the policy is the second wall: strings are no markup, inline scripts do not run.
        Assert.Equal("TypeError", browser.Web.ExecuteScript("try { document.body.innerHTML = '<img src=x onerror=alert(1)>'; return 'pasted'; } catch (error) { return error.name; }"));
        browser.Web.ExecuteScript("const s = document.createElement('script'); try { s.textContent = 'window.inline = 1'; document.head.append(s); } catch { /* refused earlier still */ }");
        Assert.Null(browser.Web.ExecuteScript("return window.inline ?? null"));
    }

    [BrowserFact]
    public async Task Page_NothingFoundAndServerAway_SaySo()
    {
        var server = await RunningServer.StartAsync();
        await using (server)
        {
            using var browser = new Browser();
            browser.Web.Navigate().GoToUrl(new Uri(server.Address, "/?q=zzzz"));
            browser.WaitUntil(() => browser.Text(".state").Contains("Nothing matches", StringComparison.Ordinal), "that nothing matches");
            browser.Web.Navigate().GoToUrl(new Uri(server.Address, "/?document=nope"));
            browser.WaitUntil(() => browser.Text(".state").Contains("document_not_found", StringComparison.Ordinal), "the code");
            server.Index.Fault = new Streaming.Core.DependencyUnavailableException("index_unavailable", "The index is away.");
            browser.Web.Navigate().GoToUrl(server.Address);
            browser.WaitUntil(() => browser.Text(".state[role=alert]").Contains("The index is away.", StringComparison.Ordinal), "the reason");
            server.Index.Fault = null;
            browser.Click(".state button");
            browser.Wait(".hits");
        }
    }

    [BrowserFact]
    public async Task Page_Keyboard_ReachesTheBoxTheResultsAndBack()
    {
        await using var server = await RunningServer.StartAsync(Documents());
        using var browser = new Browser();
        browser.Web.Navigate().GoToUrl(server.Address);
        browser.Wait(".hits");
        browser.Press("body", "/");
        browser.WaitUntil(() => (string?)browser.Web.ExecuteScript("return document.activeElement.id") == "q", "the box to have the focus");
        browser.Press(".card-link", Keys.Enter);
        browser.Wait(".document-text");
        browser.Press("body", Keys.Escape);
        browser.Wait(".hits");
        Assert.Equal(20, browser.Count(".card"));
        browser.WaitUntil(() => browser.Text("#announcer").Contains("documents found", StringComparison.Ordinal), "the number of documents to be told");
    }

    [BrowserFact]
    public async Task Page_NameBegun_IsCompletedAndBecomesAFilter()
    {
        await using var server = await RunningServer.StartAsync(Documents());
        using var browser = new Browser();
        browser.Web.Navigate().GoToUrl(server.Address);
        browser.Press("#q", "vie");
        browser.WaitUntil(() => browser.Count("#suggestions option") > 0, "a suggestion");

        // A browser puts the option's value into the box when it is chosen from its own list.
        browser.Web.ExecuteScript("const q = document.getElementById('q'); q.value = document.querySelector('#suggestions option').value; q.dispatchEvent(new Event('input', { bubbles: true }));");
        browser.WaitUntil(() => browser.Web.Url.Contains("entity=LOC%3AVienna", StringComparison.Ordinal), "the filter in the address");
        Assert.Equal("", browser.Web.ExecuteScript("return document.getElementById('q').value"));
        Assert.Empty(browser.Errors());
    }

    [BrowserFact]
    public async Task Page_PhoneWidth_NeedsNoSidewaysScrolling()
    {
        await using var server = await RunningServer.StartAsync(Documents());
        using var browser = new Browser(width: 375, height: 780, dark: true);
        foreach (var path in new[] { "/", "/?q=breakfast&sentiment=positive", "/?document=hotel%2F1", "/?view=try" })
        {
            browser.Web.Navigate().GoToUrl(new Uri(server.Address, path));
            browser.Wait(path.Contains("document", StringComparison.Ordinal) || path.Contains("try", StringComparison.Ordinal) ? ".document-text" : ".card");
            Assert.True((bool)browser.Web.ExecuteScript("return document.documentElement.scrollWidth <= innerWidth")!, path);
            browser.Screenshot("phone-" + path.Length.ToString(CultureInfo.InvariantCulture));
        }
    }

    [BrowserFact]
    public async Task Page_RunningPipeline_ShowsProgress()
    {
        await using var server = await RunningServer.StartAsync();
        using var browser = new Browser();
        browser.Web.Navigate().GoToUrl(server.Address);
        browser.WaitUntil(() => browser.Wait("#progress").Displayed, "the progress strip");
        Assert.Equal("8", browser.Attribute("#progress-bar", "value"));
        Assert.Contains("9", browser.Text("#progress-figures"), StringComparison.Ordinal);
        server.Operations.Status = server.Operations.Status with { Live = null };
        browser.WaitUntil(() => !browser.Wait("#progress").Displayed, "the strip to go");
    }

    private static List<EnrichedDocument> Documents()
    {
        string[] sources = ["reviews", "news", "forum"];
        string[] sentiments = ["positive", "negative", "neutral"];
        string[] texts =
        [
            "Angela Merkel opened the new harbour in Hamburg on Tuesday, the port authority said.",
            "My parcel never arrived and Contoso support in Dublin does not answer the phone.",
            "How do I change the language of my account? The settings page in Berlin mode is confusing.",
            "Ada Lovelace and Charles Babbage met in London; the Royal Society kept their letters.",
        ];
        var documents = new List<EnrichedDocument>();
        for (var i = 0; i < 45; i++)
        {
            var text = texts[i % texts.Length];
            IReadOnlyList<EntityAnnotation> entities = (i % texts.Length) switch
            {
                0 => [Make.Entity(text, "PER", "Angela Merkel"), Make.Entity(text, "LOC", "Hamburg")],
                1 => [Make.Entity(text, "ORG", "Contoso"), Make.Entity(text, "LOC", "Dublin")],
                2 => [Make.Entity(text, "LOC", "Berlin")],
                _ => [Make.Entity(text, "PER", "Ada Lovelace"), Make.Entity(text, "PER", "Charles Babbage"), Make.Entity(text, "LOC", "London"), Make.Entity(text, "ORG", "Royal Society")],
            };
            IReadOnlyList<AspectAnnotation> aspects = i % texts.Length == 1 ? [Make.Aspect(text, "support", "negative")] : [];
            documents.Add(Make.Document("doc-" + Make.Number(i), text, entities, i % 4 == 0 ? "politics" : i % 4 == 1 ? "shopping" : i % 4 == 2 ? "account" : "science", sentiments[i % 3], aspects, sources[i % 3], i, i));
        }

        var review = Make.Document("hotel/1", Review,
            [Make.Entity(Review, "ORG", "Grand Hotel Vienna"), new("LOC", "Vienna", 29, 35, 0.61), Make.Entity(Review, "PER", "Maria Gruber"), new("LOC", "Vienna", Review.LastIndexOf("Vienna", StringComparison.Ordinal), Review.LastIndexOf("Vienna", StringComparison.Ordinal) + 6, 0.97)],
            "travel", "positive", [Make.Aspect(Review, "staff", "positive"), Make.Aspect(Review, "breakfast", "negative"), Make.Aspect(Review, "staff at the Grand Hotel", "positive")], "reviews", 60, 60);
        documents.Add(review with { Lineage = review.Lineage with { Model = "hotels-7", ModelVersion = "1.0" } });
        documents.Add(Make.Document("hotel/2", "No breakfast at all, and the lift of the hotel was broken.", [], "travel", "negative", null, "reviews", 59, 61));
        return documents;
    }
}
