using Streaming.Core.Models;

namespace Streaming.Core.Engine.Stages;

/// <summary>Which model computes a document.</summary>
/// <param name="Model">The model.</param>
/// <param name="Trial">What it is tried on, when it is the candidate: then it may fail, and the document falls back to the model in force.</param>
internal readonly record struct ModelUse(IEnrichmentModel Model, IModelTrial? Trial);
