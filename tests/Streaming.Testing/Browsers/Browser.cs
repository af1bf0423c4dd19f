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

    public T Wait<T>(Func<T?> probe, string what)
        where T : class
    {
        var patience = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                if (probe() is { } found)
                    return found;
            }
            catch (StaleElementReferenceException)
            {
                // Built anew meanwhile: look again.
            }

            Assert.True(TimeProvider.System.GetElapsedTime(patience) < TimeSpan.FromMinutes(4), $"waited 4 min for {what}; the page shows: {Web.FindElement(By.TagName("body")).Text}");
            Web.ExecuteAsyncScript("setTimeout(arguments[arguments.length - 1], 30)");
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

    private static string? Find(params string[] names) => names
        .SelectMany(name => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Append("/usr/lib/chromium").Select(folder => Path.Combine(folder, name)))
        .FirstOrDefault(File.Exists);
}
