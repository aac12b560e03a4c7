"""Batches on the device, the loop, checkpoint and resume."""
