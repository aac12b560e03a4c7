"""Perceptual distances between images, one a file: class ``Distance`` builds the frozen module."""
