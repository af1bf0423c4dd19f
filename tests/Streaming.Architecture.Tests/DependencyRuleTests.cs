using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Xml.Linq;

namespace Streaming.Architecture.Tests;

/// <summary>Rooms depend downwards only; adapters never know each other; only the host sees adapters.</summary>
public sealed class DependencyRuleTests
{
    private static IEnumerable<(string Room, XDocument Project)> Projects => Repository.Files
        .Where(f => f.StartsWith("src/", StringComparison.Ordinal) && f.EndsWith(".csproj", StringComparison.Ordinal))
        .Select(f => (Path.GetFileNameWithoutExtension(f), XDocument.Parse(Repository.Read(f))))
        .Where(p => p.Item1 != "OnnxRuntime.FromSource");

    private static IEnumerable<string> Assemblies => Directory.EnumerateFiles(AppContext.BaseDirectory, "*.dll")
        .Where(f => Path.GetFileName(f) is "streaming.dll" or ['S', 't', 'r', 'e', 'a', 'm', 'i', 'n', 'g', '.', ..])
        .Where(f => !f.EndsWith(".Tests.dll", StringComparison.Ordinal) && !f.EndsWith("Streaming.Testing.dll", StringComparison.Ordinal));

    [Fact]
    public void Projects_References_PointDownwards()
    {
        var wrong = Projects.SelectMany(p => p.Project.Descendants("ProjectReference")
            .Select(r => (p.Room, Other: Path.GetFileNameWithoutExtension(r.Attribute("Include")!.Value.Replace('\\', '/')))))
            .Where(r => !Rooms.MayKnow(r.Room, r.Other))
            .Select(r => $"{r.Room} refers to {r.Other}");

        Assert.Empty(wrong);
    }

    [Fact]
    public void Projects_Packages_AreOnlyWhereTheyBelong()
    {
        var wrong = Projects.SelectMany(p => p.Project.Descendants("PackageReference")
            .Select(r => (p.Room, Package: r.Attribute("Include")!.Value)))
            .Where(r => Rooms.WhoMayTouch(r.Package) is { } rooms && !rooms.Contains(r.Room))
            .Select(r => $"{r.Room} has the package {r.Package}");

        Assert.Empty(wrong);
    }

    [Fact]
    public void Projects_EveryRoom_HasARule()
    {
        var known = Projects.Select(p => p.Room).Where(room =>
            room == Rooms.Host || room == "Streaming.Contracts" || Rooms.MayKnow(room, "Streaming.Contracts"));

        Assert.Equal(Projects.Select(p => p.Room), known);
    }

    [Fact]
    public void Assemblies_References_KeepTheRule()
    {
        var wrong = new List<string>();
        foreach (var (room, references, _) in Assemblies.Select(Read))
        {
            foreach (var reference in references)
            {
                if (reference.StartsWith("Streaming.", StringComparison.Ordinal) && !Rooms.MayKnow(room, reference))
                    wrong.Add($"{room} refers to {reference}");
                if (Rooms.WhoMayTouch(reference) is { } rooms && !rooms.Contains(room))
                    wrong.Add($"{room} refers to {reference}");
            }
        }

        Assert.Empty(wrong);
    }

    [Fact]
    public void Assemblies_VendorTypes_AreUsedOnlyInTheirRoom()
    {
        var wrong = Assemblies.Select(Read).SelectMany(a => a.Types
            .Where(t => Rooms.WhoMayTouch(t) is { } rooms && !rooms.Contains(a.Room))
            .Select(t => $"{a.Room} uses {t}"));

        Assert.Empty(wrong);
    }

    [Fact]
    public void Assemblies_AllRooms_WereLookedAt()
    {
        var seen = Assemblies.Select(f => Read(f).Room).Order();

        Assert.Equal(Projects.Select(p => p.Room).Order(), seen);
    }

    [Fact]
    public void Assemblies_NothingIsLeftUnwritten()
    {
        var wrong = Assemblies.Select(Read).Where(a => a.Types.Contains("System.NotImplementedException")).Select(a => a.Room);

        Assert.Empty(wrong);
    }

    [Theory]
    [InlineData("Streaming.Core", "Streaming.Text", false)]
    [InlineData("Streaming.Text", "Streaming.Core", true)]
    [InlineData("Streaming.Adapters.Kafka", "Streaming.Adapters.Sqlite", false)]
    [InlineData("Streaming.Adapters.Kafka", "Streaming.Learning", true)]
    [InlineData("Streaming.Server", "Streaming.Adapters.Sqlite", false)]
    [InlineData("Streaming.Cli", "Streaming.Adapters.Sqlite", true)]
    [InlineData("Streaming.Contracts", "Streaming.Core", false)]
    public void Rule_KnownPairs_AreJudged(string room, string other, bool allowed) => Assert.Equal(allowed, Rooms.MayKnow(room, other));

    private static (string Room, IReadOnlyList<string> References, HashSet<string> Types) Read(string file)
    {
        using var stream = File.OpenRead(file);
        using var pe = new PEReader(stream);
        var metadata = pe.GetMetadataReader();
        var name = metadata.GetString(metadata.GetAssemblyDefinition().Name);
        var references = metadata.AssemblyReferences.Select(h => metadata.GetString(metadata.GetAssemblyReference(h).Name)).ToList();
        var types = metadata.TypeReferences
            .Select(h => metadata.GetTypeReference(h))
            .Select(t => $"{metadata.GetString(t.Namespace)}.{metadata.GetString(t.Name)}")
            .ToHashSet();
        return (name == "streaming" ? Rooms.Host : name, references, types);
    }
}
