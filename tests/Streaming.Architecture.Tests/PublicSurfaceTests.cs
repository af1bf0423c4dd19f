using System.Reflection;
using System.Text.RegularExpressions;

namespace Streaming.Architecture.Tests;

public sealed partial class PublicSurfaceTests
{
    [Fact]
    public void Sources_PublicTypes_LieInAFileOfTheirName()
    {
        var wrong = new List<string>();
        foreach (var file in Repository.Sources.Where(f => !f.StartsWith("src/OnnxRuntime.FromSource/", StringComparison.Ordinal)))
        {
            var types = PublicType().Matches(Repository.Read(file)).Select(m => (Name: m.Groups["name"].Value, IsData: m.Groups["kind"].Value != "class" && m.Groups["kind"].Value != "interface")).ToList();
            var name = Path.GetFileName(file).Split('.')[0];
            // Records, enums and structs that belong together may share a file named for all of them: Annotations.cs.
            var isCollection = name.EndsWith('s') && types.TrueForAll(t => t.IsData);
            if (types.Count > 0 && !isCollection && !types.Exists(t => t.Name == name))
                wrong.Add($"{file}: has {types[0].Name}");

            // Small data that belongs to the type (its enum, its item) may stand beside it, and its extensions; no other class or interface.
            foreach (var other in types.Where(t => t.Name != name && !t.IsData).DistinctBy(t => t.Name))
            {
                if (!Companions.Contains(other.Name) && !other.Name.StartsWith(name, StringComparison.Ordinal))
                    wrong.Add($"{file}: {other.Name} needs a file of its own");
            }
        }

        Assert.Empty(wrong);
    }

    [Fact]
    public void Core_PublicMembers_ShowNoVendorTypes()
    {
        var wrong = new HashSet<string>();
        foreach (var type in typeof(Core.Topology.TopologyLoader).Assembly.GetExportedTypes())
        {
            const BindingFlags all = BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
            var shown = type.GetMethods(all).SelectMany(m => m.GetParameters().Select(p => p.ParameterType).Append(m.ReturnType))
                .Concat(type.GetConstructors(all).SelectMany(c => c.GetParameters().Select(p => p.ParameterType)))
                .Concat(type.GetFields(all).Select(f => f.FieldType))
                .Concat(type.GetInterfaces())
                .Append(type.BaseType ?? typeof(object));
            foreach (var vendor in shown.SelectMany(Parts).Where(t => Rooms.WhoMayTouch(t.Assembly.GetName().Name!) is not null))
                wrong.Add($"{type.FullName} shows {vendor.FullName}");
        }

        Assert.Empty(wrong);
    }

    // Small classes that make no sense away from their neighbour.
    private static readonly HashSet<string> Companions = ["ModelLease", "SnakeCaseEnumConverter"];

    private static IEnumerable<Type> Parts(Type type)
    {
        if (type.HasElementType)
            return Parts(type.GetElementType()!);
        return type.IsGenericType ? type.GetGenericArguments().SelectMany(Parts).Append(type) : [type];
    }

    [GeneratedRegex(@"^public\s+(?:(?:sealed|static|abstract|partial|readonly|unsafe|ref)\s+)*(?<kind>class|interface|enum|struct|record\s+struct|record\s+class|record|delegate\s+[^\s(]+)\s+(?<name>[A-Za-z_][A-Za-z0-9_]*)", RegexOptions.Multiline)]
    private static partial Regex PublicType();
}
