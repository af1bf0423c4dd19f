using System.Text.Json;
using Streaming.Contracts;
using Streaming.Core.Models.Bundle;
using Streaming.Testing;

namespace Streaming.Core.Tests.Topology;

/// <summary>What the serialisers write fits the schemas that others read by.</summary>
public sealed class MessageSchemaTests
{
    private static readonly DateTimeOffset Time = new(2024, 2, 29, 12, 0, 0, TimeSpan.Zero);

    private static EnrichedDocument Document => new()
    {
        Id = "d-1",
        Text = "Obama liked the soup in Berlin.",
        Entities = [new EntityAnnotation("PER", "Obama", 0, 5, 0.98)],
        Topics = [new LabelScore("food", 0.7)],
        Sentiment = new SentimentAnnotation("positive", 0.9, [new LabelScore("positive", 0.9), new LabelScore("negative", 0.1)]),
        Aspects = [new AspectAnnotation("soup", 16, 20, "positive", 0.8)],
        Language = "en",
        Source = "reviews",
        Coverage = 1,
        EventTime = Time,
        IngestTime = Time,
        Lineage = new Lineage
        {
            Model = "starter", ModelVersion = "0", Heads = new Dictionary<string, string> { ["ner"] = "0123456789ab" },
            Topology = "reviews", Topic = "reviews.raw", Partition = 0, Offset = 7,
        },
        Metadata = JsonSerializer.SerializeToElement(new { stars = 5 }),
        Unknown = new Dictionary<string, JsonElement> { ["colour"] = JsonSerializer.SerializeToElement("red") },
    };

    [Fact]
    public void TextMessage_Written_FitsSchema()
    {
        Fits("text-message.v1.json", new TextMessage { Text = "" }, ContractsJson.Wire.TextMessage);
        Fits("text-message.v1.json", new TextMessage { Id = "1", Text = "t", Language = "en", Source = "s", EventTime = Time, Metadata = Document.Metadata, Unknown = Document.Unknown }, ContractsJson.Wire.TextMessage);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("{\"text\": 5}")]
    [InlineData("{\"text\": null}")]
    [InlineData("{\"text\": \"t\", \"id\": \"\"}")]
    [InlineData("[]")]
    public void TextMessage_Wrong_DoesNotFitSchema(string json) =>
        Assert.NotEmpty(Schema("text-message.v1.json").Validate(JsonDocument.Parse(json).RootElement));

    [Fact]
    public void EnrichedDocument_Written_FitsSchema()
    {
        Fits("enriched-document.v1.json", Document, ContractsJson.Wire.EnrichedDocument);
        Fits("enriched-document.v1.json", Document with { Sentiment = null, Language = null, Coverage = 0.5, Metadata = null, Unknown = null }, ContractsJson.Wire.EnrichedDocument);
        Fits("enriched-document.v1.json", Document with { AspectCategories = [new AspectCategoryAnnotation("food", "positive", 0.9)] }, ContractsJson.Wire.EnrichedDocument);
        Assert.DoesNotContain("aspect_categories", JsonSerializer.Serialize(Document, ContractsJson.Wire.EnrichedDocument), StringComparison.Ordinal);
    }

    [Fact]
    public void EnrichedDocument_WithConfidenceAboveOne_DoesNotFitSchema()
    {
        var wrong = JsonSerializer.SerializeToElement(Document with { Topics = [new LabelScore("food", 1.2)] }, ContractsJson.Wire.EnrichedDocument);

        Assert.NotEmpty(Schema("enriched-document.v1.json").Validate(wrong));
    }

    [Fact]
    public void ModelEvent_Written_FitsSchema()
    {
        var decided = new ModelEvent
        {
            Sequence = 1, Kind = ModelEventKind.RolledBack, Name = "starter", Channel = "stable", Version = "2", Digest = new string('a', 64),
            Reasons = ["Better."], DecidedAt = Time, DecidedBy = "person",
        };

        Fits("model-event.v1.json", decided, ContractsJson.Wire.ModelEvent);
        Fits("model-event.v1.json", decided with { PreviousVersion = "1", PreviousDigest = new string('b', 64), Cycle = "c", Metrics = new Dictionary<string, double> { ["f1"] = 0.5 } }, ContractsJson.Wire.ModelEvent);
        Assert.Contains("\"rolled_back\"", JsonSerializer.Serialize(decided, ContractsJson.Wire.ModelEvent), StringComparison.Ordinal);
    }

    [Fact]
    public void DeadLetter_Written_FitsSchema()
    {
        var letter = new DeadLetter
        {
            Topic = "t", Partition = 0, Offset = 0, Timestamp = Time, Key = [1, 2], Value = [0xFF, 0xFE, 0xFD],
            Headers = [new MessageHeader("a", null), new MessageHeader("a", [0])],
            Stage = "decode", Code = ErrorCodes.InvalidUtf8, Reason = "r", Attempts = 1, FailedAt = Time, Topology = "n",
        };

        Fits("dead-letter.v1.json", letter, ContractsJson.Wire.DeadLetter);
        Fits("dead-letter.v1.json", letter with { Key = null, Value = null, Headers = [] }, ContractsJson.Wire.DeadLetter);
    }

