using System.CommandLine;
using System.Reflection;
using System.Text.Json;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Composition;
using Streaming.Core;

namespace Streaming.Cli.Doctor;

/// <summary><c>streaming doctor</c>: what this installation consists of, and what is broken.</summary>
internal static class DoctorCommand
{
    private static readonly string[] Groups = ["machine", "adapters", "models", "data", "topologies"];

    public static Command Create(CliContext context)
    {
        var data = CommonOptions.Data();
        var json = CommonOptions.Json();
        return new Command("doctor", "Show what this installation consists of, and what is broken").With(data, json).Does(context, (parsed, _) =>
        {
            var notes = SetupNotes.Read(context);
            List<Check> checks = [.. MachineChecks.Run(notes), .. ProductChecks.Run(context, parsed.GetValue(data))];
            var ok = checks.TrueForAll(static check => check.State != CheckState.Broken);
            if (parsed.GetValue(json))
                WriteJson(context.Out, notes, checks, ok);
            else
                WriteText(context, checks, ok);
            return Task.FromResult(ok ? ExitCode.Ok : ExitCode.CheckFailed);
        });
    }

    private static string Version => typeof(DoctorCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "unknown";

    private static void WriteText(CliContext context, List<Check> checks, bool ok)
    {
        var paint = new Paint(context.UseColour);
        context.Out.WriteLine(paint.Strong($"streaming {Version}"));
        var names = checks.Max(static check => check.Name.Length);
        foreach (var group in Groups)
        {
            context.Out.WriteLine();
            context.Out.WriteLine(paint.Strong(group));
            foreach (var check in checks.Where(check => check.Group == group))
            {
                var state = check.State switch
                {
                    CheckState.Ok => paint.In("32", "ok    "),
                    CheckState.Warning => paint.In("33", "warn  "),
                    _ => paint.In("31", "BROKEN"),
                };
                context.Out.WriteLine($"  {state}  {check.Name.PadRight(names)}  {TerminalText.Line(check.Value)}");
                if (check.Detail is { } detail)
                    context.Out.WriteLine($"          {"".PadRight(names)}  {paint.Faint(TerminalText.Line(detail))}");
            }
        }

        context.Out.WriteLine();
        context.Out.WriteLine(ok ? "everything needed works" : "something needed is broken");
    }

    /// <summary><c>ok</c>, <c>version</c>, <c>package_set</c>, <c>package_set_reason</c>, then each group as an array of <c>name</c>, <c>state</c>, <c>value</c>, <c>detail</c>.</summary>
    private static void WriteJson(TextWriter output, IReadOnlyDictionary<string, string> notes, List<Check> checks, bool ok) => JsonText.WriteObject(output, json =>
    {
        json.WriteBoolean("ok", ok);
        json.WriteString("version", Version);
        json.WriteString("package_set", PackageSet.Name);
        json.WriteString("package_set_reason", notes.GetValueOrDefault("package_set_reason"));
        foreach (var group in Groups)
        {
            json.WriteStartArray(group);
            foreach (var check in checks.Where(check => check.Group == group))
                Write(json, check);
            json.WriteEndArray();
        }
    });

    private static void Write(Utf8JsonWriter json, Check check)
    {
        json.WriteStartObject();
        json.WriteString("name", check.Name);
        json.WriteString("state", check.State switch
        {
            CheckState.Ok => "ok",
            CheckState.Warning => "warning",
            _ => "broken",
        });
        json.WriteString("value", check.Value);
        if (check.Detail is { } detail)
            json.WriteString("detail", detail);
        json.WriteEndObject();
    }
}
