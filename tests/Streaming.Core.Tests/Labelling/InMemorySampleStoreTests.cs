using Streaming.Core.Labelling;
using Streaming.Testing.Conformance;
using Streaming.Testing.Fakes;

namespace Streaming.Core.Tests.Labelling;

/// <summary>The fake keeps what the real one keeps.</summary>
public sealed class InMemorySampleStoreTests : SampleStoreConformance
{
    protected override Task<ISampleStore> OpenAsync() => Task.FromResult<ISampleStore>(new InMemorySampleStore());
}
