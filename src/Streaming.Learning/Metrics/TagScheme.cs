namespace Streaming.Learning.Metrics;

/// <summary>How tags of one sentence are read as spans.</summary>
public enum TagScheme
{
    /// <summary>As conlleval reads them: a span starts and ends wherever prefix or type say so, whatever the prefix; nothing is invalid.</summary>
    Lenient,

    /// <summary>IOB2, strictly: a span starts with B and goes on with I of the same type; anything else is no span.</summary>
    StrictIob2,

    /// <summary>IOBES, strictly: S alone, or B, any number of I, and E, all of one type; anything else is no span.</summary>
    StrictIobes,
}
