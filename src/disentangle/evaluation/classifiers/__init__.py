"""What probes and metrics fit."""
