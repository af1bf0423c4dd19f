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

        Assert.Equal(["decision promoted", "decision refused"], browser.Attributes(".chart circle", "class"));
        Assert.Equal(3, browser.Count(".quality tbody tr"));
        Assert.Contains("<b>reason</b> 3", browser.Text(".quality tbody"), StringComparison.Ordinal);
        Assert.Empty(browser.Errors());
    }
}
