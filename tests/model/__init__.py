"""The life of runs as the design has it, compared with the engine step by step."""
