using System.CommandLine;
using System.CommandLine.Parsing;

namespace Streaming.Cli.CommandLine;

/// <summary>Options that take one of a few words, or a list of such words; anything else is refused with what there is.</summary>
internal static class Choice
{
    /// <summary>Refuses other words.</summary>
    public static Option<string?> Among(this Option<string?> option, params IReadOnlyList<string> allowed)
    {
        option.HelpName ??= string.Join('|', allowed);
        option.Validators.Add(result => Check(result, option.Name, allowed, isList: false));
        return option;
    }

    /// <summary>Refuses other words in a list separated by commas.</summary>
    public static Option<string?> ListAmong(this Option<string?> option, params IReadOnlyList<string> allowed)
    {
        option.HelpName ??= string.Join(',', allowed);
        option.Validators.Add(result => Check(result, option.Name, allowed, isList: true));
        return option;
    }

    /// <summary>Refuses numbers outside a range.</summary>
    public static Option<int> Between(this Option<int> option, int least, int most)
    {
        option.HelpName ??= "N";
        option.Validators.Add(result =>
        {
            foreach (var token in result.Tokens)
            {
                if (!int.TryParse(token.Value, out var value) || value < least || value > most)
                    result.AddError($"{option.Name} must be {least} to {most}, not '{token.Value}'");
            }
        });
        return option;
    }

    /// <summary>The words of a list separated by commas; null when the option is not given.</summary>
    public static IReadOnlyList<string>? Words(string? list) =>
        list?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    private static void Check(OptionResult result, string name, IReadOnlyList<string> allowed, bool isList)
    {
        foreach (var token in result.Tokens)
        {
            foreach (var word in isList ? Words(token.Value)! : [token.Value])
            {
                if (!allowed.Contains(word))
                    result.AddError($"{name} cannot be '{word}'; it is one of {string.Join(", ", allowed)}");
            }
        }
    }
}
