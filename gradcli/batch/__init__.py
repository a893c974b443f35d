"""Many programs, and one program over many rows: sources, engines and sinks."""
