"""Classifiers on frozen codes, one a file."""
