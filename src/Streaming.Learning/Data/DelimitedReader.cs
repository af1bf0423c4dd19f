using System.Globalization;
using System.Text;
using CsvHelper;
using CsvHelper.Configuration;
using Streaming.Core;

namespace Streaming.Learning.Data;

/// <summary>Reads CSV and TSV.</summary>
internal static class DelimitedReader
{
    private static readonly string[] TextNames = ["text", "sentence"];
    private static readonly string[] LabelColumnNames = ["label", "labels", "class", "category"];

    public static IEnumerable<Sample> Read(string path, DataFormat format, DataReadOptions options)
    {
        using var reader = DataFile.OpenText(path);
        using var csv = new CsvParser(reader, new CsvConfiguration(CultureInfo.InvariantCulture)
        {
            Delimiter = format == DataFormat.Csv ? "," : "\t",
            Mode = format == DataFormat.Csv ? CsvMode.RFC4180 : CsvMode.NoEscape,
            BadDataFound = null,
            IgnoreBlankLines = true,
        });
        Columns? columns = null;
        while (Advance(csv, path))
        {
            var row = csv.Record!;
            if (columns is null)
            {
                columns = Columns.Resolve(path, row, options);
                if (columns.HasHeader)
                    continue;
            }

            var line = csv.RawRow;
            if (row.Length <= columns.Last)
                throw DataErrors.Malformed(path, line, $"{columns.Last + 1} columns are needed, the row has {row.Length}");
            yield return new LabelledText
            {
                Text = string.Join(' ', columns.Text.Select(c => row[c]).Where(t => t.Length > 0)),
                Labels = LabelNames.Resolve(row[columns.Label].Trim(), options.LabelNames, path, line),
                Origin = $"{Path.GetFileName(path)}:{line}",
            };
        }
    }

    private static bool Advance(CsvParser csv, string path)
    {
        try
        {
            return csv.Read();
        }
        catch (Exception e) when (e is DecoderFallbackException or InvalidDataException)
        {
            throw DataFile.Undecodable(path, csv.RawRow + 1, e);
        }
        catch (CsvHelperException e)
        {
            throw DataErrors.Malformed(path, csv.RawRow, "the row can't be read as delimited values", e);
        }
    }

    private sealed record Columns(int[] Text, int Label, bool HasHeader)
    {
        public int Last => Math.Max(Label, Text.Max());

        public static Columns Resolve(string path, string[] first, DataReadOptions options)
        {
            var wanted = options.TextColumns.Append(options.LabelColumn ?? "");
            var header = options.Header
                ?? first.Any(c => wanted.Contains(c) || LabelColumnNames.Contains(c, StringComparer.OrdinalIgnoreCase));
            var label = options.LabelColumn is { } name
                ? Find(path, first, name, header)
                : header ? Array.FindIndex(first, c => LabelColumnNames.Contains(c, StringComparer.OrdinalIgnoreCase)) : 1;
            if (label < 0)
                throw DataErrors.Column(path, $"no column is named {string.Join(", ", LabelColumnNames)}; name the label column");
            int[] text;
            if (options.TextColumns.Count > 0)
            {
                text = [.. options.TextColumns.Select(c => Find(path, first, c, header))];
            }
            else
            {
                var named = header ? Array.FindIndex(first, c => TextNames.Contains(c, StringComparer.OrdinalIgnoreCase)) : -1;
                text = [named >= 0 ? named : label == 0 ? 1 : 0];
            }

            return new Columns(text, label, header);
        }

        private static int Find(string path, string[] first, string column, bool header)
        {
            var index = header ? Array.IndexOf(first, column) : -1;
            if (index < 0 && !int.TryParse(column, NumberStyles.None, CultureInfo.InvariantCulture, out index))
                throw DataErrors.Column(path, $"there is no column '{column}'{(header ? $"; the header has {string.Join(", ", first.Select(DataErrors.Quote))}" : " and no header; give its number from 0")}");
            return index;
        }
    }
}
