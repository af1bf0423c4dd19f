using Streaming.Core.Models.Crashes;

namespace Streaming.Core.Tests.Models.Crashes;

/// <summary>A death is played by opening the file once more: what the next process would find.</summary>
public sealed class CrashMarksTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("streaming-marks-").FullName;

    [Fact]
    public async Task Open_DiedOverABatch_AllowsAQuarterAtATime()
    {
        using var first = Next();
        await first.EnterAsync([1, 2, 3, 4, 5, 6, 7, 8], default);
        using var next = Next();
        Assert.Equal(8, next.Found);
        await Assert.ThrowsAsync<NativeCrashException>(async () => await next.EnterAsync([1, 2, 3], default));
        await Assert.ThrowsAsync<NativeCrashException>(async () => await next.EnterAsync([1, 9], default));
        next.Leave([1, 2], await next.EnterAsync([1, 2], default));
        await next.EnterAsync([3, 4], default);
        using var third = Next();
        Assert.Equal(2, third.Found);
    }

    [Fact]
    public async Task Open_DiedOverOneAloneAgainAndAgain_ComputesItNoMore()
    {
        using var first = Next();
        await first.EnterAsync([7], default);
        using var second = Next();
        Assert.Equal((1, 0), (second.Found, second.Condemned));
        await second.EnterAsync([7], default);
        using var between = Next();
        Assert.Equal((1, 0), (between.Found, between.Condemned));
        await between.EnterAsync([7], default);
        using var third = Next();
        Assert.Equal((0, 1), (third.Found, third.Condemned));
        await Assert.ThrowsAsync<NativeCrashException>(async () => await third.EnterAsync([7], default));
        await Assert.ThrowsAsync<NativeCrashException>(async () => await third.EnterAsync([7, 8], default));
        third.Leave([8], await third.EnterAsync([8], default));
        using var fourth = Next();
        Assert.Equal((0, 1), (fourth.Found, fourth.Condemned));
    }

    [Fact]
    public async Task Open_DiedOverOneThatWentWellBetween_SuspectsItAnew()
    {
        using var first = Next();
        await first.EnterAsync([7], default);
        using var second = Next();
        second.Leave([7], await second.EnterAsync([7], default));
        await second.EnterAsync([7], default);
        using var third = Next();
        await third.EnterAsync([7], default);
        using var fourth = Next();
        Assert.Equal((1, 0), (fourth.Found, fourth.Condemned));
    }

    [Fact]
    public async Task Open_EndedInOrder_SuspectsNothing()
    {
        var folder = Folder();
        using (var marks = CrashMarks.TryOpen(folder)!)
            marks.Leave([1, 2], await marks.EnterAsync([1, 2], default));
        using (var marks = CrashMarks.TryOpen(folder)!)
        {
            Assert.Equal(0, marks.Found);
            await marks.EnterAsync([1, 2], default);
        }

        using var last = CrashMarks.TryOpen(folder)!;
        Assert.Equal(0, last.Found);
    }

    [Fact]
    public async Task EnterAsync_WhileSomebodyIsSuspected_OneCallAtATime()
    {
        using var first = Next();
        await first.EnterAsync([1, 2], default);
        using var next = Next();
        var held = await next.EnterAsync([1], default);
        var other = next.EnterAsync([9], default).AsTask();
        Assert.False(other.IsCompleted);
        next.Leave([1], held);
        next.Leave([9], await other);
        next.Leave([2], await next.EnterAsync([2], default));
        Assert.False(await next.EnterAsync([1, 2, 9], default));
        Assert.False(await next.EnterAsync([3], default));
    }

    [Fact]
    public void TryOpen_TwoProcesses_HaveFilesOfTheirOwn()
    {
        var folder = Folder();
        using var one = CrashMarks.TryOpen(folder);
        using var two = CrashMarks.TryOpen(folder);
        Assert.Equal(2, Directory.GetFiles(folder).Length);
    }

    [Theory]
    [InlineData("")]
    [InlineData("short")]
    [InlineData("twenty bytes and some more of what is no list of marks at all")]
    public void TryOpen_NoMarksInTheFile_BeginsAnew(string content)
    {
        var folder = Folder();
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "0.marks"), content);
        using var marks = CrashMarks.TryOpen(folder)!;
        Assert.Equal((0, 0), (marks.Found, marks.Condemned));
    }

    [Fact]
    public void TryOpen_NoFolderCanBe_IsWithout()
    {
        var file = Path.Combine(_root, "file");
        File.WriteAllText(file, "");
        Assert.Null(CrashMarks.TryOpen(Path.Combine(file, "running")));
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private string Folder() => Path.Combine(_root, "0");

    private CrashMarks Next() => new(File.OpenHandle(Path.Combine(_root, "0.marks"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite));
}
