namespace Streaming.Adapters.Torch.Tests;

/// <summary>Stands for the whole suite where the package set has no TorchSharp.</summary>
public sealed class WithoutTorchTests
{
    [Fact(Skip = "the package set has no TorchSharp, so the torch backend is not built; its suite runs in the full set, or with -p:UseTorchSharp=true where the packages can be restored")]
    public void TorchSuite_NotInThisPackageSet_IsSkipped()
    {
    }
}
