namespace Streaming.Learning.Data;

/// <summary>Reads annotated data of any supported format.</summary>
public static class DataReader
{
    /// <summary>Reads a file lazily, in order.</summary>
    /// <returns><see cref="TaggedSentence"/>s from CoNLL, <see cref="SpannedText"/>s from SemEval XML, bracket notation and JSONL with spans, <see cref="LabelledText"/>s otherwise.</returns>
    /// <exception cref="Core.StreamingException">
    /// <c>data_file_missing</c>, <c>data_encoding</c>, <c>data_malformed</c>, <c>data_offsets_wrong</c>, <c>data_column_missing</c>, with file and line.
    /// </exception>
    public static IEnumerable<Sample> Read(string path, DataFormat format, DataReadOptions? options = null)
    {
        options ??= new DataReadOptions();
        return format switch
        {
            DataFormat.Conll => ConllReader.Read(path, options),
            DataFormat.Csv or DataFormat.Tsv => DelimitedReader.Read(path, format, options),
            DataFormat.SemevalXml => SemevalReader.Read(path),
            DataFormat.Jsonl => JsonlReader.Read(path, options),
            DataFormat.Bracket => BracketReader.Read(path),
            DataFormat.Clinc => ClincReader.Read(path, options),
            _ => throw new ArgumentOutOfRangeException(nameof(format), format, "This is a bug: a format without a reader."),
        };
    }
}
