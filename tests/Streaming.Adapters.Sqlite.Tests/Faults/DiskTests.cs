using System.Diagnostics;
using Streaming.Core;
using Streaming.Testing.Faults;

namespace Streaming.Adapters.Sqlite.Tests.Faults;

public sealed class DiskTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [SmallDiskFact]
    [FaultRow(22)]
    public async Task ProduceAsync_DiskFull_RefusesThenGoesOnWhenThereIsRoom()
    {
        using var report = FaultReport.Begin(22);
        using var disk = SmallDisk.TryMount()!;
        var filler = Path.Combine(disk.Folder, "filler");
        await using var store = await EmbeddedStore.OpenAsync(Path.Combine(disk.Folder, "streaming.db"), null, TimeProvider.System, None);
        var producer = store.CreateProducer();
        var stored = 0;
        for (var cycle = 0; cycle < 20; cycle++)
        {
            await File.WriteAllBytesAsync(filler, new byte[Math.Max(0, new DriveInfo(disk.Folder).AvailableFreeSpace - 60_000)]);
            var error = await Assert.ThrowsAsync<DependencyUnavailableException>(async () =>
            {
                while (true)
                {
                    await producer.ProduceAsync("t", [Samples.Message(new string('x', 5_000))], None);
                    stored++;
                }
            });
            Assert.Equal("store_disk_full", error.Code);
            File.Delete(filler);
            await producer.ProduceAsync("t", [Samples.Message("small")], None);
            stored++;
        }
        var read = 0;
        await foreach (var _ in CrashTests.ReadAllAsync(store, "t"))
            read++;
        Assert.Equal(stored, read);
        report.Seen("disk full 20 times, refused with a code each time, 0 acknowledged rows lost");
    }

    [SmallDiskFact]
    public async Task OpenAsync_DiskFull_IsRefused()
    {
        using var disk = SmallDisk.TryMount()!;
        await File.WriteAllBytesAsync(Path.Combine(disk.Folder, "filler"), new byte[new DriveInfo(disk.Folder).AvailableFreeSpace - 8_192]);
        var error = await Assert.ThrowsAnyAsync<StreamingException>(() => EmbeddedStore.OpenAsync(Path.Combine(disk.Folder, "streaming.db"), null, TimeProvider.System, None));
        Assert.Equal("store_disk_full", error.Code);
    }

    [SmallDiskFact]
    public async Task OpenAsync_ReadOnlyDisk_IsRefused()
    {
        using var disk = SmallDisk.TryMount()!;
        var path = Path.Combine(disk.Folder, "streaming.db");
        await using (await EmbeddedStore.OpenAsync(path, null, TimeProvider.System, None))
        {
        }
        using (var remount = Process.Start("mount", ["-o", "remount,ro", disk.Folder]))
            await remount.WaitForExitAsync();
        var error = await Assert.ThrowsAnyAsync<StreamingException>(() => EmbeddedStore.OpenAsync(path, null, TimeProvider.System, None));
        Assert.Equal("store_read_only", error.Code);
        error = await Assert.ThrowsAnyAsync<StreamingException>(() => EmbeddedStore.OpenAsync(Path.Combine(disk.Folder, "new", "streaming.db"), null, TimeProvider.System, None));
        Assert.Equal("store_unavailable", error.Code);
    }

    [StraceTheory]
    [FaultRow(22)]
    [InlineData("write", 120)]
    [InlineData("write", 555)]
    [InlineData("fsync", 60)]
    public async Task ProduceAsync_FailingDisk_SaysSoAndKeepsWhatWasAcknowledged(string call, int from)
    {
        using var report = FaultReport.Begin(22);
        using var folder = new StoreFolder();
        using var child = new Child(
            ["strace", "-f", "-o", "/dev/null", "-e", $"trace={call}", "-P", folder.File, "-P", folder.File + "-wal", "-e", $"inject={call}:error=EIO:when={FaultCounts.Text(from)}+"],
            ["append", folder.File, "a", "2000", "10"]);
        var acknowledged = await child.EndAsync() ?? 0;
        Assert.Contains("store_io_error", await child.Errors, StringComparison.Ordinal);
        Assert.InRange(acknowledged, 1, 1_999);
        await using var store = await folder.OpenAsync();
        var read = 0;
        await foreach (var _ in CrashTests.ReadAllAsync(store, ChildProgram.Topic))
            read++;
        Assert.InRange(read, acknowledged, acknowledged + 10);
        report.Seen($"{call} fails from call {from} on: said so, the {acknowledged:#,0} acknowledged rows are there");
    }
}
