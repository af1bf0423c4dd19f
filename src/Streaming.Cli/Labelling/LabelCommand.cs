using System.CommandLine;
using Streaming.Adapters.Kafka;
using Streaming.Adapters.Sqlite;
using Streaming.Adapters.Sqlite.Log;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Composition;
using Streaming.Contracts;
using Streaming.Core;
using Streaming.Core.Labelling;
using Streaming.Core.Messaging;
using Streaming.Core.Sinks;
using Streaming.Core.Topology;
using Streaming.Learning.Labelling;

namespace Streaming.Cli.Labelling;

/// <summary><c>streaming label TOPOLOGY</c>: the worker that has requests answered, by a language model or from a file.</summary>
internal static class LabelCommand
{
    public static Command Create(CliContext context)
    {
        var file = new Argument<string>("topology") { Description = "Topology file, or the name of a shipped one, whose requests to answer" };
        var labeller = new Option<string>("--labeller") { Description = $"{Labellers.Llm} (labelling.llm), {Labellers.Replay} or {Labellers.Simulated} (both with --gold)", HelpName = "KIND", DefaultValueFactory = static _ => Labellers.Llm };
        var gold = new Option<string?>("--gold") { Description = "Labelled file to answer from", HelpName = "FILE" };
        var task = new Option<LabelTask?>("--task") { Description = "What that file is labelled for; without it, it is an export of samples", HelpName = "entities|topics|sentiment|aspects" };
        var format = new Option<string?>("--format") { Description = "Its format, where its name does not tell", HelpName = "FORMAT" };
        var errors = new Option<string?>("--errors") { Description = "How a simulation errs, e.g. miss=0.1,wrong_label=0.05,hallucination=0.1,seed=1", HelpName = "RATES" };
        var once = new Option<bool>("--once") { Description = "Stop when every request that is in the embedded log now is answered" };
        var data = CommonOptions.Data();
        var json = CommonOptions.Json();
        return new Command("label", "Have documents labelled that the models are unsure of").With(file, labeller, gold, task, format, errors, once, data, json).Does(context, async (parsed, stop) =>
        {
            var told = parsed.GetValue(file)!;
            var topology = TopologyFile.Load(context, told).Definition;
            if (parsed.GetValue(once) && topology.Source.UsesKafka)
                throw new StreamingException("usage", "--once needs the embedded log: a Kafka topic has no end");
            var choice = new LabellerChoice(parsed.GetValue(labeller)!, parsed.GetValue(gold), parsed.GetValue(task), parsed.GetValue(format), parsed.GetValue(errors));
            await using var store = await DataFolder.OpenStoreAsync(context, parsed.GetValue(data), stop);
            await using var made = Labellers.Create(context, parsed.GetValue(data), TopologyFile.Find(context, told), topology, store, choice);
            await using var ends = Ends.Open(context, topology, store, parsed.GetValue(once));
            var worker = new LabellingWorker(
                new LabellingWorkerOptions
                {
                    Topology = topology.Name,
                    Source = ends.Source,
                    Labeller = made.Labeller,
                    Write = ends.WriteAsync,
                    DeadLetters = ends.DeadLetters,
                    Concurrency = topology.Labelling.Llm.MaxConcurrency,
                    Notify = context.Tell,
                },
                context.Time);
            context.Say($"labelling for {topology.Name} with {made.Labeller.Kind.ToName()}:{made.Labeller.Name}; stop it with Ctrl+C");
            await worker.RunAsync(stop);
            var done = worker.Progress;
            if (parsed.GetValue(json))
            {
                JsonText.WriteObject(context.Out, writer =>
                {
                    writer.WriteNumber("requests", done.Requests);
                    writer.WriteNumber("valid", done.Valid);
                    writer.WriteNumber("abstained", done.Abstained);
                    writer.WriteNumber("bad", done.Bad);
                });
            }
            else
            {
                context.Say($"{done.Requests} requests answered: {done.Valid} labels, {done.Abstained} abstentions, {done.Bad} messages that were none");
            }

            return ExitCode.Ok;
        });
    }

    /// <summary>Where requests come from and answers go: the embedded log and store, or two topics of Kafka and, as a copy, the store.</summary>
    private sealed class Ends : IAsyncDisposable
    {
        private readonly ISampleStore _samples;
        private readonly KafkaMessageProducer? _producer;

        private Ends(ISampleStore samples, IMessageSource source, IDeadLetterSink deadLetters, KafkaMessageProducer? producer) =>
            (_samples, Source, DeadLetters, _producer) = (samples, source, deadLetters, producer);

        public IMessageSource Source { get; }

        public IDeadLetterSink DeadLetters { get; }

        public static Ends Open(CliContext context, TopologyDefinition topology, EmbeddedStore store, bool stopAtEnd)
        {
            var (labelling, group) = (topology.Labelling, topology.Source.Group + ".label");
            if (!topology.Source.UsesKafka)
            {
                var source = store.CreateSource(new EmbeddedSourceOptions { Group = group, Topics = [labelling.Topic], StopAtEnd = stopAtEnd });
                return new Ends(store.Samples, source, store.CreateSink(topology.Name, group), null);
            }

            var producer = new KafkaMessageProducer(new KafkaProducerOptions { Client = topology.Source.Kafka, OnNotice = context.Tell, Time = context.Time });
            return new Ends(
                new TopicSampleStore(producer, labelling.Topic, labelling.LabelledTopic, store.Samples),
                KafkaTopics.Source(context, topology, group, KafkaStart.Earliest, labelling.Topic),
                new KafkaDeadLetterSink(producer, topology.DeadLetters.Topic, context.Tell, context.Time), producer);
        }

        public async ValueTask WriteAsync(IReadOnlyList<LabelledSample> samples, CancellationToken cancellationToken) => await _samples.AddSamplesAsync(samples, cancellationToken);

        public async ValueTask DisposeAsync()
        {
            await Source.DisposeAsync();
            if (_producer is not null)
                await _producer.DisposeAsync();
        }
    }
}
