using System.Buffers.Binary;
using System.Text;
using Streaming.Core.Models.Bundle;

namespace Streaming.Core.Tests.Models.Bundle;

public sealed class SafetensorsFileTests
{
    private const string Good = """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""";

    public static TheoryData<string, string> HostileHeaders => new()
    {
        { "not an object", "[]" },
        { "leading space", " " + Good },
        { "empty", "" },
        { "truncated", Good[..^1] },
        { "trailing text", Good + "x" },
        { "second object", Good + "{}" },
        { "trailing comma", """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},}""" },
        { "comment", "{/**/}" },
        { "null tensor", """{"a":null}""" },
        { "array tensor", """{"a":[]}""" },
        { "no dtype", """{"a":{"shape":[2],"data_offsets":[0,8]}}""" },
        { "no shape", """{"a":{"dtype":"F32","data_offsets":[0,8]}}""" },
        { "no offsets", """{"a":{"dtype":"F32","shape":[2]}}""" },
        { "unknown dtype", """{"a":{"dtype":"F33","shape":[2],"data_offsets":[0,8]}}""" },
        { "lower-case dtype", """{"a":{"dtype":"f32","shape":[2],"data_offsets":[0,8]}}""" },
        { "homoglyph dtype", """{"a":{"dtype":"Ϝ32","shape":[2],"data_offsets":[0,8]}}""" },
        { "numeric dtype", """{"a":{"dtype":9,"shape":[2],"data_offsets":[0,8]}}""" },
        { "null dtype", """{"a":{"dtype":null,"shape":[2],"data_offsets":[0,8]}}""" },
        { "negative size", """{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}""" },
        { "fractional size", """{"a":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}}""" },
        { "exponent size", """{"a":{"dtype":"F32","shape":[2e0],"data_offsets":[0,8]}}""" },
        { "text size", """{"a":{"dtype":"F32","shape":["2"],"data_offsets":[0,8]}}""" },
        { "fullwidth digit", """{"a":{"dtype":"F32","shape":[２],"data_offsets":[0,8]}}""" },
        { "nested shape", """{"a":{"dtype":"F32","shape":[[2]],"data_offsets":[0,8]}}""" },
        { "shape not array", """{"a":{"dtype":"F32","shape":2,"data_offsets":[0,8]}}""" },
        { "size overflow", """{"a":{"dtype":"F32","shape":[9223372036854775807,2],"data_offsets":[0,8]}}""" },
        { "size wraps to fit", """{"a":{"dtype":"F32","shape":[4611686018427387905,2],"data_offsets":[0,8]}}""" },
        { "size beyond int64", """{"a":{"dtype":"F32","shape":[18446744073709551618],"data_offsets":[0,8]}}""" },
        { "17 dimensions", """{"a":{"dtype":"F32","shape":[2,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1],"data_offsets":[0,8]}}""" },
        { "shape too small", """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}}""" },
        { "shape too large", """{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""" },
        { "dtype does not fit", """{"a":{"dtype":"F64","shape":[2],"data_offsets":[0,8]}}""" },
        { "one offset", """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0]}}""" },
        { "three offsets", """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8,8]}}""" },
        { "negative offset", """{"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}""" },
        { "offsets swapped", """{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""" },
        { "offsets beyond data", """{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}""" },
        { "huge offsets", """{"a":{"dtype":"F32","shape":[2],"data_offsets":[9223372036854775799,9223372036854775807]}}""" },
        { "overlap", """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""" },
        { "same bytes twice", """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""" },
        { "gap", """{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""" },
        { "data left over", """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""" },
        { "no tensor but data", "{}" },
        { "duplicate tensor", """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""" },
        { "duplicate by escape", "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},\"\\u0061\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}" },
        { "duplicate dtype", """{"a":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}}""" },
        { "duplicate shape", """{"a":{"dtype":"F32","shape":[2],"shape":[2],"data_offsets":[0,8]}}""" },
        { "unknown field", """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"file":"/etc/passwd"}}""" },
        { "empty name", """{"":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""" },
        { "control in name", "{\"a\\u0000b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}" },
        { "lone surrogate in name", "{\"\\ud800\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}" },
        { "name of 1,025 characters", "{\"" + new string('n', 1025) + "\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}" },
        { "metadata twice", """{"__metadata__":{},"__metadata__":{},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""" },
        { "metadata key twice", """{"__metadata__":{"k":"1","k":"2"},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""" },
        { "metadata not text", """{"__metadata__":{"k":1},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""" },
        { "metadata not object", """{"__metadata__":"x","a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""" },
        { "deep nesting", new string('[', 8000) },
        { "deep objects", string.Concat(Enumerable.Repeat("{\"a\":", 8000)) },
    };

