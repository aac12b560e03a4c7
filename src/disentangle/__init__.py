"""Disentangled-representation research as one cached, reproducible pipeline."""
