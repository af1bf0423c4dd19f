namespace Streaming.Adapters.AkkaStreams.Tests;

/// <summary>Stands for the whole suite where the package set has no Akka.</summary>
public class WithoutAkkaTests
{
    [Fact(Skip = "the package set has no Akka.Streams, so the Akka engine is not built; its suite runs in the full set, or with -p:UseAkkaStreams=true where the packages can be restored")]
    public void AkkaSuite_NotInThisPackageSet_IsSkipped()
    {
    }
}
