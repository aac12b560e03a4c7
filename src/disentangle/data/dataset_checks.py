"""What a generator made, held to what its kind promises before it is written: what is not so is one message."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from disentangle.errors import InputError


def check_views(split: str, images: np.ndarray, factors: Mapping[str, np.ndarray]) -> None:
    """Raise InputError unless view pairs are images (N, 2, S, S, 3), and their factors 0-based (N, 2) or (N,)."""
    _check_images(f"{split} images", images, (2, "S", "S", 3))
    for name, values in factors.items():
        check_integers(f"factor '{name}' of {split}", values, len(images), None)


def check_grid(images: np.ndarray, sizes: Mapping[str, int], shape: tuple[int, int, int], binary: bool) -> None:
    """Raise InputError unless a grid has one image, packed if ``binary``, of each combination of factor values."""
    for name, size in sizes.items():
        check_integers(f"values of factor '{name}'", np.array([size]), 1, None)
    _check_images("images", images, (math.prod(shape) // 8,) if binary else shape)
    if len(images) != (count := math.prod(sizes.values())):
        spelled = ", ".join(f"{name} {size}" for name, size in sizes.items())
        raise InputError(f"images: found {len(images)}; allowed: {count}, one of each combination of {spelled}.")


def check_labelled(made: Mapping[str, Any]) -> None:
    """Raise InputError unless labels (N,) are places among their values, numbers (N, K) finite, and uses (N,) bool.

    ``made`` are the fields of a ``labelled.Labelled``.
    """
    images, labels, values = made["images"], made["labels"], made["values"]
    _check_images("images", images, ("S", "S", "C"))
    if made["domain"] not in labels:
        known = ", ".join(labels)
        raise InputError(f"domain: found '{made['domain']}'; allowed: a label, of {known}.")
    if {*labels} != {*values}:
        raise InputError(f"values: found those of {', '.join(values)}; allowed: of {', '.join(labels)}.")
    for name, found in labels.items():
        if not all(isinstance(value, str) for value in values[name]) or len({*values[name]}) < len(values[name]):
            raise InputError(f"values of '{name}': found {values[name]}; allowed: texts, each once.")
        check_integers(f"label '{name}'", found, len(images), len(values[name]))
    for name, found in made["numbers"].items():
        _check_array(f"number '{name}'", found, f"floats of ({len(images)}, K)")
        if found.ndim != 2 or len(found) != len(images) or found.dtype.kind != "f":
            raise InputError(f"number '{name}': {_form(found)}; allowed: floats of ({len(images)}, K).")
        _check_rows(f"number '{name}'", found, np.isfinite(found), "finite numbers")
    for use in ("train", "fit", "test"):
        _check_array(use, made[use], f"truth of ({len(images)},)")
        if made[use].dtype != bool or made[use].shape != (len(images),):
            raise InputError(f"{use}: {_form(made[use])}; allowed: truth of ({len(images)},), one an image.")


def _check_images(what: str, images: np.ndarray, shape: tuple[int | str, ...]) -> None:
    allowed = ", ".join(map(str, ("N", *shape)))
    _check_array(what, images, f"uint8 of ({allowed})")
    sizes = images.shape[1:]
    fits = len(sizes) == len(shape) and all(
        wanted == size or isinstance(wanted, str) for wanted, size in zip(shape, sizes, strict=True)
    )
    if images.dtype != np.uint8 or not fits:
        raise InputError(f"{what}: {_form(images)}; allowed: uint8 of ({allowed}).")


def check_integers(what: str, found: np.ndarray, rows: int, values: int | None) -> None:
    """Raise InputError that names the first row of what is no integer, or not one of so many ``values``."""
    shapes = [(rows,), (rows, 2)] if values is None else [(rows,)]
    spelled = " or ".join(map(str, shapes))
    _check_array(what, found, f"integers of {spelled}")
    if found.shape not in shapes:
        raise InputError(f"{what}: {_form(found)}; allowed: integers of {spelled}.")
    allowed = "integers from 0" + ("" if values is None else f" to {values - 1}, of its {values} values")
    if found.dtype.kind not in "iuf":
        raise InputError(f"{what}: {_form(found)}; allowed: {allowed}.")
    right = (found >= 0) & (found.dtype.kind != "f" or found == np.floor(found))
    _check_rows(what, found, right if values is None else right & (found < values), allowed)
    if found.dtype.kind == "f":
        raise InputError(f"{what}: {_form(found)}; allowed: {allowed}.")


def _check_rows(what: str, found: np.ndarray, right: np.ndarray, allowed: str) -> None:
    if not right.all():
        place = tuple(np.argwhere(~right)[0])
        raise InputError(f"{what}, row {place[0]}: found {found[place]}; allowed: {allowed}.")


def _check_array(what: str, found: Any, allowed: str) -> None:
    if not isinstance(found, np.ndarray):
        raise InputError(f"{what}: found a {type(found).__name__}; allowed: an array, {allowed}.")


def _form(found: np.ndarray) -> str:
    return f"found {found.dtype} of {found.shape}"
