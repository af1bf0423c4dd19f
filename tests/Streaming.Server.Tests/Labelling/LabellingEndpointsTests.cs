using System.Text.Json;
using Streaming.Contracts;
using Streaming.Server.Tests.Fakes;
using Streaming.Testing.Conformance;

namespace Streaming.Server.Tests.Labelling;

public sealed class LabellingEndpointsTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task Queue_AnsweredTexts_LeaveItAndUndoBringsThemBack()
    {
        await using var server = await RunningServer.StartAsync();
        await server.Samples.AddRequestsAsync([Request("a", 0.2), Request("b", 0.9)], None);

        var (_, before) = await server.GetAsync("/v1/labelling/queue?labeller=anna");
        var answered = await PostAsync(server, "samples", """{"request_id":"b","labeller":"anna","tasks":[{"task":"entities","spans":[{"start":0,"end":4,"label":"PER"}]}]}""");
        var (_, after) = await server.GetAsync("/v1/labelling/queue?labeller=anna");
        var (_, others) = await server.GetAsync("/v1/labelling/queue?labeller=ben");

        Assert.Equal(["b", "a"], Ids(before));
        Assert.Equal("PER", before.GetProperty("labels").GetProperty("entities")[0].GetString());
        Assert.Equal(1, answered.Body.GetProperty("samples").GetInt32());
        Assert.Equal(["a"], Ids(after));
        Assert.Equal(["b", "a"], Ids(others));
        Assert.Empty(others.GetProperty("items")[0].GetProperty("answers").EnumerateArray());
        var sample = Assert.Single(await server.Samples.ListSamplesAsync(new(), None)).Sample;
        Assert.Equal((LabellerKind.Person, "anna", SampleValidity.Valid, new SampleSpan(0, 4, "PER")), (sample.LabellerKind, sample.Labeller, sample.Validity, sample.Spans[0]));

        await PostAsync(server, "undo", """{"request_id":"b","labeller":"anna"}""");
        Assert.Equal(["b", "a"], Ids((await server.GetAsync("/v1/labelling/queue?labeller=anna")).Body));
    }

    [Theory]
    [InlineData("samples", """{"request_id":"a","labeller":"anna","tasks":[{"task":"entities","spans":[{"start":0,"end":99,"label":"PER"}]}]}""", "invalid_field")]
    [InlineData("samples", """{"request_id":"a","labeller":"anna","tasks":[{"task":"entities","spans":[{"start":-1,"end":2,"label":"PER"}]}]}""", "invalid_field")]
    [InlineData("samples", """{"request_id":"a","labeller":"anna","tasks":[{"task":"entities","spans":[{"start":0,"end":2,"label":"HACKED"}]}]}""", "invalid_field")]
    [InlineData("samples", """{"request_id":"a","labeller":"anna","tasks":[{"task":"topics","labels":["x"]}]}""", "invalid_field")]
    [InlineData("samples", """{"request_id":"a","labeller":"anna","tasks":[]}""", "invalid_field")]
    [InlineData("samples", """{"request_id":"nowhere","labeller":"anna","tasks":[{"task":"entities"}]}""", "invalid_field")]
    [InlineData("samples", """{"request_id":"a","labeller":"<b>","tasks":[{"task":"entities"}]}""", "invalid_field")]
    [InlineData("samples", """{"request_id":"a","labeller":""", "malformed_json")]
    [InlineData("samples", "[]", "malformed_json")]
    [InlineData("undo", """{"labeller":"anna"}""", "invalid_field")]
    [InlineData("reports", """{"document_id":"nowhere"}""", "invalid_field")]
    public async Task Post_WhatIsWrong_IsRefusedAndStoresNothing(string path, string body, string code)
    {
        await using var server = await RunningServer.StartAsync();
        await server.Samples.AddRequestsAsync([Request("a", 0.2)], None);

        var (status, answer) = await PostAsync(server, path, body);

        Assert.Equal((400, code), (status, answer.GetProperty("code").GetString()));
        Assert.Empty(await server.Samples.ListSamplesAsync(new(), None));
    }

    [Fact]
    public async Task Report_DocumentOfTheSearchPage_GoesToTheHeadOfTheQueueOnce()
    {
        await using var server = await RunningServer.StartAsync();
        await server.Samples.AddRequestsAsync([Request("a", 0.9)], None);
        var id = SearchCorpus.Documents.First().Id;

        var (status, answer) = await PostAsync(server, "reports", $$"""{"document_id":{{JsonSerializer.Serialize(id)}}}""");
        await PostAsync(server, "reports", $$"""{"document_id":{{JsonSerializer.Serialize(id)}}}""");
        var (_, queue) = await server.GetAsync("/v1/labelling/queue?labeller=anna");

        Assert.Equal(200, status);
        Assert.Equal([answer.GetProperty("request_id").GetString(), "a"], Ids(queue));
        Assert.Equal("reported", queue.GetProperty("items")[0].GetProperty("request").GetProperty("reasons")[0].GetProperty("code").GetString());
    }

    [Fact]
    public async Task Agreement_TwoPeople_GivesFiguresAndWhatToDecide()
    {
        await using var server = await RunningServer.StartAsync();
        await server.Samples.AddRequestsAsync([Request("a", 0.2), Request("b", 0.9)], None);
        foreach (var (request, name, spans) in new[] { ("a", "anna", "0,4"), ("a", "ben", "0,4"), ("b", "anna", "0,4"), ("b", "ben", "5,7") })
            await PostAsync(server, "samples", $$"""{"request_id":"{{request}}","labeller":"{{name}}","tasks":[{"task":"entities","spans":[{"start":{{spans.Split(',')[0]}},"end":{{spans.Split(',')[1]}},"label":"PER"}]}]}""");

        var (_, before) = await server.GetAsync("/v1/labelling/agreement");
        await PostAsync(server, "samples", """{"request_id":"b","labeller":"carla","adjudicated":true,"tasks":[{"task":"entities","spans":[]}]}""");
        var (_, after) = await server.GetAsync("/v1/labelling/agreement");

        var pair = Assert.Single(before.GetProperty("pairs").EnumerateArray());
        Assert.Equal((2, 1, 0.5), (pair.GetProperty("texts").GetInt32(), pair.GetProperty("same").GetInt32(), pair.GetProperty("span_f1").GetDouble()));
        Assert.Equal("b", Assert.Single(before.GetProperty("disagreements").EnumerateArray()).GetProperty("request").GetProperty("id").GetString());
        Assert.Empty(after.GetProperty("disagreements").EnumerateArray());
    }

    [Fact]
    public async Task Export_Samples_AreJsonLines()
    {
        await using var server = await RunningServer.StartAsync();
        await server.Samples.AddSamplesAsync([SampleStoreConformance.Sample("a", LabellerKind.Llm, "m"), SampleStoreConformance.Sample("b", LabellerKind.Person, "anna")], None);

        var lines = (await server.Client.GetStringAsync(new Uri("/v1/labelling/export", UriKind.Relative))).Split('\n', StringSplitOptions.RemoveEmptyEntries);

        Assert.Equal(["a", "b"], lines.Select(line => JsonSerializer.Deserialize(line, ContractsJson.Wire.LabelledSample)!.RequestId));
    }

    private static Task<(int Status, JsonElement Body)> PostAsync(RunningServer server, string path, string body) => server.PostAsync("/v1/labelling/" + path, "application/json", body);

    private static IEnumerable<string?> Ids(JsonElement queue) => queue.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("request").GetProperty("id").GetString());

    private static LabelRequest Request(string id, double priority) => SampleStoreConformance.Request(id, priority, text: "Anna in Bonn");
}
