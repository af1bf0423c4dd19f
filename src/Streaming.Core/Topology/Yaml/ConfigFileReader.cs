namespace Streaming.Core.Topology.Yaml;

/// <summary>Reads a topology file and those it extends, and lays them over one another.</summary>
internal sealed class ConfigFileReader(DiagnosticBag diagnostics)
{
    private readonly List<string> files = [];
    private readonly List<string> open = [];

    /// <summary>Files read, the first one first.</summary>
    public IReadOnlyList<string> Files => files;

    /// <summary>The merged tree, or null after reporting why there is none.</summary>
    public ConfigMapping? ReadFile(string path)
    {
        var bytes = ReadBytes(path, new TextPosition(path, 0, 0));
        return bytes is null ? null : ReadTree(bytes, path, Path.GetFullPath(path));
    }

    /// <summary>The tree of a text that lies in no file; it cannot extend others.</summary>
    public ConfigMapping? ReadText(ReadOnlySpan<byte> text, string name) => ReadTree(text, name, null);

    private ConfigMapping? ReadTree(ReadOnlySpan<byte> bytes, string shownAs, string? fullPath)
    {
        files.Add(shownAs);
        var root = YamlTreeReader.Read(bytes, shownAs, diagnostics);
        if (root is null)
        {
            return null;
        }

        if (root is not ConfigMapping mapping)
        {
            var hint = "Begin with `name:` and `source:`.";
            if (root is ConfigScalar { IsNull: true })
            {
                diagnostics.Error(TopologyErrorCodes.EmptyFile, new TextPosition(shownAs, 1, 1), "there is nothing in the file.", hint);
            }
            else
            {
                diagnostics.Error(TopologyErrorCodes.WrongType, root.Position, $"the file is {root.Kind}, not a mapping.", hint);
            }

            return null;
        }

        return mapping.Find("extends") is { } extends ? Extend(mapping, extends, shownAs, fullPath) : mapping;
    }

    private ConfigMapping? Extend(ConfigMapping mapping, ConfigNode extends, string shownAs, string? fullPath)
    {
        IReadOnlyList<ConfigNode> bases = extends is ConfigSequence list ? list.Items : [extends];
        ConfigMapping? under = null;
        var complete = true;
        open.Add(fullPath ?? shownAs);
        foreach (var node in bases)
        {
            // Anything but text is reported when the merged tree is held against the language.
            if (node is not ConfigScalar { IsNull: false, Text.Length: > 0 } scalar)
            {
                continue;
            }

            var tree = ReadBase(scalar, shownAs, fullPath);
            complete &= tree is not null;
            under = under is null ? tree : tree is null ? under : ConfigMerger.Merge(under, tree);
        }

        open.RemoveAt(open.Count - 1);
        return !complete ? null : under is null ? mapping : ConfigMerger.Merge(under, mapping);
    }

    private ConfigMapping? ReadBase(ConfigScalar name, string shownAs, string? fullPath)
    {
        var at = name.Position;
        if (fullPath is null)
        {
            diagnostics.Error(TopologyErrorCodes.ExtendsOutside, at, "a text that is not in a file cannot extend one.", "Save it beside the file it extends.");
            return null;
        }

        if (name.Text.Contains("${", StringComparison.Ordinal))
        {
            diagnostics.Error(TopologyErrorCodes.InvalidVariable, at, "variables are not filled in here.", "Write the path of the file.");
            return null;
        }

        var folder = Path.GetDirectoryName(fullPath)!;
        string target;
        try
        {
            target = Path.GetFullPath(Path.Combine(folder, name.Text));
        }
        catch (ArgumentException)
        {
            diagnostics.Error(TopologyErrorCodes.ExtendsOutside, at, $"{Quoting.Quote(name.Text)} is no path.");
            return null;
        }

        if (Path.IsPathRooted(name.Text) || !IsInside(target, folder) || !IsInside(Resolve(target), Resolve(folder)))
        {
            diagnostics.Error(TopologyErrorCodes.ExtendsOutside, at, $"{Quoting.Quote(name.Text)} lies outside the folder of this file.", "Bring it into this folder or one below, and name it relative to this file.");
            return null;
        }

        if (open.Contains(target))
        {
            var circle = open.SkipWhile(f => f != target).Append(target).Select(f => Path.GetFileName(f));
            diagnostics.Error(TopologyErrorCodes.ExtendsCycle, at, $"the files extend one another in a circle: {Quoting.Quote(string.Join(" → ", circle))}.", "Take one `extends` out.");
            return null;
        }

        if (open.Count >= TopologyLimits.MaxExtendsDepth || files.Count >= TopologyLimits.MaxFiles)
        {
            diagnostics.Error(TopologyErrorCodes.TooComplex, at, $"files extend one another more than {TopologyLimits.MaxExtendsDepth} deep, or there are more than {TopologyLimits.MaxFiles} of them.");
            return null;
        }

        var bytes = ReadBytes(target, at, name.Text);
        var shown = Path.Combine(Path.GetDirectoryName(shownAs) ?? string.Empty, name.Text);
        return bytes is null ? null : ReadTree(bytes, shown, target);
    }

    private byte[]? ReadBytes(string path, TextPosition at, string? shownAs = null)
    {
        var shown = Quoting.Quote(shownAs ?? path);
        try
        {
            if (Directory.Exists(path))
            {
                diagnostics.Error(TopologyErrorCodes.FileUnreadable, at, $"{shown} is a folder.", "Name a file, e.g. `topologies/minimal.yaml`.");
                return null;
            }

            // Bounded whatever the file says of its length: devices say 0 and never end.
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 1);
            var buffer = new byte[TopologyLimits.MaxFileBytes + 1];
            var length = stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
            return buffer[..length];
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            diagnostics.Error(TopologyErrorCodes.FileUnreadable, at, $"there is no file {shown}.", NearFile(path));
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            diagnostics.Error(TopologyErrorCodes.FileUnreadable, at, $"{shown} cannot be read: {e.GetType().Name}.", "Look at its permissions.");
            return null;
        }
    }

    private static string? NearFile(string path)
    {
        try
        {
            var folder = Path.GetDirectoryName(Path.GetFullPath(path));
            var names = folder is not null && Directory.Exists(folder) ? Directory.EnumerateFiles(folder, "*.yaml").Take(200).Select(f => Path.GetFileName(f)!) : [];
            return NameSuggester.Nearest(Path.GetFileName(path), names) is { } near ? $"Did you mean {Quoting.Quote(near)}?" : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }

    private static bool IsInside(string path, string folder) =>
        path.StartsWith(folder.EndsWith(Path.DirectorySeparatorChar) ? folder : folder + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    // Follows links in every part of the path, so that a link cannot lead out of the folder.
    private static string Resolve(string path)
    {
        var resolved = Path.GetPathRoot(path)!;
        foreach (var part in path[resolved.Length..].Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries))
        {
            resolved = Path.Combine(resolved, part);
            try
            {
                FileSystemInfo info = Directory.Exists(resolved) ? new DirectoryInfo(resolved) : new FileInfo(resolved);
                resolved = info.ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? resolved;
            }
            catch (IOException)
            {
                return resolved; // a circle of links: opening it says so
            }
        }

        return resolved;
    }
}
