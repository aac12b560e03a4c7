"""Readers of digits and pictures, one a file."""
