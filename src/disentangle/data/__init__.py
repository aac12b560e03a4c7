"""What is looked at: images with their ground-truth factors, made or read, on disk and in memory. Knows arrays only."""
