namespace Streaming.Adapters.Llm;

/// <summary>A host has no address that may be connected to.</summary>
internal sealed class AddressRefusedException() : Exception("no address of the host is allowed");
