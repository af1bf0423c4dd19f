namespace Streaming.Core.Topology;

/// <summary>Stable codes of what can be wrong with a topology file. A code, once released, keeps its meaning.</summary>
public static class TopologyErrorCodes
{
    /// <summary>The file is not there, is a folder, or cannot be read.</summary>
    public const string FileUnreadable = "file_unreadable";

    /// <summary>The file is larger than <see cref="TopologyLimits.MaxFileBytes"/>.</summary>
    public const string FileTooLarge = "file_too_large";

    /// <summary>The file is not UTF-8 text.</summary>
    public const string InvalidUtf8 = "invalid_utf8";

    /// <summary>A character that no text file needs, e.g. NUL.</summary>
    public const string ControlCharacter = "control_character";

    /// <summary>A line is indented with a tab.</summary>
    public const string TabIndentation = "tab_indentation";

    /// <summary>Deeper than <see cref="TopologyLimits.MaxDepth"/>.</summary>
    public const string TooDeep = "too_deep";

    /// <summary>More nodes than <see cref="TopologyLimits.MaxNodes"/>, or text that grows beyond bounds by its variables.</summary>
    public const string TooComplex = "too_complex";

    /// <summary>More aliases than <see cref="TopologyLimits.MaxAliases"/>.</summary>
    public const string TooManyAliases = "too_many_aliases";

    /// <summary>Not YAML.</summary>
    public const string InvalidYaml = "invalid_yaml";

    /// <summary>Nothing in the file.</summary>
    public const string EmptyFile = "empty_file";

    /// <summary>More than one YAML document in the file.</summary>
    public const string SeveralDocuments = "several_documents";

    /// <summary>The same key twice in one mapping.</summary>
    public const string DuplicateKey = "duplicate_key";

    /// <summary>A key this version does not know.</summary>
    public const string UnknownKey = "unknown_key";

    /// <summary>A key that must be there is not.</summary>
    public const string MissingKey = "missing_key";

    /// <summary>A mapping, list or scalar where another kind of value belongs.</summary>
    public const string WrongType = "wrong_type";

    /// <summary>A value of the right kind that is not allowed.</summary>
    public const string InvalidValue = "invalid_value";

    /// <summary>A number, duration, size or length beyond its range.</summary>
    public const string OutOfRange = "out_of_range";

    /// <summary>The same item twice in a list of distinct ones.</summary>
    public const string DuplicateItem = "duplicate_item";

    /// <summary><c>${NAME}</c> that is set nowhere and has no default.</summary>
    public const string UndefinedVariable = "undefined_variable";

    /// <summary>A <c>${</c> that does not follow the form <c>${NAME}</c> or <c>${NAME:-default}</c>.</summary>
    public const string InvalidVariable = "invalid_variable";

    /// <summary>A file that extends itself, directly or not.</summary>
    public const string ExtendsCycle = "extends_cycle";

    /// <summary>A base file outside the folder of the file that extends it.</summary>
    public const string ExtendsOutside = "extends_outside";

    /// <summary>An environment variable <c>STREAMING__…</c> that names no setting.</summary>
    public const string UnknownOverride = "unknown_override";

    /// <summary>A stage that does not exist.</summary>
    public const string UnknownStage = "unknown_stage";

    /// <summary>A stage twice in a chain.</summary>
    public const string DuplicateStage = "duplicate_stage";

    /// <summary>A stage reads what no stage before it gives.</summary>
    public const string MissingInput = "missing_input";

    /// <summary>A stage reads a value of the wrong kind.</summary>
    public const string WrongInput = "wrong_input";

    /// <summary>Two stages give a value of the same name.</summary>
    public const string DuplicateOutput = "duplicate_output";

    /// <summary>Warning: nothing reads what a stage gives.</summary>
    public const string UnusedOutput = "unused_output";

    /// <summary>The chain has no stage that annotates.</summary>
    public const string NoAnnotation = "no_annotation";

    /// <summary>Settings that exclude or need one another.</summary>
    public const string Conflict = "conflict";

    /// <summary>Warning: a variable that nothing uses.</summary>
    public const string UnusedVariable = "unused_variable";

    /// <summary>Warning: a setting that has no effect because of others.</summary>
    public const string UnusedSetting = "unused_setting";

    /// <summary>Warning: a secret stands in the file itself.</summary>
    public const string SecretInFile = "secret_in_file";
}
