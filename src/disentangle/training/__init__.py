"""From an objective and a dataset to trained weights: families of methods, loops, steps, batches, checkpoints."""
