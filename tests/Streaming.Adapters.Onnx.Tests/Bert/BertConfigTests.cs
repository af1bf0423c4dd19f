using System.Text;
using Streaming.Adapters.Onnx.Bert;
using Streaming.Core;
using Streaming.Core.Models.Encoders;

namespace Streaming.Adapters.Onnx.Tests.Bert;

public sealed class BertConfigTests
{
    [Fact]
    public void Parse_Good_GivesShape()
    {
        var config = new TinyBert().Config;

        Assert.Equal((TinyBert.Hidden, TinyBert.Layers, TinyBert.Heads), (config.Hidden, config.Layers, config.Heads));
    }

    [Theory]
    [InlineData("", "model_config_invalid")]
    [InlineData("[]", "model_config_invalid")]
    [InlineData("{\"model_type\":\"bert\"}", "model_config_invalid")]
    [InlineData("{\"model_type\":1}", "model_config_invalid")]
    [InlineData("{\"model_type\":\"gpt2\"}", "model_unsupported")]
    [InlineData("{}", "model_unsupported")]
    public void Parse_Unusable_IsRefused(string json, string code) =>
        Assert.Equal(code, Assert.Throws<StreamingException>(() => BertConfig.Parse(Encoding.UTF8.GetBytes(json))).Code);

    [Theory]
    [InlineData("\"hidden_size\":32", "\"hidden_size\":33", "model_config_invalid")]
    [InlineData("\"hidden_size\":32", "\"hidden_size\":0", "model_config_invalid")]
    [InlineData("\"hidden_size\":32", "\"hidden_size\":1e99", "model_config_invalid")]
    [InlineData("\"num_hidden_layers\":2", "\"num_hidden_layers\":100000000", "model_config_invalid")]
    [InlineData("\"vocab_size\":60", "\"vocab_size\":\"60\"", "model_config_invalid")]
    [InlineData("\"layer_norm_eps\":1E-12", "\"layer_norm_eps\":-1", "model_config_invalid")]
    [InlineData("\"hidden_act\":\"gelu\"", "\"hidden_act\":\"swish\"", "model_unsupported")]
    [InlineData("{", "{\"position_embedding_type\":\"relative_key\",", "model_unsupported")]
    public void Parse_OneFieldWrong_IsRefused(string from, string to, string code)
    {
        var json = new TinyBert().ConfigJson;
        Assert.Contains(from, json, StringComparison.Ordinal);
        var at = json.IndexOf(from, StringComparison.Ordinal);

        var error = Assert.Throws<StreamingException>(() => BertConfig.Parse(Encoding.UTF8.GetBytes(json[..at] + to + json[(at + from.Length)..])));

        Assert.Equal(code, error.Code);
    }
}
