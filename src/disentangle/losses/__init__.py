"""The terms that objectives are written in, as pure functions, and what an objective is told of a batch."""
