"""Scores of codes, one a file: a function of codes and factors."""
