using System.Numerics;
using Streaming.Adapters.Sqlite.DeadLetters;
using Streaming.Adapters.Sqlite.Log;
using Streaming.Testing.Faults;
using Streaming.Testing.Fakes;

namespace Streaming.Adapters.Sqlite.Tests.Faults;

public sealed class NativeCrashTests
{
    internal const int Batch = 16;
    internal const int Calls = 2;
    private const int Documents = 200;

    [Fact]
    [FaultRow(23)]
    public async Task Run_OneTextEndsTheProcess_FindsItAndDeadLettersItAlone()
    {
        using var report = FaultReport.Begin(23);
        int[] culprits = FaultCounts.IsFull ? [0, 17, 93, 111, 152, Documents - 1] : [111];
        var bound = BitOperations.Log2(Batch * Calls) + 2;
        var most = 0;
        foreach (var culprit in culprits)
            most = Math.Max(most, await RestartsAsync(culprit, bound));
        report.Seen($"a process that ends over one text of {Documents}, {Batch * Calls} at once, {culprits.Length} times: found after {most} restarts at most (bound {bound}), it alone dead-lettered, 0 lost");
    }

    private static async Task<int> RestartsAsync(int culprit, int bound)
    {
        using var folder = new StoreFolder();
        await using (var store = await folder.OpenAsync())
            await store.CreateProducer().ProduceAsync(ChildProgram.Topic, [.. Enumerable.Range(0, Documents).Select(i => Samples.Message(Text(i, i == culprit), $"key-{i}"))], CancellationToken.None);
        var restarts = -1;
        while (true)
        {
            restarts++;
            using var child = new Child("crash", folder.File, Path.Combine(Path.GetDirectoryName(folder.File)!, "running"));
            await child.EndAsync();
            if (child.ExitCode == 0)
                break;
            Assert.True(restarts <= bound, $"after {restarts} restarts it is not found: {await child.Errors}");
        }

        Assert.InRange(restarts, 2, bound);
        await using var after = await folder.OpenAsync();
        var status = (await after.GetStatusAsync(CancellationToken.None)).Single();
        Assert.Equal((0, Documents - 1, 1), (status.Backlog, status.Outcomes.Indexed, status.Outcomes.DeadLettered));
        var letter = Assert.Single(await after.ListDeadLettersAsync(new DeadLetterQuery { Size = 10 }, CancellationToken.None));
        Assert.Equal((culprit, "model_failed"), ((int)letter.Letter.Offset, letter.Letter.Code));
        return restarts;
    }

    // Words are tokens by their length: the number in ones and twos, so that no two texts are alike to the model.
    private static string Text(int number, bool isDeadly)
    {
        var words = Enumerable.Range(0, 9).Select(bit => (number >> bit & 1) == 0 ? "a" : "bb").ToList();
        if (isDeadly)
            words.Add(FakeModel.Poison);
        return string.Join(' ', words);
    }
}
