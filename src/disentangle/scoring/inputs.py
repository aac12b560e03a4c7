"""Codes and factors as people have them, in arrays, tables, tensors and mappings, and the population they make."""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from disentangle.data.foreign import told
from disentangle.errors import InputError, did_you_mean
from disentangle.evaluation.population import Population

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

UNNAMED = re.compile(r"(Unnamed: \d+)?")
"""The name of a column that has none."""


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
    continuous: Iterable[str] = (),
    discrete: Iterable[str] = (),
    told_as: tuple[str, str] = ("codes", "factors"),
) -> Given:
    """Return codes (N, D) beside the N values of K factors; of a ``grid``, rows are all combinations of values.

    Both may be arrays, tensors or tables of columns, factors a mapping of names to (N,) as well. A factor is continuous
    if its numbers have fractions, else discrete, unless it is named as ``continuous`` or ``discrete``; ``names`` are
    those of the factors of an array. Messages call the two as they are ``told_as``.
    Raises InputError for what cannot be scored: it says what was found and what is allowed.
    """
    remarks: list[str] = []
    columns = _columns(told_as[1], factors, names, remarks)
    table = _codes(told_as[0], codes, remarks)
    _check_shapes(told_as, table, columns)
    _check_rows(told_as, codes, factors)
    _check_codes(told_as[0], table)
    kinds = _told_kinds(columns, continuous, discrete)
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
    if grid:
        _check_grid(whole)
    population = Population(table, np.stack(values, axis=1), tuple(columns), grid, continuous=tuple(numbers))
    return Given(population, tuple(remarks))


def plain(array: Any) -> Any:
    """Return a tensor, of whatever library and device, as an array, and numbers in the bytes of this machine."""
    for step in ("detach", "cpu", "numpy"):
        if not isinstance(array, np.ndarray) and hasattr(array, step):
            array = getattr(array, step)()
    array = np.asarray(array)
    if array.dtype.kind == "f":
        return array.astype(np.float64, copy=False)  # pandas knows not all others
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _codes(where: str, codes: Any, remarks: list[str]) -> np.ndarray:
    if hasattr(codes, "columns"):
        columns = _named(where, dict(_items(codes)), remarks)
        for name, column in columns.items():
            if column.dtype.kind not in "fiu":
                example = told(next(iter(column.dropna()), "nothing"), 40)
                raise InputError(f"{where}: found {example} in column '{told(name, 60)}'; allowed: real numbers.")
            if _is_count(column):
                raise InputError(f"{where}: column '{told(name, 60)}' counts the rows; leave this index out.")
        if not columns:
            raise InputError(f"{where}: found no column; allowed: (rows, codes) of real numbers.")
        codes = np.stack([column.to_numpy(np.float64, na_value=np.nan) for column in columns.values()], axis=1)
    codes = plain(codes)
    if codes.ndim != 2 or codes.dtype.kind not in "fiu" or not codes.shape[1]:
        raise InputError(
            f"{where}: found codes {codes.shape} of {codes.dtype}; allowed: (rows, codes) of real numbers."
        )
    found: np.ndarray = codes.astype(np.float64)
    return found


def _columns(where: str, factors: Any, names: Iterable[str] | None, remarks: list[str]) -> "dict[str, pandas.Series]":
    """Return the factors by name, each a column."""
    import pandas

    if hasattr(factors, "columns") or isinstance(factors, Mapping):
        columns = _named(where, dict(_items(factors)), remarks)
    else:
        table = plain(factors)
        if table.dtype.names:
            return _columns(where, {name: table[name] for name in table.dtype.names}, names, remarks)
        if table.ndim == 1:
            table = table[:, None]
        if table.ndim != 2 or not table.shape[1]:
            raise InputError(f"{where}: found factors {table.shape}; allowed: (rows, factors), or (rows,) of each.")
        found = [*names] if names is not None else [f"factor_{k}" for k in range(table.shape[1])]
        if len(found) != table.shape[1] and len(table) == len(found):
            raise InputError(
                f"{where}: found {table.shape} for {len(found)} names; allowed: (rows, factors). Transposed?"
            )
        if len({*found}) != table.shape[1]:
            raise InputError(f"{where}: found {len({*found})} names for {table.shape[1]} factors; allowed: one each.")
        columns = {name: pandas.Series(column) for name, column in zip(found, table.T, strict=True)}
    if not columns:
        raise InputError(f"{where}: found no factor; allowed: one or more.")
    return columns


def _items(table: Any) -> "Iterable[tuple[str, pandas.Series]]":
    """Yield the columns of a mapping or of a table of any library; raises InputError for one that is none."""
    import pandas

    for name in table.columns if hasattr(table, "columns") else table:
        column = table[name]
        if not isinstance(column, pandas.Series):
            values = plain(column)
            if values.ndim != 1:
                raise InputError(f"factor '{told(name, 60)}': found {values.shape}; allowed: (rows,) of each factor.")
            column = pandas.Series(values)
        yield str(name), column.infer_objects()


def _named(where: str, columns: "dict[str, pandas.Series]", remarks: list[str]) -> "dict[str, pandas.Series]":
    """Return columns without those that have no name, as an index in a file has none."""
    kept = dict[str, "pandas.Series"]()
    for place, (name, column) in enumerate(columns.items(), 1):
        if not UNNAMED.fullmatch(name):
            kept[name] = column
        elif column.is_unique:
            remarks.append(
                f"{where}: column {place} has no name and a value of its own in each row: left out as an index."
            )
        elif not column.isna().all():  # else lines end with what parts cells
            raise InputError(f"{where}: column {place} has no name; allowed: a name for each.")
    return kept


