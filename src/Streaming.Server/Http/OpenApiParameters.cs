using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Streaming.Server.Http;

/// <summary>Describes query parameters of handlers that read them by hand.</summary>
internal static class OpenApiParameters
{
    public static RouteHandlerBuilder WithParameter(this RouteHandlerBuilder builder, string name, string description, bool repeated = false) =>
        builder.AddOpenApiOperationTransformer((operation, _, _) =>
        {
            var value = new OpenApiSchema { Type = JsonSchemaType.String };
            operation.Parameters ??= [];
            operation.Parameters.Add(new OpenApiParameter
            {
                Name = name,
                In = ParameterLocation.Query,
                Description = description,
                Schema = repeated ? new OpenApiSchema { Type = JsonSchemaType.Array, Items = value } : value,
            });
            return Task.CompletedTask;
        });
}
