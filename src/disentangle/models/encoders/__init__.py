"""Encoders of images to codes, one a file: class ``Encoder`` holds the options and builds the network."""
