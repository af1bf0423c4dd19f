using Streaming.Core.Messaging;

namespace Streaming.Core.Tests.Messaging;

public class DocumentVersionTests
{
    [Fact]
    public void From_FirstOffset_IsAtLeastOne() => Assert.True(DocumentVersion.From(0) >= 1);

    [Fact]
    public void From_LaterOffset_IsHigherThanAnyRevisionOfTheEarlier() =>
        Assert.True(DocumentVersion.From(8) > DocumentVersion.From(7, revision: 255));

    [Fact]
    public void From_NextGeneration_IsHigherThanAnyOffsetOfTheOld() =>
        Assert.True(DocumentVersion.From(0, 1) > DocumentVersion.From(DocumentVersion.MaxOffset, 0, 255));

    [Fact]
    public void From_Largest_IsStillPositive() =>
        Assert.True(DocumentVersion.From(DocumentVersion.MaxOffset, DocumentVersion.MaxGeneration, 255) > 0);

    [Fact]
    public void From_OutOfRange_Throws()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => DocumentVersion.From(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => DocumentVersion.From(DocumentVersion.MaxOffset + 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => DocumentVersion.From(0, -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => DocumentVersion.From(0, 0, 256));
    }
}
