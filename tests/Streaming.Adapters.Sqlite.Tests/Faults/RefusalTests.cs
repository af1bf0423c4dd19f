using System.Buffers.Binary;
using Streaming.Adapters.Sqlite.Native;
using Streaming.Core;
using Streaming.Testing.Faults;

namespace Streaming.Adapters.Sqlite.Tests.Faults;

public sealed class RefusalTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    private static async Task<string> CodeOf(StoreFolder folder)
    {
        var error = await Assert.ThrowsAnyAsync<StreamingException>(() => folder.OpenAsync());
        Assert.Equal(ExitCode.DependencyUnavailable, error.ExitCode);
        Assert.Contains(folder.Folder, error.Message, StringComparison.Ordinal);
        return error.Code;
    }

    private static async Task<byte[]> NewStoreAsync(StoreFolder folder)
    {
        await using (var store = await folder.OpenAsync())
            await store.CreateProducer().ProduceAsync("t", [Samples.Message("x")], None);
        return await File.ReadAllBytesAsync(folder.File);
    }

    [Fact]
    public async Task OpenAsync_MissingFolder_IsMade()
    {
        using var folder = new StoreFolder();
        var path = Path.Combine(folder.Folder, "a", "b", "streaming.db");
        await using var store = await EmbeddedStore.OpenAsync(path, null, TimeProvider.System, None);
        Assert.True(File.Exists(path));
    }

    [Fact]
    public async Task OpenAsync_PathIsFolder_IsRefused()
    {
        using var folder = new StoreFolder();
        Directory.CreateDirectory(folder.File);
        Assert.Equal("store_path_is_directory", await CodeOf(folder));
    }

    [Fact]
    public async Task OpenAsync_FolderIsFile_IsRefused()
    {
        using var folder = new StoreFolder();
        await File.WriteAllTextAsync(Path.Combine(folder.Folder, "f"), "x");
        var error = await Assert.ThrowsAnyAsync<StreamingException>(() => EmbeddedStore.OpenAsync(Path.Combine(folder.Folder, "f", "streaming.db"), null, TimeProvider.System, None));
        Assert.Equal("store_unavailable", error.Code);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(5_000)]
    public async Task OpenAsync_TextFile_IsRefusedAndUntouched(int length)
    {
        using var folder = new StoreFolder();
        await File.WriteAllTextAsync(folder.File, new string('x', length));
        Assert.Equal("store_foreign_file", await CodeOf(folder));
        Assert.Equal(new string('x', length), await File.ReadAllTextAsync(folder.File));
        Assert.Single(Directory.GetFiles(folder.Folder));
    }

    [Theory]
    [InlineData(68, 7, "store_foreign_file")] // application id
    [InlineData(60, StoreSchema.Version + 1, "store_newer_version")]
    [InlineData(20, 0, "store_damaged")] // reserved bytes, in the first of four
    [InlineData(28, 1_000_000, "store_damaged")] // pages
    public async Task OpenAsync_ChangedHeader_IsRefused(int at, int value, string code)
    {
        using var folder = new StoreFolder();
        var bytes = await NewStoreAsync(folder);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(at), value);
        await File.WriteAllBytesAsync(folder.File, bytes);
        Assert.Equal(code, await CodeOf(folder));
    }

    [Fact]
    public async Task OpenAsync_CutFile_IsRefused()
    {
        using var folder = new StoreFolder();
        var bytes = await NewStoreAsync(folder);
        foreach (var length in new[] { 50, 99, 100, 4_096, bytes.Length / 2, bytes.Length - 4_096, bytes.Length - 1 })
        {
            await File.WriteAllBytesAsync(folder.File, bytes[..length]);
            Assert.StartsWith("store_", await CodeOf(folder), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task OpenAsync_EmptyFile_IsNew()
    {
        using var folder = new StoreFolder();
        await File.WriteAllBytesAsync(folder.File, []);
        Assert.NotEmpty(await NewStoreAsync(folder));
    }

    [Fact]
    public async Task OpenAsync_ImpossibleOptions_NamesEveryOne()
    {
        using var folder = new StoreFolder();
        var error = await Assert.ThrowsAsync<StreamingException>(() => folder.OpenAsync(new() { CacheBytes = 1, MaxAttempts = 0 }));
        Assert.Equal("invalid_store_options", error.Code);
        Assert.Contains("CacheBytes", error.Message, StringComparison.Ordinal);
        Assert.Contains("MaxAttempts", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task OpenAsync_ManyAtOnceOnANewFile_AllSucceed()
    {
        using var folder = new StoreFolder();
        var stores = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => folder.OpenAsync()));
        await Task.WhenAll(stores.Select(async s => await s.CreateProducer().ProduceAsync("t", [Samples.Message("x")], None)));
        foreach (var store in stores)
            await store.DisposeAsync();
    }

    [Fact]
    public async Task ProduceAsync_LockedFile_WaitsForTheOther()
    {
        using var folder = new StoreFolder();
        await using var store = await folder.OpenAsync();
        using var other = SqliteDatabase.Open(folder.File, create: false, 1 << 20, TimeSpan.FromMinutes(2));
        other.Execute("BEGIN IMMEDIATE");
        var producing = store.CreateProducer().ProduceAsync("t", [Samples.Message("x")], None);
        Assert.False(producing.IsCompleted);
        other.Execute("COMMIT");
        Assert.True(Assert.Single(await producing).IsStored);
    }

    [Fact]
    [FaultRow(22)]
    public async Task ProduceAsync_LockedForTooLong_FailsWithACodeAndWorksAfterwards()
    {
        using var report = FaultReport.Begin(22);
        using var folder = new StoreFolder();
        await using var store = await folder.OpenAsync(new() { BusyTimeout = TimeSpan.FromSeconds(1) });
        var producer = store.CreateProducer();
        using var other = SqliteDatabase.Open(folder.File, create: false, 1 << 20, TimeSpan.FromMinutes(2));
        other.Execute("BEGIN IMMEDIATE");
        var error = await Assert.ThrowsAsync<DependencyUnavailableException>(async () => await producer.ProduceAsync("t", [Samples.Message("x")], None));
        Assert.Equal("store_busy", error.Code);
        other.Execute("COMMIT");
        Assert.Equal(0, Assert.Single(await producer.ProduceAsync("t", [Samples.Message("x")], None)).Offset);
        report.Seen("locked for too long: refused with a code, of use again afterwards");
    }

    [Fact]
    [FaultRow(22)]
    public async Task ProduceAsync_ReaderOfAnOldState_KeepsTheLogAheadWithinItsBound()
    {
        using var report = FaultReport.Begin(22);
        using var folder = new StoreFolder();
        await using var store = await folder.OpenAsync(new() { BusyTimeout = TimeSpan.FromSeconds(1), MaxWalBytes = 16 << 20 });
        var producer = store.CreateProducer();
        await producer.ProduceAsync("t", [Samples.Message("x")], None);
        using var reader = SqliteDatabase.Open(folder.File, create: false, 1 << 20, TimeSpan.FromMinutes(2));
        reader.Execute("BEGIN; SELECT * FROM partitions");
        var batch = Enumerable.Range(0, 10).Select(_ => Samples.Message(new string('x', 100_000))).ToArray();
        var stored = 0;
        var error = await Assert.ThrowsAsync<DependencyUnavailableException>(async () =>
        {
            for (; stored < 1_000; stored += batch.Length)
                await producer.ProduceAsync("t", batch, None);
        });
        Assert.Equal("store_reader_blocks", error.Code);
        Assert.InRange(new FileInfo(folder.File + "-wal").Length, 4 << 20, 16 << 20);
        reader.Execute("COMMIT");
        await producer.ProduceAsync("t", batch, None);
        var count = 0;
        await foreach (var _ in CrashTests.ReadAllAsync(store, "t"))
            count++;
        Assert.Equal(1 + stored + batch.Length, count);
        report.Seen("a reader of an old state: the log ahead stays within 16 MiB, 0 lost");
    }

    [Fact]
    public async Task DisposeAsync_WorkInHand_IsFinished()
    {
        using var folder = new StoreFolder();
        var store = await folder.OpenAsync();
        var producing = Enumerable.Range(0, 20).Select(_ => store.CreateProducer().ProduceAsync("t", [Samples.Message("x")], None).AsTask()).ToArray();
        await store.DisposeAsync();
        await Task.WhenAll(producing);
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await store.CreateProducer().ProduceAsync("t", [Samples.Message("x")], None));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await store.Search.GetAsync("x", None));
        await using var again = await folder.OpenAsync();
        var count = 0;
        await foreach (var _ in CrashTests.ReadAllAsync(again, "t"))
            count++;
        Assert.Equal(20, count);
    }
}
