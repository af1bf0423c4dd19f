using Streaming.Core.Models;
using Streaming.Core.Models.Bundle;
using Streaming.Text.Tokenization;

namespace Streaming.Learning.FineTuning;

/// <summary>From a checkpoint folder to a bundle that serves, and a runner for it. Trained encoders take the same way as downloaded ones.</summary>
public interface IEncoderImporter
{
    /// <summary>The tokeniser of a checkpoint.</summary>
    ITokenizer OpenTokenizer(string checkpoint);

    /// <summary>Imports a checkpoint.</summary>
    /// <param name="checkpoint">Hugging Face folder.</param>
    /// <param name="output">Folder the bundle will be.</param>
    /// <param name="layers">Layers it gives out, ascending.</param>
    /// <param name="calibrationTexts">Texts that fix activation ranges where it is quantised.</param>
    /// <param name="cancellationToken">Ends the import.</param>
    Task<ModelBundle> ImportAsync(string checkpoint, string output, IReadOnlyList<int> layers, IReadOnlyList<string> calibrationTexts, CancellationToken cancellationToken);

    /// <summary>A runner of an imported encoder, owned by the caller.</summary>
    IModelRunner Open(ModelBundle bundle, IReadOnlyList<int> layers);
}
