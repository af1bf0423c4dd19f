using Streaming.Learning.FineTuning;
using Streaming.Learning.Recipes;
using Streaming.Learning.Training;

namespace Streaming.Learning.Tests.FineTuning;

public sealed class LoopPartsTests
{
    [Fact]
    public void RateSchedule_WarmsUpThenFalls()
    {
        var schedule = new RateSchedule(100, 0.1);
        Assert.True(schedule.At(0) is > 0 and < 0.2);
        Assert.Equal(1, schedule.At(10), 1e-12);
        Assert.Equal(0.5, schedule.At(55), 1e-12);
        Assert.InRange(schedule.At(99), 1e-6, 0.02);
        Assert.Equal(1, new RateSchedule(10, 0).At(0), 1e-12);
    }

    [Theory]
    [InlineData(TaskSampling.Proportional, 900, 100)]
    [InlineData(TaskSampling.Uniform, 500, 500)]
    [InlineData(TaskSampling.SquareRoot, 750, 250)]
    public void TaskTurns_Next_MeetsSharesExactly(TaskSampling sampling, int first, int second)
    {
        var turns = new TaskTurns(sampling, [90, 10], [1, 1]);
        var counts = new int[2];
        for (var i = 0; i < 1000; i++)
            counts[turns.Next(i / 1000.0)]++;
        Assert.Equal([first, second], counts);
    }

    [Fact]
    public void TaskTurns_Annealed_GoesFromProportionalTowardsUniform()
    {
        var turns = new TaskTurns(TaskSampling.Annealed, [90, 10], [1, 1]);
        Assert.Equal(0.9, turns.Shares(0)[0], 1e-12);
        Assert.InRange(turns.Shares(1)[0], 0.5, 0.65);
    }

    [Fact]
    public void BatchStream_RowsOfPasses_ComeInTheirPassAndEmptyOnesArePassedOver()
    {
        var rows = Enumerable.Range(0, 6).Select(i => Row(i, 8)).ToList();
        var stream = new BatchStream(pass => pass switch { 0 => rows[..2], 1 => [], _ => rows[2..] }, 3, 16, 9);

        var seen = Enumerable.Range(0, 5).Select(_ => (Texts: stream.Next().Select(r => r.Text).Order().ToList(), stream.Pass)).ToList();

        Assert.Equal(1, stream.PassLength);
        Assert.Equal([0, 1], seen[0].Texts);
        Assert.Equal([2, 3, 4, 5], seen[1..3].SelectMany(s => s.Texts).Order());
        Assert.Equal([0, 2, 2, 3, 3], seen.Select(s => s.Pass));
    }

    [Fact]
    public void BatchStream_Pass_GivesEachRowOnceWithinTheBudget()
    {
        var random = new SeededRandom(2);
        var rows = Enumerable.Range(0, 500).Select(i => Row(i, 2 + random.Next(60))).ToList();
        var stream = new BatchStream(rows, 128, 9);
        var seen = new List<int>();
        var padded = 0;
        for (var b = 0; b < stream.PassLength; b++)
        {
            var batch = stream.Next();
            var cost = batch.Count * batch.Max(r => r.Ids.Length);
            Assert.True(cost <= 128 || batch.Count == 1);
            padded += cost;
            seen.AddRange(batch.Select(r => r.Text));
        }

        Assert.Equal(Enumerable.Range(0, 500), seen.Order());
        Assert.True(padded < 1.1 * rows.Sum(r => r.Ids.Length), $"{padded} of {rows.Sum(r => r.Ids.Length)}");
        Assert.Equal(0, stream.Pass);
        stream.Next();
        Assert.Equal((1, 1), (stream.Pass, stream.Index));
    }

    [Fact]
    public void BatchStream_Seek_GoesOnWhereAnotherWas()
    {
        var rows = Enumerable.Range(0, 90).Select(i => Row(i, 3 + (i % 7))).ToList();
        var one = new BatchStream(rows, 32, 4);
        for (var i = 0; i < one.PassLength + 3; i++)
            one.Next();
        var two = new BatchStream(rows, 32, 4);
        two.Seek(one.Pass, one.Index);
        for (var i = 0; i < 20; i++)
            Assert.Equal(one.Next().Select(r => r.Text), two.Next().Select(r => r.Text));
    }

    [Fact]
    public void ContrastiveLoss_Derivatives_EqualFiniteDifferences()
    {
        var random = new SeededRandom(8);
        var logits = Enumerable.Range(0, 7 * 3).Select(_ => (float)((random.NextDouble() * 4) - 2)).ToArray();
        int[] own = [0, 1, ContrastiveLoss.None, 1, 2, 0, ContrastiveLoss.None];
        var derivatives = logits.ToArray();
        ContrastiveLoss.Derive(derivatives, own, 3, bidirectional: true);
        for (var i = 0; i < logits.Length; i++)
            Assert.Equal((LossAt(i, 1e-2f) - LossAt(i, -1e-2f)) / 2e-2, derivatives[i], 1e-3);

        double LossAt(int index, float step)
        {
            var moved = logits.ToArray();
            moved[index] += step;
            return ContrastiveLoss.Derive(moved, own, 3, bidirectional: true).Loss;
        }
    }

