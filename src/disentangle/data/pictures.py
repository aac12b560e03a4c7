"""A user's picture files, whatever their format and shape, as square images in colour."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from disentangle.errors import InputError

SIDE = 64


def read_picture(file: Path) -> np.ndarray:
    """Return the centre (64, 64, 3) uint8 of a picture, turned upright and resized to a short side of 64.

    Raises InputError that names a file that Pillow cannot read.
    """
    try:
        with Image.open(file) as picture:
            upright = ImageOps.exif_transpose(picture).convert("RGB")
            return np.asarray(ImageOps.fit(upright, (SIDE, SIDE), Image.Resampling.BICUBIC))
    except Exception as error:  # Pillow raises OSError, SyntaxError, ValueError and its own by the kind of damage
        raise InputError(f"{file}: not a readable picture ({error}). Replace or remove it.") from error