def _check_shapes(told_as: tuple[str, str], codes: np.ndarray, columns: "Mapping[str, pandas.Series]") -> None:
    rows = {name: len(column) for name, column in columns.items()}
    counts = {*rows.values()}
    swapped = " Transposed?" if codes.shape[1] in counts or codes.shape[0] == len(columns) else ""
    for name, count in rows.items():
        if count != len(codes):
            found = f"{count} rows of factor '{told(name, 60)}' in {told_as[1]} and {len(codes)} rows of codes"
            raise InputError(f"{told_as[0]}: found {found}; allowed: as many.{swapped}")
    if len(codes) < FEWEST_ROWS:
        found = f"{len(codes)} rows of {codes.shape[1]} codes"
        turned = " Transposed?" if codes.shape[1] >= FEWEST_ROWS else ""
        raise InputError(f"{told_as[0]}: found {found}; allowed: at least {FEWEST_ROWS} rows.{turned}")


def _check_rows(told_as: tuple[str, str], codes: Any, factors: Any) -> None:
    """Raise InputError where both have labelled rows, but in another order: they are joined by place."""
    indexes = [table.index for table in (codes, factors) if hasattr(table, "columns") and hasattr(table, "index")]
    if len(indexes) < 2 or indexes[0].equals(indexes[1]) or not indexes[0].is_unique:
        return
    if indexes[0].sort_values().equals(indexes[1].sort_values()):
        found = f"the rows of {told_as[0]} in another order, by their index"
        raise InputError(f"{told_as[1]}: found {found}; allowed: the same. Take factors.loc[codes.index].")


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
        for name in [named] if isinstance(named, str) else named:
            if str(name) not in columns:
                raise InputError(f"{word}: no factor '{told(name, 60)}': {told(did_you_mean(str(name), columns))}")
            if said.setdefault(str(name), kind) != kind:
                raise InputError(f"{word}: factor '{told(name, 60)}' is said to be continuous and discrete.")
    return said


def _check_column(where: str, column: "pandas.Series") -> None:
    if column.isna().any():
        raise InputError(f"{where}: found missing values in {column.isna().sum()} rows; allowed: one in each row.")
    if column.dtype.kind not in "biufO" or (column.dtype.kind == "O" and column.map(np.ndim).any()):
        raise InputError(f"{where}: found {column.dtype}; allowed: numbers or text.")
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
    values: np.ndarray = column.to_numpy(np.float64)
    _check_range(where, values)
    return values


def _labels(where: str, column: "pandas.Series", grid: bool) -> np.ndarray:
    """Return the values (N,) of a discrete factor as integers from 0, in their order."""
    import pandas

    numbered = column if column.dtype.kind != "O" or hasattr(column, "cat") else column.map(str)
    labels, values = pandas.factorize(numbered, sort=True)
    if len(values) * ROWS_A_VALUE > len(column) and not grid:
        found = f"{len(values)} values in {len(column)} rows"
        if _is_count(column):
            advice = "Leave it out: it counts the rows, as an index does"
        elif column.dtype.kind in "iuf":
            advice = "Leave it out, or say that it is continuous"
        else:
            advice = "Leave it out, or join values"
        raise InputError(f"{where}: found {found}; allowed: {ROWS_A_VALUE} rows a value, on average. {advice}.")
    return labels.astype(np.int64)


def _is_count(column: "pandas.Series") -> bool:
    """Say whether a column numbers the rows, one after another."""
    return column.dtype.kind in "iuf" and len(column) > 1 and bool((column.diff().iloc[1:] == 1).all())


def _few_values(name: str, labels: np.ndarray) -> list[str]:
    values = int(labels.max()) + 1
    if values > FEW_VALUES or values * FEW_VALUES > len(labels):
        return []
    said = f"taken for continuous, as its {values} values have fractions; say that it is discrete if they are labels"
    return [f"factor '{told(name, 60)}' is {said}."]


def _check_one_hot(where: str, columns: "Mapping[str, pandas.Series]") -> None:
    """Raise InputError for columns side by side that tell one factor: exactly one of them is 1 in each row."""
    names = [*columns]
    bits = [column.to_numpy(np.int64) if _is_bits(column) else None for column in columns.values()]
    for first in range(len(names)):
        total, varying = np.zeros(len(columns[names[0]]), np.int64), 0
        for last, bit in enumerate(bits[first:], first):
            if bit is None or (total := total + bit).max() > 1:
                break
            varying += int(bit.any() and not bit.all())
            if varying > 1 and total.min() == 1:
                found = told(", ".join(names[first : last + 1]), 100)
                raise InputError(
                    f"{where}: found columns {found} of which one is 1 in each row, as of a label that is one-hot; "
                    "allowed: a column a factor. Make them one, by argmax."
                )


def _is_bits(column: "pandas.Series") -> bool:
    return column.dtype.kind in "biuf" and bool(column.isin((0, 1)).all())


def _check_grid(labels: np.ndarray) -> None:
    sizes = (labels.max(axis=0) + 1).tolist()
    distinct = len(np.unique(labels, axis=0))
    if not distinct == len(labels) == math.prod(sizes):
        whole = f"the {math.prod(sizes)} of {' x '.join(map(str, sizes))} values, once each"
        raise InputError(f"grid: found {len(labels)} rows with {distinct} combinations of factors; allowed: {whole}.")