    [Theory]
    [MemberData(nameof(HostileHeaders))]
    public void FromBytes_HostileHeader_IsRefused(string reason, string header)
    {
        var error = Assert.Throws<StreamingException>(() => SafetensorsFile.FromBytes(File(header, new byte[8]), reason));

        Assert.Equal("safetensors_invalid", error.Code);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ulong.MaxValue)]
    [InlineData(1UL << 63)]
    [InlineData(100_000_001UL)]
    [InlineData(1_000UL)]
    public void FromBytes_HeaderLengthBeyondFile_IsRefused(ulong length)
    {
        var bytes = File(Good, new byte[8]);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, length);

        Assert.Equal("safetensors_invalid", Assert.Throws<StreamingException>(() => SafetensorsFile.FromBytes(bytes, "x")).Code);
    }

    [Fact]
    public void FromBytes_EveryTruncation_IsRefused()
    {
        var bytes = File(Good, new byte[8]);
        for (var length = 0; length < bytes.Length; length++)
            Assert.Throws<StreamingException>(() => SafetensorsFile.FromBytes(bytes.AsMemory(0, length), "x"));
    }

    [Fact]
    public void FromBytes_InvalidUtf8_IsRefused()
    {
        var bytes = File(Good, new byte[8]);
        bytes[10] = 0xFF;

        Assert.Equal("safetensors_invalid", Assert.Throws<StreamingException>(() => SafetensorsFile.FromBytes(bytes, "x")).Code);
    }

    [Fact]
    public void FromBytes_RandomDamage_NeverFailsOtherwise()
    {
        var random = new Random(7);
        var good = Sample().ToBytes();
        for (var round = 0; round < 5_000; round++)
        {
            var bytes = (byte[])good.Clone();
            for (var change = 0; change <= round % 4; change++)
                bytes[random.Next(Math.Min(bytes.Length, 400))] = (byte)random.Next(256);
            try
            {
                using var file = SafetensorsFile.FromBytes(bytes, "x");
                foreach (var tensor in file.Tensors.Values)
                    file.ReadBytes(tensor, new byte[tensor.Length]);
            }
            catch (StreamingException e)
            {
                Assert.Equal("safetensors_invalid", e.Code);
            }
        }
    }

    [Fact]
    public void Open_MappedFile_ReadsWhatWasWritten()
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "x.safetensors");
        System.IO.File.WriteAllBytes(path, Sample().ToBytes());

        using var file = SafetensorsFile.Open(path);

        Assert.Equal([1f, 2f, 3f, 4f, 5f, 6f], file.ReadSingles("matrix", 2, 3));
        Assert.Equal([1f, -2f], file.ReadSingles("half", 2));
        Assert.Equal([1f, -2f], file.ReadSingles("brain", 2));
        Assert.Equal([0.25f], file.ReadSingles("double"));
        Assert.Empty(file.ReadSingles("empty", 0, 7));
        Assert.Equal("v", file.Metadata["k"]);
        Assert.Equal(6, file.Tensors.Count);
    }

    [Fact]
    public void ToBytes_OtherOrderOfAdding_GivesSameBytes()
    {
        var forward = new SafetensorsWriter();
        forward.Add("a", [1f], 1);
        forward.Add("b", [2f], 1);
        var backward = new SafetensorsWriter();
        backward.Add("b", [2f], 1);
        backward.Add("a", [1f], 1);

        Assert.Equal(forward.ToBytes(), backward.ToBytes());
    }

    [Fact]
    public void Add_ShapeDoesNotFit_Throws() =>
        Assert.Throws<ArgumentException>(() => new SafetensorsWriter().Add("a", [1f, 2f], 3));

    [Fact]
    public void ReadSingles_WrongNameShapeOrType_IsRefused()
    {
        using var file = SafetensorsFile.FromBytes(Sample().ToBytes(), "x");

        Assert.Equal("safetensors_tensor_missing", Assert.Throws<StreamingException>(() => file.ReadSingles("absent", 1)).Code);
        Assert.Equal("safetensors_tensor_unsuitable", Assert.Throws<StreamingException>(() => file.ReadSingles("matrix", 3, 2)).Code);
        Assert.Equal("safetensors_tensor_unsuitable", Assert.Throws<StreamingException>(() => file.ReadSingles("matrix", 6)).Code);
        Assert.Equal("safetensors_tensor_unsuitable", Assert.Throws<StreamingException>(() => file.ReadSingles("ints", 1)).Code);
    }

    [Fact]
    public void Open_NoFile_SaysSo() =>
        Assert.Equal("model_not_found", Assert.Throws<StreamingException>(() => SafetensorsFile.Open("/no/such/file")).Code);

    private static SafetensorsWriter Sample()
    {
        var writer = new SafetensorsWriter();
        writer.AddMetadata("k", "v");
        writer.Add("matrix", [1f, 2f, 3f, 4f, 5f, 6f], 2, 3);
        writer.Add("half", TensorType.F16, [0x00, 0x3C, 0x00, 0xC0], 2);
        writer.Add("brain", TensorType.BF16, [0x80, 0x3F, 0x00, 0xC0], 2);
        writer.Add("double", TensorType.F64, BitConverter.GetBytes(0.25));
        writer.Add("empty", ReadOnlySpan<float>.Empty, 0, 7);
        writer.Add("ints", [5], 1);
        return writer;
    }

    private static byte[] File(string header, byte[] data)
    {
        var text = Encoding.UTF8.GetBytes(header);
        var bytes = new byte[8 + text.Length + data.Length];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, text.Length);
        text.CopyTo(bytes, 8);
        data.CopyTo(bytes, 8 + text.Length);
        return bytes;
    }
}
