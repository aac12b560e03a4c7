"""What is asked of codes and factors before they are scored, and the population they make."""

import math
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from disentangle.data.foreign import told
from disentangle.errors import InputError, did_you_mean
from disentangle.evaluation.population import Population
from disentangle.scoring.forms import as_floats, codes_of, counts_rows, factors_of, indexes_of

if TYPE_CHECKING:
    import pandas

LARGEST, SMALLEST = 1e100, 1e-30
"""What squares of numbers, and splits between them, can take."""

FEWEST_ROWS = 15
"""Ten training and five test points, the fewest that a downstream task is given."""

ROWS_A_VALUE = 2
"""The fewest that the values of a discrete factor have on average: nothing is told of values that occur once."""

FEW_VALUES = 20
"""Of a continuous factor that may have been meant for a discrete one."""


@dataclass(frozen=True)
class Given:
    """What was given: its population, and what its reader should know of how it was read."""

    population: Population
    remarks: tuple[str, ...]


def joined(
    codes: Any,
    factors: Any,
    *,
    names: Iterable[str] | None = None,
    grid: bool = False,
    continuous: Iterable[str] | None = (),
    discrete: Iterable[str] | None = (),
    told_as: tuple[str, str] = ("codes", "factors"),
) -> Given:
    """Return codes (N, D) beside the N values of K factors; of a ``grid``, rows are all combinations of values.

    Both may be arrays, tensors, tables of columns or mappings of names to (N,). A factor is continuous if its numbers
    have fractions, else discrete, unless it is named as ``continuous`` or ``discrete``; ``names`` are those of the
    factors of an array. Messages call the two as they are ``told_as``.
    Raises InputError for what cannot be scored: it says what was found and what is allowed.
    """
    remarks: list[str] = []
    columns = factors_of(told_as[1], factors, None if names is None else words("names", names), remarks)
    table = codes_of(told_as[0], codes, remarks)
    _check_shapes(told_as, table, columns)
    _check_rows(told_as, codes, factors)
    _check_codes(told_as[0], table)
    kinds = _told_kinds(columns, words("continuous", continuous), words("discrete", discrete))
    values, labels, numbers = list[np.ndarray](), list[np.ndarray](), list[str]()
    for name, column in columns.items():
        where = f"{told_as[1]}: factor '{told(name, 60)}'"
        _check_column(where, column)
        if kinds.get(name, _has_fractions(column)):
            values.append(_numbers(where, column))
            labels.append(np.unique(values[-1], return_inverse=True)[1])
            numbers.append(name)
            remarks += _few_values(name, labels[-1]) if name not in kinds else []
        else:
            labels.append(_labels(where, column, grid))
            values.append(labels[-1])
    whole = np.stack(labels, axis=1)
    if not np.ptp(whole, axis=0).any():
        raise InputError(f"{told_as[1]}: found factors of one value alone; allowed: at least one of 2 values.")
    _check_one_hot(told_as[1], columns)
    remarks += _twins([*columns], labels)
    if grid:
        _check_grid(whole)
    population = Population(table, np.stack(values, axis=1), tuple(columns), grid, continuous=tuple(numbers))
    return Given(population, tuple(remarks))


def words(where: str, given: Iterable[str] | None) -> list[str]:
    """Return names that are given, or the one; raises InputError for what are none."""
    if given is not None and not isinstance(given, Iterable):
        raise InputError(f"{where}: found {told(given, 60)}; allowed: names.")
    return [given] if isinstance(given, str) else [str(name) for name in given or ()]


def _check_shapes(told_as: tuple[str, str], codes: np.ndarray, columns: "Mapping[str, pandas.Series]") -> None:
    rows = {name: len(column) for name, column in columns.items()}
    counts = {*rows.values()}
    both = codes.shape[1] == len(columns) > len(codes)
    swapped = " Transposed?" if codes.shape[1] in counts or codes.shape[0] == len(columns) or both else ""
    for name, count in rows.items():
        if count != len(codes):
            found = f"{count} rows of factor '{told(name, 60)}' in {told_as[1]} and {len(codes)} rows of codes"
            raise InputError(f"{told_as[0]}: found {found}; allowed: as many.{swapped}")
    if len(codes) < FEWEST_ROWS:
        found = f"{len(codes)} rows of {codes.shape[1]} codes"
        turned = " Transposed?" if codes.shape[1] >= FEWEST_ROWS else ""
        raise InputError(f"{told_as[0]}: found {found}; allowed: at least {FEWEST_ROWS} rows.{turned}")


