"""How the checkpoints of a family of methods are opened for reuse, one family a file."""
