namespace Streaming.Text.Tokenization;

/// <summary>A token that is found in raw text before anything else happens to it.</summary>
/// <param name="Content">Its text.</param>
/// <param name="Id">Its id.</param>
/// <param name="IsSpecial">Whether it is control (<c>&lt;mask&gt;</c>), which text as data never becomes.</param>
/// <param name="TakesLeft">Whether white space before it belongs to it.</param>
/// <param name="TakesRight">Whether white space behind it belongs to it.</param>
/// <param name="IsWholeWord">Whether it must not touch other word characters.</param>
internal sealed record AddedToken(string Content, int Id, bool IsSpecial, bool TakesLeft = false, bool TakesRight = false, bool IsWholeWord = false);