def _check_rows(told_as: tuple[str, str], codes: Any, factors: Any) -> None:
    """Raise InputError where rows have labels that are not the same, but some of them are: rows are joined by place."""
    indexes = [*indexes_of(codes), *indexes_of(factors)]
    for index in indexes[1:]:
        first = indexes[0]
        if index.equals(first) or index.nlevels != first.nlevels or not index.isin(first).any():
            continue
        same = index.is_unique and index.isin(first).all() and first.isin(index).all()
        found = (
            f"the rows of {told_as[0]} in another order" if same else f"some of the rows of {told_as[0]}, and others"
        )
        advice = "Take factors.loc[codes.index], or reset_index(drop=True) of what is in the same order"
        raise InputError(f"{told_as[1]}: found {found}, by their index; allowed: the same. {advice}.")


def _check_codes(where: str, codes: np.ndarray) -> None:
    bad = np.count_nonzero(~np.isfinite(codes).all(1))
    if bad:
        raise InputError(f"{where}: found NaN or infinity in {bad} of {len(codes)} rows; allowed: finite numbers.")
    for place, column in enumerate(codes.T):
        _check_range(f"{where}: code {place}", column)


def _check_range(what: str, values: np.ndarray) -> None:
    largest, span = np.abs(values).max(), np.ptp(values)
    if largest > LARGEST or 0 < span < SMALLEST:
        raise InputError(
            f"{what} reaches {largest:.0e} and spans {span:.0e}; allowed: up to {LARGEST:.0e}, spans from "
            f"{SMALLEST:.0e}. Multiply it by a constant."
        )


def _told_kinds(columns: Mapping[str, Any], continuous: Iterable[str], discrete: Iterable[str]) -> dict[str, bool]:
    """Return what is told of factors, True where continuous; raises InputError for one that is none, or told both."""
    said: dict[str, bool] = {}
    for kind, named in ((True, continuous), (False, discrete)):
        word = "continuous" if kind else "discrete"
        for name in named:
            if name not in columns:
                raise InputError(f"{word}: no factor '{told(name, 60)}': {told(did_you_mean(name, columns))}")
            if said.setdefault(name, kind) != kind:
                raise InputError(f"{word}: factor '{told(name, 60)}' is said to be continuous and discrete.")
    return said


def _check_column(where: str, column: "pandas.Series") -> None:
    if column.isna().any():
        raise InputError(f"{where}: found missing values in {column.isna().sum()} rows; allowed: one in each row.")
    if column.dtype.kind not in "biufO":
        raise InputError(f"{where}: found {column.dtype}; allowed: numbers or text.")
    several = (
        cell for cell in column if not isinstance(cell, str) and (np.ndim(cell) or isinstance(cell, Mapping | Set))
    )
    if column.dtype.kind == "O" and (found := next(several, None)) is not None:
        raise InputError(f"{where}: found a {type(found).__name__} in a row; allowed: a number or text in each.")
    if column.dtype.kind == "f" and not np.isfinite(column.to_numpy(np.float64)).all():
        raise InputError(f"{where}: found infinity; allowed: finite numbers.")
    if column.dtype.kind == "O" and (word := _missing_word(column)):
        raise InputError(f"{where}: found '{word}' among numbers; allowed: a number in each row.")


def _missing_word(column: "pandas.Series") -> str | None:
    """Return the word for what is missing in a column of numbers; None where it is no such column."""
    import pandas

    words = column.astype(str)
    others = words[pandas.to_numeric(words, errors="coerce").isna()].str.strip().unique()
    missing = {"", "na", "nan", "n/a", "null", "none", "-", "?"}
    meant = 0 < len(others) < words.nunique() and {word.lower() for word in others} <= missing
    return str(others[0]) if meant else None


