"""Classifiers of frozen codes, one a file."""
