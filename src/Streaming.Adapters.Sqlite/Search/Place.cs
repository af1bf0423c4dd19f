namespace Streaming.Adapters.Sqlite.Search;

/// <summary>A document's place in the order of an answer.</summary>
internal readonly record struct Place(double Score, long Time, long Row);

/// <summary>The better place is the greater one: higher score, then newer, then stored later.</summary>
internal sealed class PlaceComparer : IComparer<Place>
{
    internal static readonly PlaceComparer Instance = new();

    public int Compare(Place a, Place b)
    {
        var order = a.Score.CompareTo(b.Score);
        if (order == 0)
            order = a.Time.CompareTo(b.Time);
        return order != 0 ? order : a.Row.CompareTo(b.Row);
    }
}
