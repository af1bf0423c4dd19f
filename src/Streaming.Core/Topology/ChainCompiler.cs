using Streaming.Core.Topology.Language;

namespace Streaming.Core.Topology;

/// <summary>Checks that every stage finds what it needs, and fills in the names that were left away.</summary>
internal sealed class ChainCompiler(DiagnosticBag diagnostics)
{
    private readonly List<Value> values = [new(StageRegistry.Message, StageRegistry.Message, null, default)];

    public IReadOnlyList<StageDefinition> Compile(IReadOnlyList<StageNode> nodes, TextPosition topology)
    {
        var position = nodes.Count > 0 ? nodes[0].Position : topology;
        var stages = new List<StageDefinition>();
        foreach (var node in nodes)
        {
            var stage = StageRegistry.Find(node.Stage)!;
            if (stages.Find(s => s.Stage == node.Stage) is { } twice)
            {
                diagnostics.Error(TopologyErrorCodes.DuplicateStage, node.Position, $"the stage `{node.Stage}` is there already, at {twice.Position}.", "Keep one of them.");
                continue;
            }

            stages.Add(Connect(node, stage));
        }

        if (!stages.Exists(s => StageRegistry.Find(s.Stage)!.IsAnnotation))
        {
            diagnostics.Error(
                TopologyErrorCodes.NoAnnotation,
                position,
                "no stage of the chain annotates.",
                $"Add one of {Quoting.List(StageRegistry.All.Where(s => s.IsAnnotation).Select(s => s.Name))}.");
        }

        foreach (var value in values.Where(v => !v.IsRead && v.GivenBy is { IsAnnotation: false }))
        {
            diagnostics.Warning(TopologyErrorCodes.UnusedOutput, value.Position, $"nothing reads `{value.Name}`, which `{value.GivenBy!.Name}` gives.", "Leave the stage away, or let a later one read it.");
        }

        return stages;
    }

    private StageDefinition Connect(StageNode node, StageDescriptor stage)
    {
        var input = Input(node, stage);
        var output = node.Out ?? (stage.IsInPlace && input is not null ? input.Name : stage.Gives);
        if (input is not null)
        {
            input.IsRead = true;
        }

        if (stage.IsAnnotation && output != stage.Gives)
        {
            diagnostics.Error(TopologyErrorCodes.WrongInput, node.OutPosition, $"`{stage.Name}` fills the document's field `{stage.Gives}`, which cannot be called {Quoting.Quote(output)}.", "Leave `out` away.");
        }

        var same = values.FindIndex(v => v.Name == output);
        if (same >= 0 && !(stage.IsInPlace && values[same] == input))
        {
            var givenBy = values[same].GivenBy?.Name;
            diagnostics.Error(
                TopologyErrorCodes.DuplicateOutput,
                node.OutPosition,
                $"`{stage.Name}` gives `{output}`, which is there already{(givenBy is null ? "" : $" from `{givenBy}`")}.",
                "Give it another name with `out`.");
        }
        else
        {
            if (same >= 0)
            {
                values.RemoveAt(same);
            }

            values.Add(new Value(output, stage.Gives, stage, node.Position));
        }

        return new StageDefinition { Stage = node.Stage, In = input?.Name ?? node.In ?? stage.Needs, Out = output, Position = node.Position };
    }

    private Value? Input(StageNode node, StageDescriptor stage)
    {
        if (node.In is null)
        {
            var latest = values.FindLast(v => v.Kind == stage.Needs);
            if (latest is null)
            {
                MissingInput(node, stage);
            }

            return latest;
        }

        var named = values.Find(v => v.Name == node.In);
        if (named is null)
        {
            var near = NameSuggester.Nearest(node.In, values.Where(v => v.Kind == stage.Needs).Select(v => v.Name));
            var fitting = values.Where(v => v.Kind == stage.Needs).Select(v => v.Name).ToList();
            diagnostics.Error(
                TopologyErrorCodes.MissingInput,
                node.InPosition,
                $"`{stage.Name}` reads {Quoting.Quote(node.In)}, which no stage before it gives.",
                near is not null ? $"Did you mean `{near}`?" : fitting.Count > 0 ? $"It can read {Quoting.List(fitting)}." : Giver(stage));
            return null;
        }

        if (named.Kind != stage.Needs)
        {
            named.IsRead = true;
            diagnostics.Error(
                TopologyErrorCodes.WrongInput,
                node.InPosition,
                $"`{stage.Name}` reads `{named.Name}`, which is {Quoting.Quote(named.Kind)}, but needs `{stage.Needs}`.",
                values.FindLast(v => v.Kind == stage.Needs) is { } fitting ? $"It can read `{fitting.Name}`." : Giver(stage));
            return null;
        }

        return named;
    }

    private void MissingInput(StageNode node, StageDescriptor stage) => diagnostics.Error(
        TopologyErrorCodes.MissingInput,
        node.Position,
        $"`{stage.Name}` needs `{stage.Needs}`, which no stage before it gives.",
        Giver(stage));

    private static string Giver(StageDescriptor stage)
    {
        var giver = StageRegistry.All.First(s => s.Gives == stage.Needs);
        return $"Put the stage `{giver.Name}` before it.";
    }

    private sealed class Value(string name, string kind, StageDescriptor? givenBy, TextPosition position)
    {
        public string Name { get; } = name;

        public string Kind { get; } = kind;

        public StageDescriptor? GivenBy { get; } = givenBy;

        public TextPosition Position { get; } = position;

        public bool IsRead { get; set; }
    }
}
