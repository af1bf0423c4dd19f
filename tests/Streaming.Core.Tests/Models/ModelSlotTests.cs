using Streaming.Core.Models;
using Streaming.Testing.Engine;
using Streaming.Testing.Fakes;

namespace Streaming.Core.Tests.Models;

public sealed class ModelSlotTests
{
    [Fact]
    public async Task Acquire_AfterASwap_GivesTheNewOneWhileTheOldLeaseLives()
    {
        var (first, second) = (new FakeModel("1"), new FakeModel("2"));
        await using var slot = new ModelSlot(first);
        var old = slot.Acquire();

        await slot.SwapAsync((_, _) => new(second), CancellationToken.None);

        using (var lease = slot.Acquire())
            Assert.Same(second, lease.Model);
        Assert.Same(first, old.Model);
        Assert.False(first.IsDisposed);
        old.Dispose();
        await PipelineWorld.UntilAsync(() => first.IsDisposed && slot.AliveVersions == 1);
    }

    [Fact]
    public async Task SwapAsync_OldVersionStillInUse_WaitsForRoomBeforeLoading()
    {
        await using var slot = new ModelSlot(new FakeModel("1"));
        var held = slot.Acquire();
        await slot.SwapAsync((_, _) => new(new FakeModel("2")), CancellationToken.None);
        var loads = 0;

        var third = slot.SwapAsync(
            (_, _) =>
            {
                loads++;
                return new(new FakeModel("3"));
            },
            CancellationToken.None).AsTask();
        Assert.Equal((0, false, 2), (loads, third.IsCompleted, slot.AliveVersions));
        held.Dispose();
        await third.WaitAsync(PipelineWorld.Patience);

        Assert.Equal("3", slot.Identity.Version);
    }

    [Fact]
    public async Task SwapAsync_LoadFails_KeepsWhatWasInForce()
    {
        await using var slot = new ModelSlot(new FakeModel("1"));

        await Assert.ThrowsAsync<StreamingException>(() => slot.SwapAsync((_, _) => throw new StreamingException("head_missing", "no head"), CancellationToken.None).AsTask());

        Assert.Equal(("1", 1, 0L), (slot.Identity.Version, slot.AliveVersions, slot.Swaps));
        await slot.SwapAsync((_, _) => new(new FakeModel("2")), CancellationToken.None);
        Assert.Equal("2", slot.Identity.Version);
    }

    [Fact]
    public async Task DisposeAsync_LeaseOut_WaitsForIt()
    {
        var model = new FakeModel();
        var slot = new ModelSlot(model);
        var lease = slot.Acquire();

        var disposing = slot.DisposeAsync().AsTask();
        Assert.False(model.IsDisposed);
        lease.Dispose();
        await disposing.WaitAsync(PipelineWorld.Patience);

        Assert.True(model.IsDisposed);
        Assert.Throws<ObjectDisposedException>(slot.Acquire);
    }

    [Fact]
    public async Task Lease_DisposedTwice_IsABug()
    {
        await using var slot = new ModelSlot(new FakeModel());
        var lease = slot.Acquire();
        lease.Dispose();

        Assert.Throws<InvalidOperationException>(lease.Dispose);
    }

    [Fact]
    public async Task SharedModelRunner_LastShare_TakesTheEncoderAlong()
    {
        var encoder = new FakeModel();
        var first = new SharedModelRunner(encoder, "abc");
        var second = first.Share();

        await first.DisposeAsync();
        await first.DisposeAsync();
        Assert.False(encoder.IsDisposed);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => first.RunAsync([new TokenSequence(new int[1])], CancellationToken.None).AsTask());
        await second.DisposeAsync();

        Assert.True(encoder.IsDisposed);
        Assert.Equal("abc", second.Digest);
    }

    [Fact]
    public async Task TryAsync_ThenAdopt_PutsTheCandidateInForceWithoutLoading()
    {
        var (first, second) = (new FakeModel("1"), new FakeModel("2"));
        await using var slot = new ModelSlot(first);
        await slot.TryAsync((_, _) => new(second), new FakeTrial(), default);
        var old = slot.Acquire();
        Assert.Equal(("1", "2"), (old.Model.Identity.Version, old.Candidate!.Model.Identity.Version));

        await slot.AdoptAsync(default);

        using (var lease = slot.Acquire())
            Assert.Equal(("2", null), (lease.Model.Identity.Version, lease.Candidate));
        Assert.Equal((false, 1L), (first.IsDisposed, slot.Swaps));
        old.Dispose();
        await PipelineWorld.UntilAsync(() => first.IsDisposed && slot.AliveVersions == 1);
        Assert.False(second.IsDisposed);
    }

    [Fact]
    public async Task WithdrawAsync_LeaseOut_DisposesTheCandidateWithIt()
    {
        var candidate = new FakeModel("2");
        await using var slot = new ModelSlot(new FakeModel("1"));
        await slot.WithdrawAsync(default);
        await slot.TryAsync((_, _) => new(candidate), new FakeTrial(), default);
        var lease = slot.Acquire();

        await slot.WithdrawAsync(default);

        Assert.False(candidate.IsDisposed);
        using (var next = slot.Acquire())
            Assert.Null(next.Candidate);
        lease.Dispose();
        await PipelineWorld.UntilAsync(() => candidate.IsDisposed);
        Assert.Equal("1", slot.Identity.Version);
    }

    [Fact]
    public async Task SwapAsync_DuringATrial_EndsItAndFindsRoom()
    {
        var candidate = new FakeModel("2");
        await using var slot = new ModelSlot(new FakeModel("1"));
        await slot.TryAsync((_, _) => new(candidate), new FakeTrial(), default);

        await slot.SwapAsync((_, _) => new(new FakeModel("3")), default).AsTask().WaitAsync(PipelineWorld.Patience);

        Assert.True(candidate.IsDisposed);
        using var lease = slot.Acquire();
        Assert.Equal(("3", null), (lease.Model.Identity.Version, lease.Candidate));
        await Assert.ThrowsAsync<InvalidOperationException>(() => slot.AdoptAsync(default).AsTask());
    }
}