    [Fact]
    public void ContrastiveLoss_ToWords_CountsEveryTypeAlike()
    {
        // Nine words of one type, one of another, a third type that is not there.
        var random = new SeededRandom(9);
        int[] own = [0, 0, 0, 0, 1, 0, 0, 0, 0, 0];
        var logits = Enumerable.Range(0, own.Length * 3).Select(_ => (float)((random.NextDouble() * 4) - 2)).ToArray();
        var both = ContrastiveLoss.Derive(logits.ToArray(), own, 3, bidirectional: true);
        var one = ContrastiveLoss.Derive(logits.ToArray(), own, 3, bidirectional: false);
        Assert.Equal(10, both.Weight);
        Assert.Equal(10 * (MeanOf(0) + MeanOf(1)) / 2, both.Loss - one.Loss, 1e-9);

        double MeanOf(int type)
        {
            double[] column = [.. Enumerable.Range(0, own.Length).Select(unit => (double)logits[(unit * 3) + type])];
            return Enumerable.Range(0, own.Length).Where(unit => own[unit] == type).Average(unit => Math.Log(column.Sum(Math.Exp)) - column[unit]);
        }
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void ChainTail_Derivatives_EqualFiniteDifferences(bool isChain, bool wordShape)
    {
        var random = new SeededRandom(6);
        using var tail = new ChainTail(["O", "B-X", "I-X"], isChain, wordShape);
        var row = new TuningRow(0, [1, 2, 3, 4, 5], 0, [1, 2, 3, 4], [1u, 2u, 4u, 7u], [true, false, false, true], wordShape ? [[1], [2, 5], [2], [1]] : []);
        tail.Accumulate([row], Logits());
        // A step makes the tail's own weights other than nothing.
        tail.Update(0.3);
        var logits = Logits();
        var derivatives = logits.ToArray();
        tail.Accumulate([row], derivatives);
        for (var i = 0; i < logits.Length; i++)
            Assert.Equal((LossAt(i, 1e-2f) - LossAt(i, -1e-2f)) / 2e-2, derivatives[i], 2e-3);

        double LossAt(int index, float step)
        {
            var moved = logits.ToArray();
            moved[index] += step;
            return tail.Accumulate([row], moved).Loss;
        }

        float[] Logits() => [.. Enumerable.Range(0, 12).Select(_ => (float)((random.NextDouble() * 2) - 1))];
    }

    [Fact]
    public void ChainTail_Trained_FollowsShapesAndForbidsMoves()
    {
        using var tail = new ChainTail(["O", "B-X", "I-X"], isChain: true, wordShape: true);
        var row = new TuningRow(0, [1, 2, 3, 4], 0, [1, 2], [1u, 2u], [true, false], [[3], [4]]);
        for (var i = 0; i < 60; i++)
        {
            tail.Accumulate([row], new float[6]);
            tail.Update(0.1);
        }

        var logits = new float[6];
        tail.AddShapes([row], logits);
        Assert.True(logits[0] > logits[1] + 1 && logits[4] > logits[3] + 1);
        var chain = tail.Chain()!.Value;
        Assert.True(chain.Start[2] < -9000 && chain.Transitions[2] < -9000);
    }

    [Fact]
    public void FewShot_Draw_HasEnoughOfEachTypeAndIsSeeded()
    {
        var random = new SeededRandom(1);
        var samples = Enumerable.Range(0, 300).Select(i => new Learning.Data.TaggedText(
            $"t{i}", [new(0, 1)], random.Next(10) switch { 0 => [new("RARE", 0, 0)], < 5 => [new("COMMON", 0, 0)], _ => [] }, null, "s")).ToList();
        var drawn = FewShot.Draw(samples, ["COMMON", "RARE"], 5, 3);
        Assert.Equal(5, drawn.Count(s => s.Spans.Any(x => x.Type == "RARE")));
        Assert.Equal(5, drawn.Count(s => s.Spans.Any(x => x.Type == "COMMON")));
        Assert.Equal(drawn.Select(s => s.Text), FewShot.Draw(samples, ["COMMON", "RARE"], 5, 3).Select(s => s.Text));
        Assert.NotEqual(drawn.Select(s => s.Text), FewShot.Draw(samples, ["COMMON", "RARE"], 5, 4).Select(s => s.Text));
    }

    [Fact]
    public void EventFile_Record_HasTheMaskedCrcThatTensorBoardChecks()
    {
        // CRC-32C of "123456789" is e3069283 (RFC 3720's check value); the mask is a rotation by 15 and an addition.
        const uint crc = 0xE3069283;
        Assert.Equal(((crc >> 15) | (crc << 17)) + 0xA282EAD8u, EventFile.MaskedCrc("123456789"u8));
    }

    private static TuningRow Row(int text, int length) => new(text, new int[length], 0, [1], [1u], [true], []);
}
