"""Score codes of any origin: arrays in files, with the factors of what they are codes of."""

import argparse
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from disentangle import files, registry
from disentangle.errors import InputError
from disentangle.evaluation.population import Population
from disentangle.evaluation.scores import Scores, scores_of
from disentangle.pipeline import provenance
from disentangle.pipeline.measured import metrics_of

SKIPPED = ("domain_information", "half_similarity", "value_accuracy")
"""Not by default: factors of any origin name no domain, the two halves of a code mean something to contrastive methods
alone, and few codes are decoded values."""

LARGEST, SMALLEST = 1e100, 1e-30
"""What squares of codes, and splits between them, can take."""

FEWEST_ROWS = 15
"""Ten training and five test points, the fewest that a downstream task is given."""

MOST_SEED = 2**32 - 1

LIBRARIES = ("numpy", "scipy", "scikit-learn", "lightgbm")


def run(given: argparse.Namespace) -> None:
    """Read codes and factors, print a table of scores, and write them with all that they depend on."""
    names = chosen(given.metrics)
    if not 0 <= given.seed <= MOST_SEED:
        raise InputError(f"--seed: found {str(given.seed)[:40]}; allowed: an integer from 0 to {MOST_SEED}.")
    codes, factors = Path(given.codes), Path(given.factors)
    population = join(given.codes, read_codes(codes), given.factors, read_factors(factors), given.grid)
    options = {name: registry.check_options("metrics", name, {}, name) for name in names}
    count, dim = population.codes.shape
    what = "grid" if population.complete else "sample"
    print(f"{count} rows, a {what}; {dim} codes; factors {', '.join(population.names)}", flush=True)
    print(f"{'metric':18}  {'score':34}  {'value':>8}", flush=True)
    scores: Scores = {}
    for name in names:
        metric = registry.build("metrics", name, options[name])
        scores |= scores_of({name: metric}, population, given.seed)
        for key, value in (scores[name] or {}).items():
            print(f"{name:18}  {key:34}  {'undefined' if value is None else f'{value:.4f}':>8}", flush=True)
    content = {
        "codes": {"path": given.codes, "sha256": files.sha256(codes), "dim": dim},
        "factors": {
            "path": given.factors,
            "sha256": files.sha256(factors),
            "names": list(population.names),
            "sizes": (population.factors.max(0) + 1).tolist(),
        },
        "protocol": what,
        "rows": count,
        "seed": given.seed,
        "options": options,
        "scores": scores,
        "versions": provenance.versions(LIBRARIES),
    }
    files.write_json(Path(given.output), content)


def chosen(given: str | None) -> list[str]:
    """Return the names of metrics given with commas, by default of all that score codes.

    Raises InputError for one that is unknown, or that does not score codes.
    """
    known = metrics_of("codes")
    if given is None:
        return [name for name in known if name not in SKIPPED]
    names = list(dict.fromkeys(filter(None, map(str.strip, given.split(",")))))
    for name in names:
        registry.path("metrics", name)
        if name not in known:
            raise InputError(f"--metrics: found '{name}', which does not score codes; allowed: {', '.join(known)}.")
    if not names:
        raise InputError(f"--metrics: found '{given}'; allowed: names with commas.")
    return names


def read_codes(path: Path) -> np.ndarray:
    """Read codes (N, D), float64, of a ``.npy``, or of a ``.npz`` the array ``codes`` or the only one.

    Raises InputError for a file that is not there or damaged, and for codes that are no finite numbers.
    """
    arrays = _read(path, {".npz": _read_npz, ".npy": _read_npy})
    if "codes" not in arrays and len(arrays) != 1:
        raise InputError(
            f"{path}: found arrays {', '.join(arrays) or 'none'}; allowed: one called codes, or one in all."
        )
    codes = arrays["codes"] if "codes" in arrays else next(iter(arrays.values()))
    if codes.ndim != 2 or codes.dtype.kind not in "fiu" or not codes.shape[1]:
        raise InputError(f"{path}: found codes {codes.shape} of {codes.dtype}; allowed: (rows, codes) of real numbers.")
    codes = codes.astype(np.float64)
    bad = np.count_nonzero(~np.isfinite(codes).all(1))
    if bad:
        raise InputError(f"{path}: found NaN or infinity in {bad} of {len(codes)} rows; allowed: finite numbers.")
    for place, (largest, span) in enumerate(zip(np.abs(codes).max(0), np.ptp(codes, axis=0), strict=True)):
        if largest > LARGEST or 0 < span < SMALLEST:
            raise InputError(
                f"{path}: code {place} reaches {largest:.0e} and spans {span:.0e}; allowed: up to {LARGEST:.0e}, spans "
                f"from {SMALLEST:.0e}. Multiply it by a constant."
            )
    return codes


