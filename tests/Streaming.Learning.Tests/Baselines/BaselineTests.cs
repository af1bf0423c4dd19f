using Streaming.Learning.Baselines;

namespace Streaming.Learning.Tests.Baselines;

public sealed class BaselineTests
{
    [Fact]
    public async Task BagOfWords_WordsThatTellTheClass_AreLearnt()
    {
        string[] texts = ["Good film", "good food!", "GOOD day", "bad film", "Bad food", "bad day, bad", "good", "bad"];
        int[] labels = [1, 1, 1, 0, 0, 0, 1, 0];
        var classifier = await BagOfWordsClassifier.TrainAsync(texts, labels, 2, CancellationToken.None);
        Assert.Equal(1, classifier.Predict("a good one"));
        Assert.Equal(0, classifier.Predict("a bad one"));
    }

    [Fact]
    public async Task BagOfWords_NothingKnown_GivesTheMostFrequentClass()
    {
        var classifier = await BagOfWordsClassifier.TrainAsync(["a a", "a b", "b c"], [2, 2, 0], 3, CancellationToken.None);
        Assert.Equal(2, classifier.Predict("zzz"));
    }

    [Fact]
    public void UnigramTagger_MostFrequentTag_AndOutsideForTheUnknown()
    {
        var tagger = new UnigramTagger();
        tagger.Add(["Rome", "Rome", "Rome", "is"], ["B-LOC", "B-LOC", "B-PER", "O"]);
        Assert.Equal(["B-LOC", "O", "O"], tagger.Predict(["Rome", "is", "Oslo"]));
    }
}
