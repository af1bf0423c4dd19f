using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("Streaming.Learning.Tests")]
