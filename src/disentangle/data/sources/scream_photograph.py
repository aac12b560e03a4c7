"""A photograph in place of The Scream, without a download: a cup of coffee that scikit-image carries."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image

from disentangle.data.foreign import reading
from disentangle.errors import InputError

STAND_IN = "a photograph of a cup of coffee (stand-in for the painting The Scream)"
CREDITS = "Background: from scikit-image, coffee (R. Michetti, CC0)."
ARCHIVES = ()


@dataclass(frozen=True)
class Source:
    """Read scikit-image's ``coffee.png``, 600 x 400 pixels."""

    def files(self) -> list[Path]:
        """Return no file: the photograph is part of an installed package."""
        return []

    def load(self, rng: np.random.Generator) -> np.ndarray:
        """Return the photograph (400, 600, 3) uint8; raises InputError when scikit-image or its file is missing."""
        spec = find_spec("skimage")  # located without an import: skimage.data would offer to download
        if spec is None or spec.origin is None:
            raise InputError("the source 'scream_photograph' needs the package scikit-image: pip install it.")
        path = Path(spec.origin).parent / "data" / "coffee.png"
        with reading(path), Image.open(path) as picture:
            return np.asarray(picture.convert("RGB"))
