"""Generators of image pairs with their factors, one a file."""