def read_factors(path: Path) -> dict[str, np.ndarray]:
    """Read each factor's labels (N,) as 0-based integers, in the order of the file and of their values.

    They are columns of a table: of a ``.csv`` with a header, of the one array (N, K) in a ``.npy`` or ``.npz``, or the
    arrays (N,) of a ``.npz``, one a factor. Raises InputError for a file that is not there or damaged, and for labels
    that are continuous, missing or all the same.
    """
    arrays = _read(path, {".npz": _read_npz, ".npy": _read_npy, ".csv": _read_csv})
    if len(arrays) == 1 and next(iter(arrays.values())).ndim == 2:
        (table,) = arrays.values()
        arrays = {f"factor_{k}": labels for k, labels in enumerate(table.T)}
    odd = [f"{name} {labels.shape}" for name, labels in arrays.items() if labels.ndim != 1]
    if odd or not arrays:
        raise InputError(
            f"{path}: found {', '.join(odd) or 'no array'}; allowed: one (rows, factors), or (rows,) each."
        )
    return {name: _labels(f"{path}: factor '{name}'", values) for name, values in arrays.items()}


def _labels(where: str, values: np.ndarray) -> np.ndarray:
    if values.dtype.kind == "f":
        if not np.isfinite(values).all():
            raise InputError(f"{where}: found missing values or infinity; allowed: a label in each row.")
        if (values != np.round(values)).any():
            example = values[values != np.round(values)][0]
            raise InputError(f"{where}: found {example}; allowed: integers or text. Cut continuous factors into bins.")
    elif values.dtype.kind not in "biuU":
        raise InputError(f"{where}: found {values.dtype}; allowed: integers or text.")
    distinct, labels = np.unique(values, return_inverse=True)
    if len(distinct) < 2:
        found = f"only {distinct[0]}" if len(distinct) else "no rows"
        raise InputError(f"{where}: found {found}; allowed: at least 2 values. Leave this factor out.")
    return labels.astype(np.int64)


def join(
    codes_from: str, codes: np.ndarray, factors_from: str, factors: Mapping[str, np.ndarray], grid: bool
) -> Population:
    """Return the population of codes (N, D) and labels (N,) by factor; of a ``grid``, rows are a complete one.

    Raises InputError when rows do not match, are too few, or are no complete grid but should be.
    """
    for name, labels in factors.items():
        if len(labels) != len(codes):
            found = f"{len(labels)} rows of factor '{name}' in {factors_from} and {len(codes)} rows of codes"
            raise InputError(f"{codes_from}: found {found}; allowed: as many.")
    if len(codes) < FEWEST_ROWS:
        raise InputError(f"{codes_from}: found {len(codes)} rows; allowed: at least {FEWEST_ROWS}.")
    table = np.stack(list(factors.values()), axis=1)
    if grid:
        sizes = (table.max(0) + 1).tolist()
        distinct = len(np.unique(table, axis=0))
        if not distinct == len(table) == math.prod(sizes):
            whole = f"the {math.prod(sizes)} of {' x '.join(map(str, sizes))} values, once each"
            raise InputError(
                f"--grid: found {len(table)} rows with {distinct} combinations of factors; allowed: {whole}."
            )
    return Population(codes, table, tuple(factors), grid)


def _read(path: Path, readers: Mapping[str, Callable[[Path], dict[str, np.ndarray]]]) -> dict[str, np.ndarray]:
    if path.suffix not in readers:
        raise InputError(f"{path}: found a name that ends in '{path.suffix}'; allowed: {', '.join(readers)}.")
    try:
        return readers[path.suffix](path)
    except FileNotFoundError:
        raise InputError(f"{path}: not there.") from None
    except InputError:
        raise
    except Exception as error:  # what NumPy and pandas raise differs with the kind of damage
        raise InputError(f"{path}: not a readable {path.suffix} file ({' '.join(str(error).split())}).") from error


def _read_npz(path: Path) -> dict[str, np.ndarray]:
    with open(path, "rb") as file, np.load(file) as archive:
        return {name: archive[name] for name in archive.files}


def _read_npy(path: Path) -> dict[str, np.ndarray]:
    with open(path, "rb") as file:
        return {"array": np.lib.format.read_array(file)}


def _read_csv(path: Path) -> dict[str, np.ndarray]:
    import pandas

    table = pandas.read_csv(path)
    if any(_is_number(name) for name in table.columns):
        raise InputError(f"{path}: found a number in the first line; allowed: a header that names the factors.")
    found: dict[str, np.ndarray] = {}
    for name, column in table.items():
        if column.isna().any():
            raise InputError(f"{path}: factor '{name}': found missing values; allowed: a label in each row.")
        found[str(name)] = column.to_numpy() if column.dtype.kind in "biuf" else column.to_numpy(dtype=str)
    return found


def _is_number(text: Any) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
