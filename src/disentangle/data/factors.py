"""The ground-truth factors of the official data sets: names, in official order, and numbers of values.

Locatello et al. 2019, "Challenging Common Assumptions in the Unsupervised Learning of Disentangled Representations".
"""

DSPRITES = {"shape": 3, "scale": 6, "orientation": 40, "x": 32, "y": 32}
SHAPES3D = {"floor_hue": 10, "wall_hue": 10, "object_hue": 10, "scale": 8, "shape": 4, "orientation": 15}
CARS3D = {"elevation": 4, "azimuth": 24, "object": 183}
SMALLNORB = {"category": 5, "instance": 10, "elevation": 9, "azimuth": 18, "lighting": 6}
MPI3D = {
    "object_color": 6,
    "object_shape": 6,
    "object_size": 2,
    "camera_height": 3,
    "background_color": 3,
    "horizontal_axis": 40,
    "vertical_axis": 40,
}
"""Gondal et al. 2019, as the authors' page has it."""
MPI3D_COMPLEX = {**MPI3D, "object_color": 4, "object_shape": 4}
