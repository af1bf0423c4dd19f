using Akka.Streams;
using Akka.Streams.Stage;
using Streaming.Core.Engine;
using Streaming.Core.Engine.Stages;

namespace Streaming.Adapters.AkkaStreams;

/// <summary>
/// Gathers windows and lets a batch go for every model call that is free: each pull from below is one. It pulls from above
/// without end, because the pipeline's own bound admits no more than may be held.
/// </summary>
/// <remarks>
/// The deadline runs on the pipeline's clock and not on Akka's scheduler: that one's wheel turns every 10 ms, which is coarse
/// beside <c>max_queue_delay</c>, and it would keep a thread awake in an idle process.
/// </remarks>
internal sealed class MicroBatchStage(PipelineParts parts, Wake wake) : GraphStage<FlowShape<PreparedChunk, MicroBatch<ModelWindow>>>
{
    private readonly Inlet<PreparedChunk> _in = new("MicroBatch.in");
    private readonly Outlet<MicroBatch<ModelWindow>> _out = new("MicroBatch.out");

    public override FlowShape<PreparedChunk, MicroBatch<ModelWindow>> Shape => new(_in, _out);

    protected override GraphStageLogic CreateLogic(Attributes inheritedAttributes) => new Logic(this, parts, wake);

    private sealed class Logic : InAndOutGraphStageLogic
    {
        private readonly MicroBatchStage _stage;
        private readonly PipelineParts _parts;
        private readonly Wake _wake;
        private MicroBatch<ModelWindow> _batch = new();
        private ITimer? _deadline;

        public Logic(MicroBatchStage stage, PipelineParts parts, Wake wake)
            : base(stage.Shape)
        {
            _stage = stage;
            _parts = parts;
            _wake = wake;
            SetHandler(stage._in, this);
            SetHandler(stage._out, this);
        }

        public override void PreStart()
        {
            var offer = GetAsyncCallback(Offer);
            _wake.Attach(offer);
            _deadline = _parts.Context.Time.CreateTimer(static offer => ((Action)offer!)(), offer, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            Pull(_stage._in);
        }

        public override void PostStop() => _deadline?.Dispose();

        public override void OnPush()
        {
            var chunk = Grab(_stage._in);
            chunk.Ended.Mark();
            _parts.Queue.Add(chunk.Windows, chunk.Count);
            Pull(_stage._in);
            Offer();
        }

        public override void OnPull() => Offer();

        public override void OnUpstreamFinish()
        {
            _parts.Queue.Complete();
            Offer();
        }

        private void Offer()
        {
            if (!IsAvailable(_stage._out))
                return;
            if (_parts.Queue.TryTake(_batch, out var due, out var ended))
            {
                var batch = _batch;
                _batch = new MicroBatch<ModelWindow>();
                Push(_stage._out, batch);
            }
            else if (ended)
            {
                CompleteStage();
            }

            if (due is { } left)
                _deadline?.Change(left + TimeSpan.FromMilliseconds(1), Timeout.InfiniteTimeSpan);
        }
    }
}
