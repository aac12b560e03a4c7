"""The Scream by Edvard Munch, from a file placed by the user: no checksum of it is published."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from disentangle.data.pictures import read_rgb
from disentangle.errors import InputError

STAND_IN = ""
CREDITS = "Painting: E. Munch, The Scream, 1893 (public domain)."
ARCHIVES = ()

PAINTING = Path("data/raw/scream/The_Scream.jpg")
URL = "https://upload.wikimedia.org/wikipedia/commons/f/f4/The_Scream.jpg"


@dataclass(frozen=True)
class Source:
    """Read ``data/raw/scream/The_Scream.jpg``."""

    def files(self) -> list[Path]:
        """Return the painting's file."""
        return [PAINTING]

    def load(self, rng: np.random.Generator) -> np.ndarray:
        """Return the painting (H, W, 3) uint8; raises InputError when the file is missing or no usable picture."""
        if not PAINTING.exists():
            raise InputError(f"{PAINTING}: not found. Put {URL} there, or use the source 'scream_photograph'.")
        return np.asarray(read_rgb(PAINTING))