def _has_fractions(column: "pandas.Series") -> bool:
    return column.dtype.kind == "f" and bool((column % 1 != 0).any())


def _numbers(where: str, column: "pandas.Series") -> np.ndarray:
    if column.dtype.kind not in "iuf":
        raise InputError(f"{where}: found {column.dtype}; allowed: numbers, as it is continuous.")
    values = as_floats(where, column.to_numpy())
    _check_range(where, values)
    return values


def _labels(where: str, column: "pandas.Series", grid: bool) -> np.ndarray:
    """Return the values (N,) of a discrete factor as integers from 0, in their order."""
    import pandas

    numbered = column if column.dtype.kind != "O" or hasattr(column, "cat") else column.map(str)
    labels, values = pandas.factorize(numbered, sort=True)
    if len(values) * ROWS_A_VALUE > len(column) and not grid:
        found = f"{len(values)} values in {len(column)} rows"
        if counts_rows(column):
            advice = "Leave it out: it counts the rows, as an index does"
        elif column.dtype.kind in "iuf":
            advice = "Leave it out, or say that it is continuous"
        else:
            advice = "Leave it out, or join values"
        raise InputError(f"{where}: found {found}; allowed: {ROWS_A_VALUE} rows a value, on average. {advice}.")
    return labels.astype(np.int64)


def _few_values(name: str, labels: np.ndarray) -> list[str]:
    values = int(labels.max()) + 1
    if values > FEW_VALUES or values * FEW_VALUES > len(labels):
        return []
    said = f"taken for continuous, as its {values} values have fractions; say that it is discrete if they are labels"
    return [f"factor '{told(name, 60)}' is {said}."]


def _twins(names: list[str], labels: list[np.ndarray]) -> list[str]:
    """Return, where values (N,) of a factor are those of an earlier one by other names, which those are; else nothing.

    Factors of one value do not count.
    """
    first: dict[bytes, str] = {}
    pairs = []
    for name, label in zip(names, labels, strict=True):
        rows = np.unique(label, return_index=True)[1]
        twin = first.setdefault(rows[label].tobytes(), name)
        if twin != name and len(rows) > 1:
            pairs.append(f"'{name}' what '{twin}' does")
    return [f"factors that tell the same, so that no code is of one alone: {told(', '.join(pairs), 200)}."] * bool(
        pairs
    )


def _check_one_hot(where: str, columns: "Mapping[str, pandas.Series]") -> None:
    """Raise InputError for columns that tell one factor: of the same two values, exactly one is high in each row."""
    pairs = dict[tuple[float, float], dict[str, np.ndarray]]()
    for name, column in columns.items():
        if column.dtype.kind in "biuf" and len(values := np.unique(column.to_numpy())) == 2:
            pairs.setdefault((values[0], values[1]), {})[name] = column.to_numpy() == values[1]
    for (_, high), bits in pairs.items():
        found = max((_exclusive(bits, first) for first in bits), key=len)
        if found:
            raise InputError(
                f"{where}: found columns {told(', '.join(found), 100)} of which one is {high:g} in each row, as of a "
                "label that is one-hot; allowed: a column a factor. Make them one, by argmax."
            )


def _exclusive(bits: Mapping[str, np.ndarray], first: str) -> list[str]:
    """Return the names of bits (N,), the first and those behind that are set in no row where another is.

    None where they do not fill all rows.
    """
    names, seen = [first], bits[first]
    for name in [*bits][[*bits].index(first) + 1 :]:
        if not (seen & bits[name]).any():
            names, seen = [*names, name], seen | bits[name]
    return names if seen.all() else []


def _check_grid(labels: np.ndarray) -> None:
    sizes = (labels.max(axis=0) + 1).tolist()
    distinct = len(np.unique(labels, axis=0))
    if not distinct == len(labels) == math.prod(sizes):
        whole = f"the {math.prod(sizes)} of {' x '.join(map(str, sizes))} values, once each"
        raise InputError(f"grid: found {len(labels)} rows with {distinct} combinations of factors; allowed: {whole}.")
