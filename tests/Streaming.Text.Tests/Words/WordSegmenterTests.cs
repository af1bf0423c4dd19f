using Streaming.Text.Words;

namespace Streaming.Text.Tests.Words;

public sealed class WordSegmenterTests
{
    [Theory]
    [InlineData("Barack Obama's visit to the U.S. didn't last.", "Barack|Obama|'s|visit|to|the|U.S.|did|n't|last|.")]
    [InlineData("I can't, won't; we're here (O'Brien said).", "I|ca|n't|,|wo|n't|;|we|'re|here|(|O'Brien|said|)|.")]
    [InlineData("J. K. Rowling met Mr. Smith Jr. at 10:30", "J.|K.|Rowling|met|Mr.|Smith|Jr.|at|10:30")]
    [InlineData("$1,234.56 is 3.5% of well-known AT&T", "$|1,234.56|is|3.5|%|of|well-known|AT&T")]
    [InlineData("RT @user_1: #tag see http://t.co/abc, ok?", "RT|@user_1|:|#tag|see|http://t.co/abc|,|ok|?")]
    [InlineData("wait... what?! -- no", "wait|...|what|?|!|--|no")]
    [InlineData("mail me at a.b@example.com :)", "mail|me|at|a.b@example.com|:)")]
    [InlineData("cafe\u0301 na\u00EFve\u2019s", "cafe\u0301|na\u00EFve|\u2019s")]
    [InlineData("\u6771\u4EAC Tokyo", "\u6771|\u4EAC|Tokyo")]
    [InlineData("ok \U0001F468\u200D\U0001F469\u200D\U0001F467\U0001F1E9\U0001F1EA!", "ok|\U0001F468\u200D\U0001F469\u200D\U0001F467|\U0001F1E9\U0001F1EA|!")]
    [InlineData("1996-08-22 German July first-round", "1996-08-22|German|July|first-round")]
    [InlineData("\"Quoted,\" he said", "\"|Quoted|,|\"|he|said")]
    [InlineData("Obama 's n't , I do n't ''know'' <<#1>>", "Obama|'s|n't|,|I|do|n't|''|know|''|<<|#|1|>>")]
    [InlineData("'tis 'quoted' n' roll", "'|tis|'|quoted|'|n|'|roll")]
    [InlineData(" \u200B\u00AD \t", "")]
    [InlineData("", "")]
    public void Segment_Text_GivesWords(string text, string expected)
    {
        var words = new List<WordSpan>();

        WordSegmenter.Segment(text, words);

        Assert.Equal(expected, string.Join('|', words.Select(word => text[word.Start..word.End])));
    }

    [Fact]
    public void Segment_RandomText_IsOrderedAndLosesNoLetter()
    {
        var random = new Random(7);
        const string Alphabet = "ab'.-nT@#:/ ,1$\u0301\u200D\u2019\U0001F600\u6771\uD800\n";
        for (var round = 0; round < 2000; round++)
        {
            var text = string.Create(random.Next(40), random, (span, source) =>
            {
                for (var i = 0; i < span.Length; i++)
                    span[i] = Alphabet[source.Next(Alphabet.Length)];
            });
            var words = new List<WordSpan>();
            WordSegmenter.Segment(text, words);
            var at = 0;
            foreach (var word in words)
            {
                Assert.True(word.Start >= at && word.End > word.Start && word.End <= text.Length, $"{word} in {text}");
                Assert.DoesNotContain(text[at..word.Start], char.IsLetterOrDigit);
                at = word.End;
            }

            Assert.DoesNotContain(text[at..], char.IsLetterOrDigit);
        }
    }

    [Fact]
    public void MarkSentences_MarksAndLineBreaks_StartSentences()
    {
        const string Text = "Mr. Smith left. He won!\nnext, last";
        var words = new List<WordSpan>();
        WordSegmenter.Segment(Text, words);
        var initial = new bool[words.Count];

        WordSegmenter.MarkSentences(Text, [.. words], initial);

        Assert.Equal(["Mr.", "He", "next"], words.Where((_, index) => initial[index]).Select(word => Text[word.Start..word.End]));
    }
}
