using System.Security.Cryptography;
using System.Text;
using Streaming.Contracts;
using Streaming.Core;

namespace Streaming.Learning.Labelling;

/// <summary>
/// A prompt that users can edit: a text file in sections, each under a line <c># name</c>: <c>system</c>, <c>repair</c>, and one for
/// each task. Its version is its name and the beginning of its SHA-256, so that every label tells what was asked.
/// </summary>
/// <remarks>Placeholders: <c>{labels}</c>, <c>{examples}</c>, <c>{document}</c> in tasks; <c>{begin}</c>, <c>{end}</c>, <c>{canary}</c> in the system section; <c>{problem}</c> in the repair.</remarks>
public sealed class PromptFile
{
    private const int MaxBytes = 64 * 1024;

    private readonly Dictionary<string, string> _sections;

    private PromptFile(string name, string version, Dictionary<string, string> sections) => (Name, Version, _sections) = (name, version, sections);

    /// <summary>Name: the file's without its ending.</summary>
    public string Name { get; }

    /// <summary>Name, <c>@</c>, and 12 hexadecimal digits.</summary>
    public string Version { get; }

    /// <summary>Reads a file.</summary>
    /// <exception cref="StreamingException"><c>prompt_missing</c>, <c>prompt_invalid</c>.</exception>
    public static PromptFile Load(string path)
    {
        if (!File.Exists(path))
            throw new StreamingException("prompt_missing", $"There is no prompt '{path}'. See labelling.llm.prompt; prompts lie in topologies/prompts.");
        if (new FileInfo(path).Length > MaxBytes)
            throw new StreamingException("prompt_invalid", $"The prompt '{path}' is larger than {MaxBytes / 1024} KiB.");
        return Parse(Path.GetFileNameWithoutExtension(path), File.ReadAllText(path));
    }

    /// <summary>Reads a prompt's text.</summary>
    /// <exception cref="StreamingException"><c>prompt_invalid</c>.</exception>
    public static PromptFile Parse(string name, string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var sections = new Dictionary<string, string>(StringComparer.Ordinal);
        string? section = null;
        var body = new StringBuilder();
        foreach (var line in text.ReplaceLineEndings("\n").Split('\n'))
        {
            if (!line.StartsWith("# ", StringComparison.Ordinal))
            {
                body.Append(line).Append('\n');
                continue;
            }

            Keep();
            section = line[2..].Trim();
            body.Clear();
        }

        Keep();
        var version = $"{name}@{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..12]}";
        var prompt = new PromptFile(name, version, sections);
        prompt.Require("system", "{begin}", "{end}", "{canary}");
        prompt.Require("repair", "{problem}");
        foreach (var task in Enum.GetValues<LabelTask>())
            prompt.Require(task.ToName(), "{labels}", "{examples}", "{document}");
        return prompt;

        void Keep()
        {
            if (section is not null)
                sections[section] = body.ToString().Trim();
        }
    }

    /// <summary>A section with its placeholders filled in. What is filled in is not looked through again, so a text with placeholders stays as it is.</summary>
    internal string Fill(string section, params ReadOnlySpan<(string Name, string Value)> values)
    {
        var template = _sections[section].AsSpan();
        var filled = new StringBuilder();
        while (template.Length > 0)
        {
            var (at, which) = (template.Length, -1);
            for (var i = 0; i < values.Length; i++)
            {
                var found = template.IndexOf(values[i].Name, StringComparison.Ordinal);
                if (found >= 0 && found < at)
                    (at, which) = (found, i);
            }

            filled.Append(template[..at]);
            if (which < 0)
                break;
            filled.Append(values[which].Value);
            template = template[(at + values[which].Name.Length)..];
        }

        return filled.ToString();
    }

    private void Require(string section, params ReadOnlySpan<string> placeholders)
    {
        if (!_sections.TryGetValue(section, out var body) || body.Length == 0)
            throw new StreamingException("prompt_invalid", $"The prompt '{Name}' has no section '# {section}'. Compare it with topologies/prompts/standard.md.");
        foreach (var placeholder in placeholders)
        {
            if (!body.Contains(placeholder, StringComparison.Ordinal))
                throw new StreamingException("prompt_invalid", $"The section '# {section}' of the prompt '{Name}' does not use {placeholder}. Compare it with topologies/prompts/standard.md.");
        }
    }
}
