using System.Globalization;

namespace Streaming.Adapters.Onnx.Bert;

/// <summary>Names of an encoder graph's inputs and outputs.</summary>
public static class EncoderNames
{
    /// <summary>Token ids, [batch, sequence] of 32-bit integers, padded on the right with anything.</summary>
    public const string InputIds = "input_ids";

    /// <summary>Tokens of each row that count, [batch] of 32-bit integers.</summary>
    public const string Lengths = "lengths";

    /// <summary>Segment ids, [batch, sequence] of 32-bit integers; only in graphs written for pairs.</summary>
    public const string TokenTypeIds = "token_type_ids";

    /// <summary>Hidden states of a layer, [batch, sequence, hidden] of singles.</summary>
    public static string Layer(int layer) => "layer_" + layer.ToString(CultureInfo.InvariantCulture);

    /// <summary>Input of a matrix product, in graphs written for calibration.</summary>
    public static string Probe(int layer, ActivationSite site) => $"probe_{layer.ToString(CultureInfo.InvariantCulture)}_{site}";
}
