using System.Buffers;
using System.Globalization;
using Streaming.Text.Tokenization;

namespace Streaming.Cli.Tokenizing;

/// <summary>
/// Writes a text's tokens, framing tokens included, on one line: <c>{"ids":[101,…,102],"offsets":[[0,0],[0,5],…,[0,0]]}</c>,
/// or the ids alone for people.
/// </summary>
internal sealed class TokenWriter(TextWriter output, SpecialTokens special, bool json) : IDisposable
{
    private const int LongestNumber = 11;
    private const int FlushAt = 16 * 1024;
    private readonly char[] _characters = ArrayPool<char>.Shared.Rent(FlushAt + 64);
    private int _used;

    /// <summary>Writes the line of a text.</summary>
    public void Write(TokenBuffer tokens)
    {
        if (json)
            Put("{\"ids\":[");
        Put(special.Start);
        foreach (var id in tokens.Ids)
        {
            Put(json ? ',' : ' ');
            Put(id);
        }

        Put(json ? ',' : ' ');
        Put(special.End);
        if (json)
            WriteOffsets(tokens);
        Put('\n');
    }

    /// <summary>Writes the line of a text that cannot be tokenised, so that lines still correspond.</summary>
    public void WriteError(string code) => Put(json ? $"{{\"error\":\"{code}\"}}\n" : "\n");

    /// <inheritdoc/>
    public void Dispose()
    {
        Flush();
        ArrayPool<char>.Shared.Return(_characters);
    }

    private void WriteOffsets(TokenBuffer tokens)
    {
        Put("],\"offsets\":[[0,0]");
        var starts = tokens.Starts;
        var ends = tokens.Ends;
        for (var i = 0; i < starts.Length; i++)
        {
            Put(",[");
            Put(starts[i]);
            Put(',');
            Put(ends[i]);
            Put(']');
        }

        Put(",[0,0]]}");
    }

    private void Put(int number)
    {
        Reserve(LongestNumber);
        number.TryFormat(_characters.AsSpan(_used), out var length, default, CultureInfo.InvariantCulture);
        _used += length;
    }

    private void Put(char character)
    {
        Reserve(1);
        _characters[_used++] = character;
    }

    private void Put(string text)
    {
        Reserve(text.Length);
        text.CopyTo(_characters.AsSpan(_used));
        _used += text.Length;
    }

    private void Reserve(int length)
    {
        if (_used + length > _characters.Length)
            Flush();
    }

    private void Flush()
    {
        output.Write(_characters.AsSpan(0, _used));
        _used = 0;
    }
}