    [Fact]
    public void LabelRequest_Written_FitsSchema()
    {
        var request = new LabelRequest
        {
            Id = "r", DocumentId = "d-1", Text = "t", Tasks = [LabelTask.Entities, LabelTask.Aspects], Guess = new LabelGuess(),
            Reasons = [new SelectionReason(SelectionReason.Control)], Priority = 0.5, Topology = "reviews", Model = "starter", ModelVersion = "0", RequestedAt = Time,
        };

        Fits("label-request.v1.json", request, ContractsJson.Wire.LabelRequest);
        Fits("label-request.v1.json", request with
        {
            Guess = new LabelGuess { Entities = Document.Entities, Topics = Document.Topics, Sentiment = Document.Sentiment, Aspects = Document.Aspects },
            Uncertainty = [new TaskUncertainty { Task = LabelTask.Entities, LeastConfidence = 0.4, Margin = 0.5, Entropy = 0.1, Sequence = 0.2, Disagreement = 1 }],
            Reasons = [new SelectionReason(SelectionReason.Uncertain, LabelTask.Entities, 0.4, 0.7)], ControlSlice = true, Source = "s", Language = "en", Unknown = Document.Unknown,
        }, ContractsJson.Wire.LabelRequest);
        Assert.NotEmpty(Schema("label-request.v1.json").Validate(JsonSerializer.SerializeToElement(request with { Tasks = [] }, ContractsJson.Wire.LabelRequest)));
    }

    [Fact]
    public void LabelledSample_Written_FitsSchemaAndComesBack()
    {
        var sample = new LabelledSample
        {
            Id = LabelledSample.IdOf("r", LabelTask.Entities, LabellerKind.Llm, "m"), RequestId = "r", DocumentId = "d-1", Task = LabelTask.Entities, Text = "Obama",
            Validity = SampleValidity.Abstained, Reason = "malformed_reply", Labeller = "m", LabellerKind = LabellerKind.Llm, Topology = "reviews", LabelledAt = Time,
        };
        var whole = sample with
        {
            Spans = [new SampleSpan(0, 5, "PER")], Labels = ["food"], Validity = SampleValidity.Valid, Reason = null, Adjudicated = true, PromptVersion = "standard@0123456789ab",
            Votes = 3, Agreement = 0.9, Hallucinated = 1, Mentions = 4, Discontinuous = 1, Cost = 0.01, InputTokens = 10, OutputTokens = 3, ControlSlice = true,
            Source = "s", Language = "en", ModelVersion = "0", Unknown = Document.Unknown,
        };

        Fits("labelled-sample.v1.json", sample, ContractsJson.Wire.LabelledSample);
        Fits("labelled-sample.v1.json", whole, ContractsJson.Wire.LabelledSample);
        var back = JsonSerializer.Deserialize(JsonSerializer.Serialize(whole, ContractsJson.Wire.LabelledSample), ContractsJson.Wire.LabelledSample)!;
        Assert.Equal((whole.Spans[0], whole.Validity, whole.LabellerKind, whole.Task), (back.Spans[0], back.Validity, back.LabellerKind, back.Task));
        Assert.NotEmpty(Schema("labelled-sample.v1.json").Validate(JsonSerializer.SerializeToElement(whole with { Agreement = 2 }, ContractsJson.Wire.LabelledSample)));
    }

    [Fact]
    public void ModelManifest_Written_FitsSchema()
    {
        var digest = new string('a', 64);
        var manifest = new ModelManifest
        {
            Name = "starter", Version = "0.1", Licence = "Apache-2.0", Attribution = ["Somebody."],
            Encoder = new EncoderManifest { File = "encoder.onnx", Family = "bert", Precision = "int8", Dimensions = 384, Layers = [3, 6], MaxSequenceLength = 512, Sha256 = digest },
            Tokenizer = new TokenizerManifest { Kind = "wordpiece", Files = ["vocab.txt"], LowerCase = true },
            Heads =
            [
                new HeadManifest
                {
                    Name = "ner", Task = HeadTask.Ner, Kind = HeadKind.Crf, Unit = HeadUnit.Token, Labels = ["O", "B-PER"], Layers = [3, 6], WordShape = true, File = "heads/ner.safetensors",
                    Thresholds = new Dictionary<string, double> { ["PER"] = 0.5 }, Metrics = new Dictionary<string, double> { ["test.micro_f1"] = 70 },
                },
            ],
            Files = new Dictionary<string, FileManifest> { ["encoder.onnx"] = new(digest, 1), ["vocab.txt"] = new(digest, 1), ["heads/ner.safetensors"] = new(digest, 1) },
            Training = new TrainingManifest { Recipe = digest, Seed = 1, FineTuned = "encoder by onnx, 3 epochs", Data = [new TrainingData { Name = "d", File = "f", Sha256 = digest, Licence = "CC-BY-4.0", Rows = 3 }] },
        };

        Fits("model-manifest.v1.json", manifest, ManifestJson.OnDisk.ModelManifest);
    }

    private static void Fits<T>(string schema, T value, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type) =>
        Assert.Empty(Schema(schema).Validate(JsonSerializer.SerializeToElement(value, type)));

    private static JsonSchemaValidator Schema(string name) =>
        JsonSchemaValidator.Parse(File.ReadAllText(Path.Combine(SharedFolder.RepositoryRoot, "schemas", name)));
}
