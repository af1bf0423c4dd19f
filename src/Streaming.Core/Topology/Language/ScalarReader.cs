using System.Globalization;
using Streaming.Core.Topology.Yaml;

namespace Streaming.Core.Topology.Language;

/// <summary>Reads one typed scalar. Types are strict: quotes make text, and text is never taken for a number.</summary>
internal static class ScalarReader
{
    public static object? Read(ConfigScalar scalar, SettingType type, string path, bool secret, DiagnosticBag diagnostics)
    {
        var what = Quoting.Quote(path);
        var shown = secret ? "the given value" : Quoting.Quote(Secrets.MaskUrls(scalar.Text));
        object? Wrong(string code, string? hint = null)
        {
            diagnostics.Error(code, scalar.Position, $"{what} cannot be {shown}.", hint ?? $"Write {type.Describe()}.");
            return null;
        }

        var text = scalar.Text;
        var isBare = scalar.IsPlain || scalar.IsUntyped;
        switch (type)
        {
            case TextType wanted:
                if (scalar.IsPlain && !scalar.IsUntyped && (SettingText.IsYamlNumber(text) || SettingText.IsBoolean(text) || scalar.IsNull))
                {
                    return Wrong(TopologyErrorCodes.WrongType, scalar.IsNull ? null : $"Put it into quotes: `\"{text}\"`.");
                }

                if (text.Length < wanted.MinLength || text.Length > wanted.MaxLength)
                {
                    return Wrong(TopologyErrorCodes.OutOfRange, $"It is {text.Length} characters long; from {wanted.MinLength} to {wanted.MaxLength} are allowed.");
                }

                return wanted.Matches(text) ? text : Wrong(TopologyErrorCodes.InvalidValue, NearText(text, wanted));

            case ChoiceType choice:
                if (choice.Values.Contains(text))
                {
                    return text;
                }

                var near = NameSuggester.Nearest(text, choice.Values);
                return Wrong(TopologyErrorCodes.InvalidValue, near is null ? null : $"Did you mean `{near}`? It is {choice.Describe()}.");

            case BooleanType:
                if (isBare && SettingText.IsBoolean(text))
                {
                    return text[0] is 't' or 'T';
                }

                return Wrong(TopologyErrorCodes.WrongType, BooleanHint(text, isBare));

            case IntegerType integer:
                if (!isBare || !SettingText.IsInteger(text))
                {
                    return Wrong(TopologyErrorCodes.WrongType, !isBare && SettingText.IsInteger(text) ? "Leave the quotes away." : null);
                }

                return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) && whole >= integer.Min && whole <= integer.Max
                    ? whole
                    : Wrong(TopologyErrorCodes.OutOfRange);

            case NumberType number:
                if (!isBare || !SettingText.IsNumber(text))
                {
                    return Wrong(TopologyErrorCodes.WrongType, !isBare && SettingText.IsNumber(text) ? "Leave the quotes away." : null);
                }

                var parsed = double.Parse(text, CultureInfo.InvariantCulture);
                return parsed >= number.Min && parsed <= number.Max ? parsed : Wrong(TopologyErrorCodes.OutOfRange);

            case DurationType duration:
                if (!SettingText.TryDuration(text, out var span))
                {
                    return Wrong(TopologyErrorCodes.WrongType, isBare && SettingText.IsNumber(text) ? $"Say the unit, e.g. `{text}ms` or `{text}s`." : null);
                }

                return span >= duration.Min && span <= duration.Max ? span : Wrong(TopologyErrorCodes.OutOfRange);

            case SizeType size:
                if (!SettingText.TrySize(text, out var bytes))
                {
                    return Wrong(TopologyErrorCodes.WrongType);
                }

                return bytes >= size.Min && bytes <= size.Max ? bytes : Wrong(TopologyErrorCodes.OutOfRange);

            default:
                throw new InvalidOperationException($"{type.GetType().Name} is not a scalar type; this is a bug.");
        }
    }

    private static string? NearText(string text, TextType wanted)
    {
        var lower = text.ToLowerInvariant().Replace(' ', '-');
        return lower != text && wanted.Matches(lower) ? $"Write `{lower}`: {wanted.Describe()}." : null;
    }

    private static string? BooleanHint(string text, bool isBare)
    {
        if (!isBare && SettingText.IsBoolean(text))
        {
            return "Leave the quotes away.";
        }

        return text.ToLowerInvariant() switch
        {
            "yes" or "on" or "y" or "1" => "Write `true`.",
            "no" or "off" or "n" or "0" => "Write `false`.",
            _ => null,
        };
    }
}
