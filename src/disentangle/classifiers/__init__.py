"""Classifiers that probes and metrics fit, each to its optimum or as a named library does."""
