"""Datasets, one a file: how images come from sources, and what their factors are."""
