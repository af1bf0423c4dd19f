using Streaming.Core.Engine;
using Streaming.Core.Engine.Channels;
using Streaming.Testing.Conformance;

namespace Streaming.Core.Tests.Pipelines;

public class ChannelEngineConformanceTests : PipelineEngineConformance
{
    protected override IPipelineEngine CreateEngine() => new ChannelEngine();
}

public class ChannelEngineOutageTests : PipelineEngineOutageConformance
{
    protected override IPipelineEngine CreateEngine() => new ChannelEngine();
}

public class ChannelEngineEndingTests : PipelineEngineEndingConformance
{
    protected override IPipelineEngine CreateEngine() => new ChannelEngine();
}

public class ChannelEngineDeliveryTests : PipelineEngineDeliveryConformance
{
    protected override IPipelineEngine CreateEngine() => new ChannelEngine();
}

public class ChannelEngineSchedulingTests : PipelineEngineSchedulingConformance
{
    protected override IPipelineEngine CreateEngine() => new ChannelEngine();
}

public class ChannelEngineModelTests : PipelineEngineModelConformance
{
    protected override IPipelineEngine CreateEngine() => new ChannelEngine();
}

public class ChannelEngineSwapTests : ModelSwapConformance
{
    protected override IPipelineEngine CreateEngine() => new ChannelEngine();
}

public class ChannelEngineTrialTests : ModelTrialConformance
{
    protected override IPipelineEngine CreateEngine() => new ChannelEngine();
}

public class ChannelEngineLabellingTests : PipelineEngineLabellingConformance
{
    protected override IPipelineEngine CreateEngine() => new ChannelEngine();
}
