"""The key results of the paper, one report a file."""
