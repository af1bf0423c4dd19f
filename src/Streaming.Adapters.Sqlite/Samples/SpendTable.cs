using Streaming.Adapters.Sqlite.Native;
using Streaming.Core.Labelling;

namespace Streaming.Adapters.Sqlite.Samples;

/// <summary>Rows of money: reserved, then settled. A row counts with what was settled, or else with what was reserved.</summary>
internal static class SpendTable
{
    internal static SpendDecision Reserve(SqliteDatabase database, string document, long day, long units, SpendCaps caps)
    {
        var spent = database.Prepare("SELECT coalesce(sum(coalesce(settled, reserved)), 0) FROM label_spending WHERE document=?1").BindText(1, document);
        spent.Step();
        var onDocument = spent.Int64(0);
        spent.Reset();
        if (onDocument > Money.ToCap(caps.PerDocument) - units)
            return new SpendDecision(null, DayIsSpent: false);
        if (SpentOn(database, day) > Money.ToCap(caps.PerDay) - units)
            return new SpendDecision(null, DayIsSpent: true);
        database.Prepare("INSERT INTO label_spending(day, document, reserved) VALUES(?1, ?2, ?3)").Bind(1, day).BindText(2, document).Bind(3, units).Run();
        return new SpendDecision(new SpendReservation(database.LastInsertRowId, Money.FromUnits(units)), DayIsSpent: false);
    }

    internal static bool Settle(SqliteDatabase database, SpendReservation reservation, long units)
    {
        database.Prepare("UPDATE label_spending SET settled=?2 WHERE id=?1 AND settled IS NULL").Bind(1, reservation.Id).Bind(2, units).Run();
        return true;
    }

    internal static long SpentOn(SqliteDatabase database, long day)
    {
        var select = database.Prepare("SELECT coalesce(sum(coalesce(settled, reserved)), 0) FROM label_spending WHERE day=?1").Bind(1, day);
        select.Step();
        var spent = select.Int64(0);
        select.Reset();
        return spent;
    }
}
