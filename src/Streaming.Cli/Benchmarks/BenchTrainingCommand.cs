using System.CommandLine;
using System.Globalization;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Composition;
using Streaming.Cli.Learning;
using Streaming.Core;
using Streaming.Core.Models.Encoders;
using Streaming.Learning.FineTuning;

namespace Streaming.Cli.Benchmarks;

/// <summary><c>streaming bench training</c>: what a step of fine-tuning costs.</summary>
internal static class BenchTrainingCommand
{
    public static Command Create(CliContext context)
    {
        var encoder = new Option<string>("--encoder") { Description = "Hugging Face folder of the checkpoint to fine-tune", HelpName = "DIR", Required = true };
        var tokens = new Option<int>("--tokens") { Description = "Tokens a step", DefaultValueFactory = static _ => 1024 }.Between(8, 1 << 20);
        var length = new Option<int>("--length") { Description = "Tokens a row", DefaultValueFactory = static _ => 64 }.Between(8, 512);
        var mixed = new Option<bool>("--mixed") { Description = "Rows of another length at each step, up to --length" };
        var steps = new Option<int>("--steps") { Description = "Measured steps", DefaultValueFactory = static _ => 5 }.Between(1, 100_000);
        var threads = BenchCommand.Threads();
        var device = new Option<string>("--device") { Description = "auto, cpu or cuda", HelpName = "DEVICE", DefaultValueFactory = static _ => "auto" };
        var dropout = new Option<double>("--dropout") { Description = "Share of values dropped", DefaultValueFactory = static _ => 0.1 };
        var freeze = new Option<bool>("--freeze-embeddings") { Description = "Leave the embeddings as they are" };
        var lora = new Option<int>("--lora-rank") { Description = "Rank of LoRA adapters on query and value; 0: all weights are trained" }.Between(0, 4096);
        var backend = new Option<string>("--backend") { Description = "auto, onnx or torch", HelpName = "NAME", DefaultValueFactory = static _ => "auto" };
        var json = CommonOptions.Json();
        return new Command("training", "Measure steps of fine-tuning a checkpoint").With(encoder, tokens, length, mixed, steps, threads, device, dropout, freeze, lora, backend, json)
            .Does(context, (parsed, cancellationToken) =>
            {
                var checkpoint = EncoderCheckpoint.Load(parsed.GetValue(encoder)!);
                var config = BertConfig.Parse(checkpoint.Config);
                var options = new TrainableModelOptions
                {
                    Checkpoint = checkpoint,
                    Heads = [],
                    Threads = BenchCommand.ThreadCount(parsed.GetValue(threads)),
                    Device = parsed.GetValue(device)!,
                    Dropout = parsed.GetValue(dropout),
                    FreezeEmbeddings = parsed.GetValue(freeze),
                    Lora = parsed.GetValue(lora) is > 0 and var rank ? new LoraOptions { Rank = rank } : null,
                };
                var result = TrainingBenchmark.Run(
                    TrainingBackends.Find(parsed.GetValue(backend)!), options, config.Hidden, config.Layers, config.Vocabulary,
                    parsed.GetValue(tokens), Math.Min(parsed.GetValue(length), config.MaxSequence), parsed.GetValue(mixed), parsed.GetValue(steps), context.Time, cancellationToken);
                if (parsed.GetValue(json))
                    WriteJson(context.Out, result, options);
                else
                    context.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{result.Model.Backend} on {result.Model.Device}, {options.Threads} threads: {result.Tokens} tokens a step, {result.PassSeconds:F3} s forward and backward, {result.UpdateSeconds:F3} s optimiser, {result.CpuSeconds:F3} s of processor time: {result.TokensPerSecond:N0} tokens/s"));
                return Task.FromResult(ExitCode.Ok);
            });
    }

    private static void WriteJson(TextWriter output, TrainingBenchmarkResult result, TrainableModelOptions options) => JsonText.WriteObject(output, writer =>
    {
        writer.WriteString("backend", result.Model.Backend);
        writer.WriteString("device", result.Model.Device);
        writer.WriteNumber("threads", options.Threads);
        writer.WriteNumber("trainable_parameters", result.Model.TrainableParameters);
        writer.WriteNumber("tokens", result.Tokens);
        writer.WriteNumber("length", result.Length);
        writer.WriteNumber("pass_seconds", result.PassSeconds);
        writer.WriteNumber("best_pass_seconds", result.BestPassSeconds);
        writer.WriteNumber("update_seconds", result.UpdateSeconds);
        writer.WriteNumber("cpu_seconds", result.CpuSeconds);
        writer.WriteNumber("tokens_per_second", result.TokensPerSecond);
        writer.WriteNumber("peak_memory_bytes", PeakMemory.Bytes());
    });
}
