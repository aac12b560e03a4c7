"""Grids of which some factors are told to methods, in groups of official values, and all others are nuisances.

The variants of Valenti and Bacciu 2022 are such. Table 1 gives their numbers of combinations; which factors they are of
is inferred. dSprites: shape 3 x horizontal 3 x vertical position 3 = 27 (v2), x scale 5 = 135 (v3), x orientation 8 =
1,080 (v4). 3D Shapes: hue of the object 10 x shape 4 = 40 (v2), x scale 3 = 120 (v3), x hues of floor 10 and wall 10 =
12,000 (v5). Positions and restricted nuisances of dSprites are as in the code of the authors' preceding paper.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from disentangle.data import grid
from disentangle.errors import InputError, did_you_mean

Groups = Sequence[Sequence[int]]
"""The official values of each value that is told, as many of each."""


def singly(values: Iterable[int]) -> Groups:
    """Return groups of one official value each."""
    return [(value,) for value in values]


POSITIONS = (range(0, 5), range(13, 18), range(27, 32))
"""Left, middle and right, or top, middle and bottom, of dSprites: five official positions each."""
RESTRICTED = {"scale": (2, 3, 4), "orientation": (0, 1, 2, 3, 36, 37, 38)}
"""Of dSprites: middling scales, and within 28 degrees of upright."""
SCALES = ((0, 1), (3, 4), (6, 7))
"""Small, middling and large, of 3D Shapes."""


class Variant(grid.Seen):
    """A dataset of images of its ``factors``, seen as they are stored, of which the factors in ``told`` are told.

    The grid has axes in official order. A told factor of G groups of W official values each makes two, <name> (G) and,
    unless W = 1, the nuisance <name>_within (W): value (g, w) is the official value w of group g. Another factor makes
    one nuisance, of all its values or, where ``nuisances`` is "restricted", of those in ``restricted``.

    A frozen dataclass of datasets/<name>.py extends it by the options of ``grid.GridDataset``, but that ``every`` is a
    stride a nuisance, and, if it has ``restricted``, by ``nuisances``.
    """

    factors: ClassVar[Mapping[str, int]]
    told: ClassVar[Mapping[str, Groups]]
    restricted: ClassVar[Mapping[str, Sequence[int]]] = {}
    image_size: int
    every: list[int]
    nuisances: str = "free"

    def __post_init__(self) -> None:
        for name, groups in self.told.items():
            self._check_groups(name, groups)
        self._kept()

    @property
    def told_sizes(self) -> dict[str, int]:
        """How many values each factor has that is told, in the order of the grid."""
        return {name: len(self.told[name]) for name in self.factors if name in self.told}

    @property
    def count(self) -> int:
        """How many images there are."""
        return math.prod(groups.size for groups in self._kept().values())

    def generate(self, sources: Mapping[str, Any], stream: Callable[..., np.random.Generator]) -> grid.Grid:
        """Return the grid of images of ``sources["images"]``; raises InputError for a source of other factors."""
        kept, axes, sizes = self._kept(), self._axes(), {}
        for name, groups in kept.items():
            if name in self.told:
                sizes[name] = groups.shape[0]
            if name in axes:
                sizes[axes[name]] = groups.shape[1]
        # The images of the official values, group by group, are in the order of these axes already.
        found = sources["images"].load(
            stream("images"), {name: groups.ravel().tolist() for name, groups in kept.items()}
        )
        return replace(grid.reduced(found, self.image_size), sizes=sizes, nuisance=tuple(axes.values()))

    def _check_groups(self, name: str, groups: Groups) -> None:
        """Raise InputError unless groups are of as many official values each, and no value is in two."""
        if name not in self.factors:
            raise InputError(f"told: no factor '{name}': {did_you_mean(name, self.factors)}")
        values, size = [value for group in groups for value in group], self.factors[name]
        if len({len(group) for group in groups}) != 1 or not values:
            found = ", ".join(str(len(group)) for group in groups) or "none"
            raise InputError(f"told.{name}: found groups of {found} values; allowed: of as many each, one or more.")
        if len({*values}) < len(values) or not all(0 <= value < size for value in values):
            raise InputError(f"told.{name}: found values {values}; allowed: each once, of 0 to {size - 1}.")

    def _axes(self) -> dict[str, str]:
        """Return what the nuisance of each factor that makes one is called."""
        within = {name: f"{name}_within" if name in self.told else name for name in self.factors}
        return {name: axis for name, axis in within.items() if axis == name or len(self.told[name][0]) > 1}

    def _kept(self) -> dict[str, np.ndarray]:
        """Return the official values of each factor that are kept: (G, W), or (1, W) of one that is not told."""
        restricted = self.restricted if self.nuisances == "restricted" else {}
        whole = {
            name: np.array(self.told.get(name, [restricted.get(name, range(size))]))
            for name, size in self.factors.items()
        }
        axes = self._axes()
        strides = grid.strides(self.every, {axis: whole[name].shape[1] for name, axis in axes.items()})
        return {name: groups[:, :: strides[axes[name]] if name in axes else 1] for name, groups in whole.items()}
