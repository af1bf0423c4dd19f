using System.Reflection;

namespace Streaming.Testing.Servers;

/// <summary>
/// The cases of a conformance suite as data, so that a suite on real servers can be skipped as a whole, with a reason,
/// where there are none. (A class that inherits the suite would run it always.)
/// </summary>
public static class ConformanceCases
{
    /// <summary>Method and number of its data row, for each case.</summary>
    public static IEnumerable<object[]> Of(Type suite)
    {
        foreach (var method in suite.GetMethods(BindingFlags.Public | BindingFlags.Instance))
        {
            if (method.GetCustomAttribute<FactAttribute>() is not { Skip: null } fact)
                continue;
            var rows = fact is TheoryAttribute ? method.GetCustomAttributes<InlineDataAttribute>().Count() : 1;
            for (var row = 0; row < rows; row++)
                yield return [method.Name, row];
        }
    }

    /// <summary>Runs one case of <paramref name="suite"/>.</summary>
    public static async Task RunAsync(object suite, string name, int row)
    {
        var method = suite.GetType().GetMethod(name)!;
        var rows = method.GetCustomAttributes<InlineDataAttribute>().ToList();
        var arguments = rows.Count == 0 ? [] : rows[row].GetData(method).Single();
        try
        {
            if (method.Invoke(suite, arguments) is Task task)
                await task;
        }
        catch (TargetInvocationException e) when (e.InnerException is { } inner)
        {
            throw inner;
        }
    }
}
