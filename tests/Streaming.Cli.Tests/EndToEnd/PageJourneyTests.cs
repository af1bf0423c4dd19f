using OpenQA.Selenium;
using Streaming.Testing.Browsers;

namespace Streaming.Cli.Tests.EndToEnd;

/// <summary>What a newcomer does on the demo's page, in a real browser against the real process.</summary>
[Collection(EndToEndGroup.Name)]
public sealed class PageJourneyTests
{
    [JourneyFact]
    public async Task Demo_SearchFacetAndDocument_ShowWhatTheModelFound()
    {
        using var data = new DataFolderOfTest();
        await using var demo = ProductProcess.Start(["demo", "--data", data.Path, "--port", "0"]);
        var address = DemoTests.AddressIn(await demo.SaysAsync("http://"));
        using var browser = new Browser(width: 1280, height: 800);
        // While it still loads: figures and facets move, nothing may stick out.
        browser.Web.Navigate().GoToUrl(address);
        browser.Wait(".card");
        browser.Screenshot("journey-loading");
        NothingSticksOut(browser);
        await demo.SaysAsync("texts enriched");

        browser.Web.Navigate().Refresh();
        browser.Wait(".card");
        browser.Screenshot("journey-start");
        browser.Press("#q", "staff" + Keys.Enter);
        browser.WaitUntil(() => browser.Count("mark.match") > 0, "highlights");
        browser.Screenshot("journey-search");
        NothingSticksOut(browser);
        Assert.All(browser.Texts("mark.match"), static text => Assert.Equal("staff", text, ignoreCase: true));

        browser.Click("a[data-facet='sentiment'][data-value='positive']");
        browser.WaitUntil(() => browser.Web.Url.Contains("sentiment=positive", StringComparison.Ordinal) && browser.Count("mark.match") > 0, "the facet");
        browser.Screenshot("journey-facet");

        browser.Web.Navigate().GoToUrl(new Uri(address, "/?q=school"));
        browser.Wait("mark.match");
        browser.Screenshot("journey-readme");
        browser.Web.Navigate().GoToUrl(new Uri(address, "/?entity=LOC"));
        browser.Click(".card-link");
        browser.Wait(".document-text mark.entity");
        browser.Screenshot("journey-document");
        NothingSticksOut(browser);
        Assert.Contains("LOC", browser.Attributes(".document-text mark.entity.last", "data-label"));
        Assert.Contains("starter", (string)browser.Web.ExecuteScript("return document.querySelector('.lineage').textContent")!, StringComparison.Ordinal);
        Assert.Empty(browser.Errors());
        demo.Terminate();
        (await demo.EndAsync()).Ended(0);
    }

    private static void NothingSticksOut(Browser browser)
    {
        Assert.True((bool)browser.Web.ExecuteScript("return document.documentElement.scrollWidth <= innerWidth")!, "the page scrolls sideways");
        Assert.Equal("", browser.Web.ExecuteScript(
            """
            const parts = '.facet-text, .facet-kind, .facet-count';
            return [...document.querySelectorAll('a[data-facet]')].filter(link => {
              const right = link.getBoundingClientRect().right;
              return right > link.closest('.facets').getBoundingClientRect().right + 10 || [...link.querySelectorAll(parts)].some(part => part.getBoundingClientRect().right > right);
            }).map(link => link.textContent).join('; ');
            """));
    }
}

/// <summary>Needs the product, the bundle and a browser; skipped, with the reason, where one is missing.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class JourneyFactAttribute : FactAttribute
{
    public JourneyFactAttribute() => Skip = Product.NoModelBecause ?? Browser.MissingBecause;
}
