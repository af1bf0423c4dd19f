using OpenQA.Selenium;
using Streaming.Server.Tests.Fakes;
using Streaming.Testing.Browsers;

namespace Streaming.Server.Tests.Page;

public sealed class QualityPageTests
{
    [BrowserFact]
    public async Task Quality_Decisions_AreMarkedOnTheCurve()
    {
        await using var server = await RunningServer.StartAsync();
        using var browser = new Browser();
        browser.Web.Navigate().GoToUrl(new Uri(server.Address, "/?view=quality"));

        browser.Wait(".chart svg");
        browser.Screenshot("quality");

        Assert.Equal(["decision promoted", "decision refused"], browser.Web.FindElements(By.CssSelector(".chart circle")).Select(static c => c.GetAttribute("class")));
        Assert.Equal(3, browser.Web.FindElements(By.CssSelector(".quality tbody tr")).Count);
        Assert.Contains("<b>reason</b> 3", browser.Web.FindElement(By.CssSelector(".quality tbody")).Text, StringComparison.Ordinal);
        Assert.Empty(browser.Errors());
    }
}
