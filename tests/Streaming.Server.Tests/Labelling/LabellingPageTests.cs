using OpenQA.Selenium.Interactions;
using Streaming.Contracts;
using Streaming.Server.Tests.Fakes;
using Streaming.Testing.Browsers;
using Streaming.Testing.Conformance;
using Streaming.Testing.Fakes;

namespace Streaming.Server.Tests.Labelling;

public sealed class LabellingPageTests
{
    private const string Text = "Maria Gruber of Lonely Planet liked the soup in Vienna \U0001F600, not the long wait in Graz.";

    private static readonly CancellationToken None = CancellationToken.None;

    [BrowserFact]
    public async Task Page_ByKeyboardAlone_AcceptsCorrectsRejectsAndUndoes()
    {
        await using var server = await RunningServer.StartAsync();
        await server.Samples.AddRequestsAsync([Request("first", 0.9), Request("second", 0.5), Request("third", 0.1)], None);
        using var browser = new Browser();
        Open(browser, server, "anna");
        browser.WaitUntil(() => Labels(browser).SequenceEqual(["PER", "LOC"]), "the model's guess");
        Assert.Contains("confidence 0.91", browser.Attribute(".label-text mark.span", "title"), StringComparison.Ordinal);
        browser.Screenshot("label");

        // First: three words on, two words taken, "ORG"; the wrong one off.
        Keys(browser, OpenQA.Selenium.Keys.ArrowRight, OpenQA.Selenium.Keys.ArrowRight, OpenQA.Selenium.Keys.ArrowRight, OpenQA.Selenium.Keys.ArrowRight);
        Keys(browser, OpenQA.Selenium.Keys.Shift + OpenQA.Selenium.Keys.ArrowRight);
        Keys(browser, "3");
        browser.WaitUntil(() => Labels(browser).SequenceEqual(["PER", "ORG", "LOC"]), "the third span");
        browser.Screenshot("label-corrected");
        Keys(browser, "t", "1", OpenQA.Selenium.Keys.Enter);
        browser.WaitUntil(() => Title(browser) == "doc-second", "the second text");
        Keys(browser, "r");
        browser.WaitUntil(() => Title(browser) == "doc-third", "the third text");
        Keys(browser, "u");
        browser.WaitUntil(() => Title(browser) == "doc-second", "the second text again");
        Keys(browser, "a");
        browser.WaitUntil(() => Title(browser) == "doc-third", "the third text");

        var samples = (await server.Samples.ListSamplesAsync(new(), None)).Select(stored => stored.Sample).ToList();
        var entities = samples.Single(sample => sample is { RequestId: "first", Task: LabelTask.Entities });
        Assert.Equal(["Maria Gruber", "Lonely Planet", "Vienna"], entities.Spans.Select(span => Text[span.Start..span.End]));
        Assert.Equal("negative", Assert.Single(samples.Single(sample => sample is { RequestId: "first", Task: LabelTask.Sentiment }).Labels));
        Assert.All(samples.Where(sample => sample.RequestId == "second"), sample => Assert.Equal(SampleValidity.Valid, sample.Validity));
        Assert.Equal("positive", Assert.Single(samples.Single(sample => sample is { RequestId: "second", Task: LabelTask.Sentiment }).Labels));
        Assert.Empty(browser.Errors());
    }

    [BrowserFact]
    public async Task Page_ByMouse_DragDoubleClickAndRemove()
    {
        await using var server = await RunningServer.StartAsync();
        await server.Samples.AddRequestsAsync([Request("only", 0.9)], None);
        using var browser = new Browser();
        Open(browser, server, "anna");

        Select(browser, "Lonely", "Planet");
        browser.Click(".choice[data-label=ORG]");
        browser.WaitUntil(() => Labels(browser).SequenceEqual(["PER", "ORG", "LOC"]), "what was dragged over");
        var place = browser.Web.ExecuteScript("const r = document.createRange(), t = document.querySelector('.label-text'), w = document.createTreeWalker(t, 4); while (w.nextNode()) { const i = w.currentNode.data.indexOf('Graz'); if (i >= 0) { r.setStart(w.currentNode, i); r.setEnd(w.currentNode, i + 4); const b = r.getBoundingClientRect(); return [Math.round(b.x + b.width / 2), Math.round(b.y + b.height / 2)]; } }");
        var (x, y) = place is IReadOnlyList<object> at ? (Convert.ToInt32(at[0], null), Convert.ToInt32(at[1], null)) : (0, 0);
        new Actions(browser.Web).MoveToLocation(x, y).DoubleClick().Perform();
        browser.Wait(".cursor");
        browser.Click(".choice[data-label=LOC]");
        browser.WaitUntil(() => Labels(browser).SequenceEqual(["PER", "ORG", "LOC", "LOC"]), "what was double-clicked");
        browser.Click("#spans .remove");
        browser.Click("#accept");
        browser.Wait(".state");

        var spans = (await server.Samples.ListSamplesAsync(new() { Task = LabelTask.Entities }, None)).Single().Sample.Spans;
        Assert.Equal(["Lonely Planet:ORG", "Vienna:LOC", "Graz:LOC"], spans.Select(span => $"{Text[span.Start..span.End]}:{span.Label}"));
        Assert.Empty(browser.Errors());
    }

