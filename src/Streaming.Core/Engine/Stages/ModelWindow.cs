using Streaming.Core.Models;

namespace Streaming.Core.Engine.Stages;

/// <summary>One window of one document, waiting for the model that prepared it.</summary>
internal readonly record struct ModelWindow(InFlightDocument Document, int Index, int Length, IEnrichmentModel Model);
