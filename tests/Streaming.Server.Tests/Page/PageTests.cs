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
        Assert.Equal(20, browser.Web.FindElements(By.CssSelector(".card")).Count);

        var box = browser.Wait("#q");
        box.SendKeys("breakfast" + Keys.Enter);
        browser.WaitUntil(() => browser.Web.Url.Contains("q=breakfast", StringComparison.Ordinal) && browser.Web.FindElements(By.CssSelector("mark.match")).Count > 0, "highlights");
        Assert.All(browser.Web.FindElements(By.CssSelector("mark.match")), m => Assert.Equal("breakfast", m.Text));
        browser.Screenshot("search");

        browser.Click("a[data-facet='sentiment'][data-value='positive']");
        browser.WaitUntil(() => browser.Web.Url.Contains("sentiment=positive", StringComparison.Ordinal), "the filter in the address");
        Assert.Equal("true", browser.Wait("a[data-facet='sentiment'][data-value='positive']").GetAttribute("aria-pressed"));
        Assert.Equal("positive", browser.Web.SwitchTo().ActiveElement().GetAttribute("data-value"));
        browser.Screenshot("facet");

        browser.Click(".card-link");
        browser.Wait(".document-text mark.entity");
        var text = (string)browser.Web.ExecuteScript("return document.querySelector('.document-text').textContent")!;
        Assert.Equal(Review, text);
        Assert.Equal(["ORG", "LOC", "PER", "LOC"], browser.Web.FindElements(By.CssSelector(".document-text mark.entity.last")).Select(m => m.GetAttribute("data-label")));
        Assert.Contains("hotels-7 1.0", browser.Wait(".lineage").GetAttribute("textContent"), StringComparison.Ordinal);
        browser.Screenshot("document");

        browser.Web.Navigate().Back();
        browser.Wait("mark.match");
        browser.Web.Navigate().Back();
        browser.WaitUntil(() => !browser.Web.Url.Contains("sentiment", StringComparison.Ordinal), "the filter to go");
        browser.Web.Navigate().Back();
        browser.WaitUntil(() => browser.Web.FindElement(By.Id("q")).GetAttribute("value") == "", "an empty box");
        Assert.Empty(browser.Errors());
    }

    [BrowserFact]
    public async Task Page_Paging_GoesOnAndComesBack()
    {
        await using var server = await RunningServer.StartAsync(Documents());
        using var browser = new Browser();
        browser.Web.Navigate().GoToUrl(server.Address);
        var first = browser.Wait(".card-link").GetAttribute("data-document");
        browser.Click("a[rel=next]");
        browser.WaitUntil(() => browser.Wait(".card-link").GetAttribute("data-document") != first, "the second page");
        browser.Click("a[rel=prev]");
        browser.WaitUntil(() => browser.Wait(".card-link").GetAttribute("data-document") == first, "the first page");
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
            browser.WaitUntil(() => browser.Web.FindElements(By.CssSelector(".card")).Count == 20 && (page == 0 || browser.Web.FindElement(By.CssSelector(".paging .muted")).Text == $"Page {page + 1}"), "a page of them");
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
            Assert.Contains("Nothing matches", browser.Wait(".state").Text, StringComparison.Ordinal);
            browser.Web.Navigate().GoToUrl(new Uri(server.Address, "/?document=nope"));
            browser.WaitUntil(() => browser.Wait(".state").Text.Contains("document_not_found", StringComparison.Ordinal), "the code");
            server.Index.Fault = new Streaming.Core.DependencyUnavailableException("index_unavailable", "The index is away.");
            browser.Web.Navigate().GoToUrl(server.Address);
            browser.WaitUntil(() => browser.Wait(".state[role=alert]").Text.Contains("The index is away.", StringComparison.Ordinal), "the reason");
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
        browser.Web.FindElement(By.TagName("body")).SendKeys("/");
        Assert.Equal("q", browser.Web.SwitchTo().ActiveElement().GetAttribute("id"));
        browser.Wait(".card-link").SendKeys(Keys.Enter);
        browser.Wait(".document-text");
        browser.Web.FindElement(By.TagName("body")).SendKeys(Keys.Escape);
        browser.Wait(".hits");
        Assert.Equal("20", browser.Web.ExecuteScript("return String(document.querySelectorAll('.card').length)"));
        Assert.Contains("documents found", browser.Web.FindElement(By.Id("announcer")).GetAttribute("textContent"), StringComparison.Ordinal);
    }

    [BrowserFact]
    public async Task Page_NameBegun_IsCompletedAndBecomesAFilter()
    {
        await using var server = await RunningServer.StartAsync(Documents());
        using var browser = new Browser();
        browser.Web.Navigate().GoToUrl(server.Address);
        var box = browser.Wait("#q");
        box.SendKeys("vie");
        browser.WaitUntil(() => browser.Web.FindElements(By.CssSelector("#suggestions option")).Count > 0, "a suggestion");

        // A browser puts the option's value into the box when it is chosen from its own list.
        browser.Web.ExecuteScript("const q = document.getElementById('q'); q.value = document.querySelector('#suggestions option').value; q.dispatchEvent(new Event('input', { bubbles: true }));");
        browser.WaitUntil(() => browser.Web.Url.Contains("entity=LOC%3AVienna", StringComparison.Ordinal), "the filter in the address");
        Assert.Equal("", browser.Web.FindElement(By.Id("q")).GetAttribute("value"));
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
        Assert.Equal("8", browser.Wait("#progress-bar").GetAttribute("value"));
        Assert.Contains("9", browser.Wait("#progress-figures").Text, StringComparison.Ordinal);
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
