using Streaming.Contracts;
using Streaming.Core.Engine;
using Streaming.Core.Models;
using Streaming.Core.Models.Crashes;
using Streaming.Testing.Fakes;

namespace Streaming.Adapters.Sqlite.Tests.Faults;

/// <summary>A model that ends the process, as native code does, over a text with <see cref="FakeModel.Poison"/>.</summary>
internal sealed class DeadlyModel : IEnrichmentModel
{
    private readonly FakeModel _inner = new();

    public DeadlyModel(CrashMarks marks) => Runner = new CrashGuardedRunner(new Deadly(_inner), "fake", marks);

    public ModelIdentity Identity => _inner.Identity;

    public IModelRunner Runner { get; }

    public StageOutcome<PreparedDocument> Prepare(TextMessage message) => _inner.Prepare(message);

    public void Accept(PreparedDocument document, int window, EncoderOutput output, int row) => _inner.Accept(document, window, output, row);

    public Annotations Complete(PreparedDocument document) => _inner.Complete(document);

    public ValueTask DisposeAsync() => Runner.DisposeAsync();

    private sealed class Deadly(FakeModel inner) : IModelRunner
    {
        public EncoderInfo Info => inner.Info;

        public async ValueTask<EncoderOutput> RunAsync(IReadOnlyList<TokenSequence> batch, CancellationToken cancellationToken)
        {
            try
            {
                return await inner.RunAsync(batch, cancellationToken);
            }
            catch (ArithmeticException)
            {
                using var self = System.Diagnostics.Process.GetCurrentProcess();
                self.Kill();
                throw;
            }
        }

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
