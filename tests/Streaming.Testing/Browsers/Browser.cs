using OpenQA.Selenium;
using OpenQA.Selenium.Chrome;

namespace Streaming.Testing.Browsers;

/// <summary>Headless Chromium with a profile of its own.</summary>
public sealed class Browser : IDisposable
{
    private static readonly string? Chromium = Find("chromium", "chromium-browser", "google-chrome");
    private static readonly string? Driver = Find("chromedriver");

    private readonly DirectoryInfo _profile = Directory.CreateTempSubdirectory("streaming-browser-");

    public Browser(int width = 1280, int height = 900, bool dark = false)
    {
        var options = new ChromeOptions { BinaryLocation = Chromium };
        options.AddArguments("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
            "--user-data-dir=" + _profile.FullName, $"--window-size={width},{height}");
        if (dark)
            options.AddArgument("--force-dark-mode");
        if (dark)
            options.AddArgument("--blink-settings=preferredColorScheme=0");
        options.SetLoggingPreference(LogType.Browser, LogLevel.All);
        var service = ChromeDriverService.CreateDefaultService(Path.GetDirectoryName(Driver), Path.GetFileName(Driver));
        service.SuppressInitialDiagnosticInformation = true;
        Web = new ChromeDriver(service, options, TimeSpan.FromMinutes(4));
        // A headless window has a least width of its own: the viewport is set by the device metrics.
        Web.ExecuteCdpCommand("Emulation.setDeviceMetricsOverride", new Dictionary<string, object?> { ["width"] = width, ["height"] = height, ["deviceScaleFactor"] = 1, ["mobile"] = false });
    }

    /// <summary>Null when there is a browser, otherwise what is missing.</summary>
    public static string? MissingBecause => Chromium is null ? "no Chromium here (Debian: apt-get install chromium chromium-driver)"
        : Driver is null ? "no chromedriver here (Debian: apt-get install chromium-driver)"
        : null;

    public ChromeDriver Web { get; }

    public IWebElement Wait(string css) => Wait(() => Web.FindElements(By.CssSelector(css)).FirstOrDefault(), $"an element {css}");

    /// <summary>Clicks an element as soon as there is one; one that the page replaces meanwhile is looked for again.</summary>
    public void Click(string css) => Wait(
        () =>
        {
            var element = Web.FindElements(By.CssSelector(css)).FirstOrDefault();
            element?.Click();
            return element;
        },
        $"an element {css} to click");

    /// <summary>Types into an element as soon as there is one.</summary>
    public void Press(string css, string keys) => Wait(
        () =>
        {
            var element = Web.FindElements(By.CssSelector(css)).FirstOrDefault();
            element?.SendKeys(keys);
            return element;
        },
        $"an element {css} to type into");

    /// <summary>How many elements there are now.</summary>
    public int Count(string css) => Texts(css).Count;

    /// <summary>What all such elements show, read at one moment: the page cannot replace one meanwhile.</summary>
    public IReadOnlyList<string> Texts(string css) => Read("return [...document.querySelectorAll(arguments[0])].map(element => element.innerText ?? element.textContent)", css);

    /// <summary>An attribute of all such elements, read at one moment; empty where one has none.</summary>
    public IReadOnlyList<string> Attributes(string css, string name) => Read("return [...document.querySelectorAll(arguments[0])].map(element => element.getAttribute(arguments[1]) ?? '')", css, name);

    /// <summary>What the first such element shows, as soon as there is one.</summary>
    public string Text(string css) => Wait(() => Texts(css).FirstOrDefault(), $"an element {css}");

    /// <summary>An attribute of the first such element, as soon as there is one.</summary>
    public string Attribute(string css, string name) => Wait(() => Attributes(css, name).FirstOrDefault(), $"an element {css}");

    public T Wait<T>(Func<T?> probe, string what)
        where T : class
    {
        var patience = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var isOver = TimeProvider.System.GetElapsedTime(patience) > TimeSpan.FromMinutes(4);
            try
            {
                if (probe() is { } found)
                    return found;
                Assert.False(isOver, $"waited 4 min for {what}");
                Web.ExecuteAsyncScript("setTimeout(arguments[arguments.length - 1], 30)");
            }
            catch (WebDriverException) when (!isOver)
            {
                // Built anew, or left for another page, meanwhile: look again.
            }
        }
    }

    public void WaitUntil(Func<bool> condition, string what) => Wait(() => condition() ? "" : null, what);

    /// <summary>What the console complained about.</summary>
    public IReadOnlyList<string> Errors() =>
        [.. Web.Manage().Logs.GetLog(LogType.Browser).Where(l => l.Level >= LogLevel.Warning).Select(l => l.Message)];

    public void Screenshot(string name)
    {
        if (Environment.GetEnvironmentVariable("STREAMING_SCREENSHOTS") is { Length: > 0 } folder)
            ((ITakesScreenshot)Web).GetScreenshot().SaveAsFile(Path.Combine(folder, name + ".png"));
    }

    public void Dispose()
    {
        Web.Quit();
        Web.Dispose();
        try
        {
            _profile.Delete(recursive: true);
        }
        catch (IOException)
        {
            // The browser may still be letting go of a file; the folder is temporary anyway.
        }
    }

    private List<string> Read(string script, params object[] arguments) => [.. ((IEnumerable<object>)Web.ExecuteScript(script, arguments)!).Cast<string>()];

    private static string? Find(params string[] names) => names
        .SelectMany(name => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Append("/usr/lib/chromium").Select(folder => Path.Combine(folder, name)))
        .FirstOrDefault(File.Exists);
}
