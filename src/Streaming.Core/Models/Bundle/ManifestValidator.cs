namespace Streaming.Core.Models.Bundle;

/// <summary>Checks a manifest against itself and gives every error at once.</summary>
internal static class ManifestValidator
{
    private const int MaxFiles = 10_000;
    private const int MaxDimensions = 65_536;
    private const int MaxSequence = 1_048_576;

    private static readonly string[] Precisions = ["fp32", "fp16", "int8", "int8-dynamic"];

    public static List<string> Validate(ModelManifest manifest)
    {
        var errors = new List<string>();
        if (manifest.FormatVersion != ModelManifest.CurrentFormatVersion)
            errors.Add($"format_version is {manifest.FormatVersion}; this program reads {ModelManifest.CurrentFormatVersion}");
        if (!IsName(manifest.Name))
            errors.Add("name must be 1-64 of a-z 0-9 . _ -, the first a letter or digit");
        if (!IsName(manifest.Version))
            errors.Add("version must be 1-64 of a-z 0-9 . _ -, the first a letter or digit");
        if (manifest.Licence.Length == 0)
            errors.Add("licence is empty");
        Files(manifest, errors);
        Encoder(manifest, errors);
        Tokenizer(manifest, errors);
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var head in manifest.Heads)
        {
            if (head is null)
                errors.Add("heads holds a null");
            else
                Head(manifest, head, names, errors);
        }
        return errors;
    }

    /// <summary>A relative path of plain segments: no root, no <c>..</c>, no backslash, no control character, nothing that a case-blind disk confuses with the manifest.</summary>
    public static bool IsSafePath(string path)
    {
        if (path.Length is 0 or > 255 || path.Equals("manifest.json", StringComparison.OrdinalIgnoreCase))
            return false;
        foreach (var character in path)
        {
            if (!char.IsAsciiLetterOrDigit(character) && character is not ('.' or '_' or '-' or '/'))
                return false;
        }
        foreach (var segment in path.Split('/'))
        {
            if (segment.Length == 0 || segment[0] == '.' || segment[^1] == '.')
                return false;
        }
        return true;
    }

    /// <summary>What names of bundles, heads, versions and channels look like.</summary>
    public static bool IsName(string text)
    {
        if (text.Length is 0 or > 64 || !(char.IsAsciiLetterLower(text[0]) || char.IsAsciiDigit(text[0])))
            return false;
        foreach (var character in text)
        {
            if (!char.IsAsciiLetterLower(character) && !char.IsAsciiDigit(character) && character is not ('.' or '_' or '-'))
                return false;
        }
        return true;
    }

    private static bool IsDigest(string text)
    {
        if (text.Length != 64)
            return false;
        foreach (var character in text)
        {
            if (!char.IsAsciiHexDigitLower(character))
                return false;
        }
        return true;
    }

    private static void Files(ModelManifest manifest, List<string> errors)
    {
        if (manifest.Files.Count > MaxFiles)
            errors.Add($"files has more than {MaxFiles} entries");
        var folded = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (path, file) in manifest.Files)
        {
            if (!IsSafePath(path))
                errors.Add("files has a path that is not a plain relative one inside the bundle");
            else if (!folded.Add(path))
                errors.Add($"files has '{path}' twice, but for case");
            if (file is null || !IsDigest(file.Sha256))
                errors.Add("files has an entry without a SHA-256 of 64 lower-case hexadecimal digits");
            else if (file.Size < 0)
                errors.Add("files has an entry with a negative size");
        }
    }

    private static void Encoder(ModelManifest manifest, List<string> errors)
    {
        var encoder = manifest.Encoder;
        if (!manifest.Files.TryGetValue(encoder.File, out var file))
            errors.Add("encoder.file is not among files");
        else if (file is not null && file.Sha256 != encoder.Sha256)
            errors.Add("encoder.sha256 differs from its entry in files");
        if (encoder.Family.Length == 0)
            errors.Add("encoder.family is empty");
        if (!Precisions.Contains(encoder.Precision))
            errors.Add($"encoder.precision must be one of {string.Join(", ", Precisions)}");
        if (encoder.Dimensions is < 1 or > MaxDimensions)
            errors.Add($"encoder.dimensions must be 1-{MaxDimensions}");
        if (encoder.MaxSequenceLength is < 3 or > MaxSequence)
            errors.Add($"encoder.max_sequence_length must be 3-{MaxSequence}");
        if (encoder.Layers.Count == 0)
            errors.Add("encoder.layers is empty");
        for (var i = 0; i < encoder.Layers.Count; i++)
        {
            if (encoder.Layers[i] < 0 || (i > 0 && encoder.Layers[i] <= encoder.Layers[i - 1]))
                errors.Add("encoder.layers must ascend from 0 or more");
        }
    }

    private static void Tokenizer(ModelManifest manifest, List<string> errors)
    {
        if (manifest.Tokenizer.Kind.Length == 0)
            errors.Add("tokenizer.kind is empty");
        if (manifest.Tokenizer.Files.Count == 0)
            errors.Add("tokenizer.files is empty");
        foreach (var path in manifest.Tokenizer.Files)
        {
            if (path is null || !manifest.Files.ContainsKey(path))
                errors.Add("tokenizer.files names a file that is not among files");
        }
    }

    private static void Head(ModelManifest manifest, HeadManifest head, HashSet<string> names, List<string> errors)
    {
        if (!IsName(head.Name) || !names.Add(head.Name))
            errors.Add("a head's name is malformed or used twice");
        if (!manifest.Files.ContainsKey(head.File))
            errors.Add($"the file of head '{head.Name}' is not among files");
        var labels = new HashSet<string>(StringComparer.Ordinal);
        foreach (var label in head.Labels)
        {
            if (string.IsNullOrEmpty(label) || label.Length > 128 || !labels.Add(label))
                errors.Add($"labels of head '{head.Name}' must be distinct and of 1-128 characters");
        }
        if (head.Labels.Count < 2)
            errors.Add($"head '{head.Name}' has fewer than two labels");
        if (head.Layers.Count == 0 && !head.WordShape)
            errors.Add($"head '{head.Name}' reads nothing");
        foreach (var layer in head.Layers)
        {
            if (!manifest.Encoder.Layers.Contains(layer))
                errors.Add($"head '{head.Name}' reads layer {layer}, which the encoder does not give out");
        }
        if (!double.IsFinite(head.Temperature) || head.Temperature <= 0)
            errors.Add($"temperature of head '{head.Name}' must be above 0");
        foreach (var (label, threshold) in head.Thresholds)
        {
            if (!(threshold is >= 0 and <= 1))
                errors.Add($"threshold '{label}' of head '{head.Name}' must be 0-1");
        }
    }
}
