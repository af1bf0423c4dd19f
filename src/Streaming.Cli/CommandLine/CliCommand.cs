using System.CommandLine;
using Streaming.Core;

namespace Streaming.Cli.CommandLine;

/// <summary>Gives every command the same ends: exit codes, coded errors without stack traces, a clean stop on a signal.</summary>
internal static class CliCommand
{
    /// <summary>Sets what a command does.</summary>
    /// <param name="command">The command.</param>
    /// <param name="context">The world.</param>
    /// <param name="action">Does it; the token is cancelled by SIGINT or SIGTERM.</param>
    public static Command Does(this Command command, CliContext context, Func<ParseResult, CancellationToken, Task<ExitCode>> action)
    {
        command.SetAction(async (parsed, cancellationToken) => (int)await RunAsync(context, () => action(parsed, cancellationToken), cancellationToken));
        return command;
    }

    /// <summary>Adds arguments and options.</summary>
    public static Command With(this Command command, params ReadOnlySpan<Symbol> symbols)
    {
        foreach (var symbol in symbols)
        {
            switch (symbol)
            {
                case Command inner:
                    command.Subcommands.Add(inner);
                    break;
                case Option option:
                    command.Options.Add(option);
                    break;
                case Argument argument:
                    command.Arguments.Add(argument);
                    break;
            }
        }

        return command;
    }

    private static async Task<ExitCode> RunAsync(CliContext context, Func<Task<ExitCode>> action, CancellationToken cancellationToken)
    {
        try
        {
            return await action();
        }
        catch (StreamingException error)
        {
            context.Fail(error);
            return error.ExitCode;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            context.Say("stopped");
            return ExitCode.CheckFailed;
        }
        catch (IOException error) when (IsBrokenPipe(error))
        {
            // Whoever read the output has seen enough.
            return ExitCode.Ok;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            context.Fail(new StreamingException("io_error", error.Message, ExitCode.Usage, error));
            return ExitCode.Usage;
        }
        finally
        {
            try
            {
                await context.Out.FlushAsync(CancellationToken.None);
            }
            catch (IOException)
            {
                // As above.
            }
        }
    }

    private static bool IsBrokenPipe(IOException error) => error.Message.Contains("Broken pipe", StringComparison.OrdinalIgnoreCase) || error.HResult == 32;
}
