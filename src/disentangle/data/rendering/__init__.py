"""How images are drawn from factors."""
