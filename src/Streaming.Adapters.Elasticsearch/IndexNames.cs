using System.Text;

namespace Streaming.Adapters.Elasticsearch;

/// <summary>Rules for names of indices and ids of documents, as Elasticsearch and OpenSearch have them.</summary>
public static class IndexNames
{
    /// <summary>Longest id, in UTF-8 bytes.</summary>
    public const int MaxIdBytes = 512;

    /// <summary>True when an alias and its numbered indices can be called so.</summary>
    public static bool IsValid(string name)
    {
        // Room for "-000001".
        if (name.Length is 0 or > 200 || "-_+.".Contains(name[0]))
            return false;
        foreach (var c in name)
        {
            if (!char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c is not ('-' or '_' or '.'))
                return false;
        }

        return true;
    }

    /// <summary>What is wrong with an id, or null.</summary>
    public static string? IdError(string id)
    {
        if (id.Length == 0)
            return "the id is empty";
        // Three bytes a code unit at most, so short ids need no counting.
        if (id.Length > MaxIdBytes / 3 && Encoding.UTF8.GetByteCount(id) > MaxIdBytes)
            return $"the id is longer than {MaxIdBytes} bytes";
        return null;
    }
}
