"""Traversals: what a decoder makes of codes that differ in one dimension alone, of one model or of those picked."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from disentangle.data.grid import values_of
from disentangle.evaluation.code_matrices import information_shares
from disentangle.evaluation.metrics import mig
from disentangle.evaluation.population import Population
from disentangle.evaluation.traversal import carried, walk
from disentangle.reporting.grid_images import GridImages, pictures
from disentangle.reporting.picked import columns_of, title_of
from disentangle.reporting.results import CellResult
from disentangle.streams import rng

if TYPE_CHECKING:
    from disentangle.training.opened import Opened

STEPS = 7
MOST = 5
"""Dimensions shown, those that carry most."""
CAPTION = (
    "Each line goes along one dimension of the code of one image, in even steps from the 5 % to the 95 % quantile of "
    "the codes of the dataset, while the others stay. Above it the true image and its reconstruction. Dimensions are "
    "named by the factor that they tell most of, and by how much: mutual information as a share of the factor's "
    f"entropy. Those that tell most come first; more than {MOST} are not shown."
)


class Line(NamedTuple):
    """One dimension."""

    code: str
    factor: str
    """What it tells most of, and of that factor's entropy which share."""
    share: float
    walked: np.ndarray
    """(T,), from the 5 % to the 95 % quantile of the aggregate posterior."""
    pictures: np.ndarray
    """(T, S, S, 3) uint8."""


@dataclass(frozen=True)
class Traversal:
    """One model, from one image."""

    title: str
    true: np.ndarray
    """(S, S, 3) uint8, as the model sees it."""
    rebuilt: np.ndarray
    lines: tuple[Line, ...]
    known: Mapping[str, object] = field(default_factory=dict)
    """What the table says of the model."""


class Walked(NamedTuple):
    """The codes of a dataset, whose quantiles are the ends of walks and whose factors name dimensions."""

    codes: np.ndarray
    """(N, D), those that the model decodes."""
    factors: Mapping[str, np.ndarray]
    """Values (N,) by name."""
    names: Sequence[str]
    """What the dimensions are called."""
    complete: bool
    """Whether they are of a whole grid."""

    @classmethod
    def of(
        cls,
        model: "Opened",
        stored: Mapping[str, np.ndarray],
        images: Callable[[np.ndarray], np.ndarray],
        factors: Mapping[str, np.ndarray],
        names: Sequence[str] = (),
    ) -> "Walked":
        """Return the codes of what codes.npz, ``stored``, is of: from there, or encoded anew where it lacks them.

        ``images`` gives those of rows (n,) as the dataset has them, ``factors`` are of all rows. Names of another
        number than there are dimensions are left out, and dimensions called z0, z1, ...
        """
        rows = stored.get("rows", np.arange(len(next(iter(factors.values())))))
        codes = stored.get(model.decoded)
        if codes is None:
            codes = model.encode(images(rows))[model.decoded].numpy()
        called = names if len(names) == codes.shape[1] else [f"z{place}" for place in range(codes.shape[1])]
        own = {name: values[rows] for name, values in factors.items()}
        return cls(codes, own, called, complete="rows" not in stored)


def traversal(
    model: "Opened",
    image: np.ndarray,
    walked: Walked,
    options: Mapping[str, Any],
    title: str,
    known: Mapping[str, object],
    steps: int = STEPS,
) -> Traversal:
    """Return the walks of a model along the MOST dimensions that carry most, from the code of an ``image``.

    ``image`` (S, S, C) uint8 is of the model's dataset; ``options`` are those of MIG, whose mutual information tells
    what dimensions carry. A model whose codes are no finite numbers has no lines, and its title says so.
    """
    true, code = model.observed(image[None]), model.encode(image[None])[model.decoded]
    factors = np.stack([*walked.factors.values()], axis=1)
    population = Population(walked.codes.astype(np.float64), factors, (*walked.factors,), walked.complete)
    seen = pictures(true.numpy())[0]
    if not population.finite or not bool(code.isfinite().all()):
        return Traversal(f"{title}: its codes are no numbers", seen, np.full_like(seen, 255), (), known)
    varying = [name for name, varies in zip(population.names, population.varying, strict=True) if varies]
    lines = []
    for dimension, factor, share in carried(information_shares(population, mig.Metric(**options)))[:MOST]:
        codes = walk(population.codes, code[0].numpy(), dimension, steps)
        made = pictures(model.decode(codes).numpy())
        lines.append(Line(walked.names[dimension], varying[factor], share, codes[:, dimension], made))
    return Traversal(title, seen, pictures(model.decode(code).numpy())[0], tuple(lines), known)


def of_models(
    shown: Sequence[tuple[str, CellResult]],
    opened: Callable[[CellResult], tuple["Opened", Mapping[str, np.ndarray]]],
    images: GridImages,
    options: Mapping[str, Any],
    code: str,
    names: Sequence[str] = (),
) -> list[Traversal]:
    """Return the walks of each model of a grid that is picked by its MIG of ``code``, all from one image.

    That is drawn at random. ``opened`` gives a model and the content of its codes.npz. Factors are those that scores
    are told: nuisances name no dimension.
    """
    grid, found = images.grid, []
    every = values_of(np.arange(len(grid.images)), grid.sizes).T
    factors = {name: own for name, own in zip(grid.sizes, every, strict=True) if name not in grid.nuisance}
    image = images.stored(rng(0, "traversals").choice(len(grid.images), 1))[0]
    for rank, result in shown:
        model, stored = opened(result)
        known = columns_of(rank, result)
        walked = Walked.of(model, stored, images.stored, factors, names)
        found.append(traversal(model, image, walked, options, title_of(rank, result, code), known))
    return found


def rows(traversals: Sequence[Traversal]) -> pd.DataFrame:
    """Return one row a (model, dimension, step): what it carries, and the value that is decoded."""
    found = [
        {**own.known, "code": line.code, "factor": line.factor, "share": line.share, "step": step, "value": value}
        for own in traversals
        for line in own.lines
        for step, value in enumerate(line.walked)
    ]
    return pd.DataFrame(found) if found else pd.DataFrame({"code": []})
