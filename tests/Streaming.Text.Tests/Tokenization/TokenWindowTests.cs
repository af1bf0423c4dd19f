using Streaming.Text.Tokenization;

namespace Streaming.Text.Tests.Tokenization;

public sealed class TokenWindowTests
{
    [Fact]
    public void Plan_ManyShapes_EveryTokenIsOwnedOnceWithMostContext()
    {
        foreach (var maxLength in (int[])[3, 5, 16, 64])
        {
            for (var stride = 0; stride <= (maxLength - 2) / 2; stride++)
            {
                for (var tokens = 1; tokens < 200; tokens += 7)
                {
                    var windows = TokenWindow.Plan(tokens, maxLength, stride);
                    var at = 0;
                    foreach (var window in windows)
                    {
                        Assert.Equal(at, window.OwnStart);
                        Assert.True(window.Length <= maxLength - 2 && window.OwnStart >= window.Start && window.OwnEnd <= window.End && window.OwnEnd > window.OwnStart);
                        at = window.OwnEnd;
                        for (var token = window.OwnStart; token < window.OwnEnd; token++)
                            Assert.True(windows.Max(other => Context(other, token, tokens)) <= Context(window, token, tokens) + 1);
                    }

                    Assert.Equal(tokens, at);
                }
            }
        }

        // Tokens between a token and the nearer edge that is not an edge of the text.
        static int Context(TokenWindow window, int token, int tokens) => token < window.Start || token >= window.End ? -1
            : Math.Min(window.Start == 0 ? 1_000_000 : token - window.Start, window.End == tokens ? 1_000_000 : window.End - 1 - token);
    }
}