    [BrowserFact]
    public async Task Page_TwoPeopleDisagree_AThirdDecides()
    {
        await using var server = await RunningServer.StartAsync();
        await server.Samples.AddRequestsAsync([Request("only", 0.9)], None);
        foreach (var (name, span) in new[] { ("anna", new SampleSpan(0, 12, "PER")), ("ben", new SampleSpan(0, 5, "PER")) })
        {
            await server.Samples.AddSamplesAsync(
                [
                    SampleStoreConformance.Sample("only", LabellerKind.Person, name) with { Text = Text, Spans = [span] },
                    SampleStoreConformance.Sample("only", LabellerKind.Person, name) with { Id = name, Task = LabelTask.Sentiment, Text = Text, Spans = [], Labels = ["positive"] },
                ],
                None);
        }

        using var browser = new Browser();
        Open(browser, server, "carla", "/label?view=agreement");
        browser.Wait(".agreement-table");
        browser.Screenshot("label-agreement");
        browser.Click(".decide");
        browser.Click("[data-take=ben]");
        browser.WaitUntil(() => browser.Text("#spans li span") == "Maria", "ben's answer");
        browser.Screenshot("label-adjudication");
        browser.Click("#accept");
        browser.WaitUntil(() => browser.Count(".decide") == 0 && browser.Count(".agreement-table") == 1, "nothing to decide");

        var decided = (await server.Samples.ListSamplesAsync(new() { Task = LabelTask.Entities }, None)).Select(stored => stored.Sample).Single(sample => sample.Adjudicated);
        Assert.Equal(("carla", 5), (decided.Labeller, decided.Spans[0].End));
        Assert.Empty(browser.Errors());
    }

    [BrowserFact]
    public async Task SearchPage_ThisIsWrong_OpensTheDocumentForCorrection()
    {
        await using var server = await RunningServer.StartAsync();
        using var browser = new Browser();
        browser.Web.Navigate().GoToUrl(server.Address);
        browser.Web.ExecuteScript("localStorage.setItem('streaming-labeller', 'anna')");
        var id = browser.Attribute(".card-link", "data-document");
        browser.Click(".card-link");
        browser.Click("#wrong");

        browser.WaitUntil(() => browser.Web.Url.Contains("/label?request=", StringComparison.Ordinal) && Title(browser) == id, "the document on the labelling page");
        Assert.Equal("reported", browser.Attribute("[data-reason]", "data-reason"));
        Assert.Empty(browser.Errors());
    }

    [BrowserFact]
    public async Task Page_HostileTexts_StayText()
    {
        await using var server = await RunningServer.StartAsync();
        await server.Samples.AddRequestsAsync([.. Tests.Page.HostileTexts.All.Select((text, i) => SampleStoreConformance.Request($"h{i}", text: "storm " + text) with
        {
            DocumentId = $"{i} {text}", Source = text, Guess = new LabelGuess { Entities = [new(text, text, 0, 5, 0.5)] },
        })], None);
        using var browser = new Browser();
        Open(browser, server, "anna");
        browser.Web.ExecuteScript("window.ran = 0; window.pwned = () => { window.ran += 1; };");
        for (var i = 0; i < 20; i++)
        {
            browser.Wait(".label-text");
            Keys(browser, "s");
        }

        Assert.Equal(0L, browser.Web.ExecuteScript("return window.ran"));
        Assert.Equal(0L, browser.Web.ExecuteScript("return document.querySelectorAll('.label-page script, .label-page img, .label-page iframe').length"));
    }

    private static void Open(Browser browser, RunningServer server, string name, string path = "/label")
    {
        browser.Web.Navigate().GoToUrl(new Uri(server.Address, path));
        browser.Press("#name", name + OpenQA.Selenium.Keys.Enter);
        browser.Wait(path == "/label" ? ".label-text" : ".label-card");
        browser.Web.ExecuteScript("document.activeElement.blur()");
    }

    private static void Keys(Browser browser, params string[] keys)
    {
        foreach (var key in keys)
            browser.Press("body", key);
    }

    // A drag as the browser reports it, from the middle of one word to that of another.
    private static void Select(Browser browser, string from, string to)
    {
        browser.Web.ExecuteScript(
            """
            const find = (word) => { const walk = document.createTreeWalker(document.querySelector('.label-text'), 4); while (walk.nextNode()) { const i = walk.currentNode.data.indexOf(word); if (i >= 0) return [walk.currentNode, i + 2]; } };
            const range = document.createRange(); range.setStart(...find(arguments[0])); range.setEnd(...find(arguments[1]));
            getSelection().removeAllRanges(); getSelection().addRange(range);
            document.querySelector('.label-text').dispatchEvent(new MouseEvent('mouseup', { bubbles: true }));
            """,
            from, to);
    }

    private static string Title(Browser browser) => browser.Texts(".label-head h1").FirstOrDefault() ?? "";

    private static IReadOnlyList<string> Labels(Browser browser) => browser.Attributes(".label-text mark.span.last", "data-label");

    private static LabelRequest Request(string id, double priority) => SampleStoreConformance.Request(id, priority, text: Text) with
    {
        Tasks = [LabelTask.Entities, LabelTask.Sentiment],
        Guess = new LabelGuess
        {
            Entities = [new("PER", "Maria Gruber", 0, 12, 0.91), new("LOC", "Vienna", 48, 54, 0.75)],
            Sentiment = new("positive", 0.6, [new("positive", 0.6), new("neutral", 0.3), new("negative", 0.1)]),
        },
    };
}
