using Streaming.Adapters.Onnx.Bert;
using Streaming.Core;
using Streaming.Core.Models.Bundle;
using Streaming.Core.Models.Encoders;
using Streaming.Text.Tokenization;

namespace Streaming.Adapters.Onnx.Import;

/// <summary>
/// A Hugging Face checkpoint on disk, read with care: plain files of the folder only. A link counts when it leads to a file
/// of the folder, or into the store that the hub's own cache links to; whatever leads elsewhere is refused.
/// </summary>
public sealed class CheckpointFolder
{
    private const string WeightsFile = "model.safetensors";
    private const string IndexFile = "model.safetensors.index.json";
    private const int MaxTextFile = 64 * 1024 * 1024;

    private static readonly string[] Pickles = ["pytorch_model.bin", "pytorch_model.bin.index.json"];

    private readonly string _folder;

    /// <summary>A checkpoint.</summary>
    /// <exception cref="StreamingException"><c>model_not_found</c>: there is no such folder.</exception>
    public CheckpointFolder(string directory)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        _folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory));
        if (!Directory.Exists(_folder))
            throw new StreamingException("model_not_found", $"There is no folder '{directory}'. Give the folder of a Hugging Face checkpoint with config.json, {WeightsFile} and its tokeniser's files.");
    }

    /// <summary>Whether there is a file of that name.</summary>
    public bool Has(string name) => File.Exists(Path.Combine(_folder, name));

    /// <summary>A small file's bytes.</summary>
    /// <exception cref="StreamingException"><c>model_not_found</c>, <c>model_path_refused</c>, <c>model_config_invalid</c>.</exception>
    public byte[] Read(string name)
    {
        var path = PathOf(name);
        var length = new FileInfo(path).Length;
        return length <= MaxTextFile ? File.ReadAllBytes(path) : throw new StreamingException("model_config_invalid", $"{name} is larger than {MaxTextFile} bytes.");
    }

    /// <summary>What <c>config.json</c> says.</summary>
    public BertConfig ReadConfig() => BertConfig.Parse(Read("config.json"));

    /// <summary>The tokeniser, and the files it is made of.</summary>
    /// <exception cref="StreamingException"><c>tokenizer_missing</c>, <c>tokenizer_invalid</c>, <c>tokenizer_unsupported</c>.</exception>
    public (ITokenizer Tokenizer, TokenizerManifest Manifest) OpenTokenizer(string family)
    {
        var files = TokenizerLoader.FilesIn(_folder);
        var lowerCase = CheckpointSettings.LowerCase(this, files[0]);
        var tokenizer = TokenizerLoader.Load(files, Read, new TokenizerFileOptions { Lowercase = lowerCase, Family = family });
        return (tokenizer, new TokenizerManifest { Kind = tokenizer.Kind, Files = files, LowerCase = lowerCase });
    }

    /// <summary>The weights, one file or several by their index; the caller disposes of them.</summary>
    /// <exception cref="StreamingException"><c>model_not_found</c>, <c>model_pickle_refused</c>, <c>model_path_refused</c>, <c>safetensors_invalid</c>.</exception>
    public ITensorSource OpenWeights()
    {
        if (Has(WeightsFile))
            return SafetensorsFile.Open(PathOf(WeightsFile));
        if (Has(IndexFile))
            return SafetensorsShards.Open(Read(IndexFile), PathOf);
        if (Array.Exists(Pickles, Has))
        {
            throw new StreamingException("model_pickle_refused",
                $"'{_folder}' keeps its weights as {Array.Find(Pickles, Has)}, Python's pickle format, which can run any code when it is read. Take the checkpoint's safetensors revision, or convert it once with the safetensors library.");
        }
        throw new StreamingException("model_not_found", $"'{_folder}' has no {WeightsFile}. Give the folder of a Hugging Face checkpoint with config.json, {WeightsFile} (or {IndexFile} and its files) and its tokeniser's files.");
    }

    /// <summary>The checkpoint's encoder; dispose of the weights when done.</summary>
    public BertCheckpoint OpenEncoder(out IDisposable weights)
    {
        var config = ReadConfig();
        var tensors = OpenWeights();
        weights = (IDisposable)tensors;
        return new BertCheckpoint(config, tensors);
    }

    /// <summary>The path of a file, once it is sure that it is a plain one of this folder.</summary>
    public string PathOf(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (name != Path.GetFileName(name) || name is "." or ".." || name.Contains('\\', StringComparison.Ordinal))
            throw Refused(name, "lies elsewhere");
        var path = Path.Combine(_folder, name);
        var file = new FileInfo(path);
        if (!file.Exists && file.LinkTarget is null)
            throw new StreamingException("model_not_found", $"'{_folder}' has no {name}. Give the folder of a Hugging Face checkpoint with config.json, {WeightsFile} and its tokeniser's files.");
        if (file.LinkTarget is not null)
        {
            var target = Final(file) ?? throw Refused(name, "is a link that leads nowhere");
            if (!IsBelow(target.FullName, _folder) && !IsBelow(target.FullName, HubStore()))
                throw Refused(name, "is a link that leads out of the folder");
            (path, file) = (target.FullName, new FileInfo(target.FullName));
        }

        // Devices and pipes have no length either; reading one may never end.
        return file.Exists && file.Length > 0 ? path : throw new StreamingException("model_file_empty", $"'{name}' of the checkpoint is empty or no plain file. Download the checkpoint again.");
    }

    private static FileSystemInfo? Final(FileInfo link)
    {
        try
        {
            return link.ResolveLinkTarget(returnFinalTarget: true) is { Exists: true } target ? target : null;
        }
        catch (IOException)
        {
            // A circle of links.
            return null;
        }
    }

    private static bool IsBelow(string path, string? folder) =>
        folder is not null && Path.GetFullPath(path).StartsWith(folder + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    /// <summary>In the hub's cache a folder is NAME/snapshots/REVISION and links into NAME/blobs.</summary>
    private string? HubStore()
    {
        var snapshots = Path.GetDirectoryName(_folder);
        return Path.GetFileName(snapshots) == "snapshots" && Path.GetDirectoryName(snapshots) is { } model ? Path.Combine(model, "blobs") : null;
    }

    private static StreamingException Refused(string name, string why) =>
        new("model_path_refused", $"'{name}' of the checkpoint {why}. Put the file itself into the folder.");
}
