"""Where things lie in a scene of MNIST/STL-10: Burns et al. 2021, Fig. 1, in the authors' generator."""

DIGIT, SCENE = 28, 64
"""Sides of a digit and of a scene in pixels."""
LOCATIONS = [(y, x) for y in (2, 34) for x in (0, 12, 24, 36)]
"""Top-left pixel (y, x) of the digit in the scene, by DL = 4 * row + column."""
