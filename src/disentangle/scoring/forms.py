"""Codes and factors in the forms that people have them, in arrays, tensors, tables and mappings, read as columns."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import numpy as np

from disentangle.data.foreign import told
from disentangle.errors import InputError

if TYPE_CHECKING:
    import pandas

WHOLE = 2**53
"""From which on float64 does not hold each whole number."""

UNNAMED = re.compile(r"(Unnamed: \d+)?")
"""The name of a column that has none."""

TO_ARRAY = ("detach", "cpu", "to_dense", "toarray", "double", "numpy")
"""What is asked of a tensor or a sparse matrix, of whatever library and device, if it can be asked."""


def array_of(where: str, given: Any) -> np.ndarray:
    """Return an array, a tensor or a list of rows as an array in the bytes of this machine.

    Numbers with fractions are float64, and bytes are text in UTF-8.
    Raises InputError that says what was found, for what is no array and for one with masked values.
    """
    if isinstance(given, str | bytes | PurePath):
        advice = "Read it first, as by numpy.load or pandas.read_csv; `python -m disentangle score` reads files"
        raise InputError(
            f"{where}: found the text '{told(given, 60)}'; allowed: an array, a tensor or a table. {advice}."
        )
    rows = given if isinstance(given, list | tuple) else [given]
    masked = sum(np.count_nonzero(np.ma.getmaskarray(part)) for part in rows if np.ma.is_masked(part))
    if masked:
        raise InputError(f"{where}: found {masked} masked values; allowed: a value in each row.")
    try:
        array = _converted(given)
    except Exception as error:  # of all kinds, by library
        said = told(" ".join(str(error).split()))
        raise InputError(f"{where}: found a {type(given).__name__} that is no array ({said}).") from error
    if not array.ndim and array.dtype.kind == "O":
        raise InputError(f"{where}: found a {type(given).__name__}; allowed: an array, a tensor or a table.")
    return array


def _converted(given: Any) -> np.ndarray:
    for step in TO_ARRAY:
        integers = step == "double" and not (hasattr(given, "is_floating_point") and given.is_floating_point())
        if not isinstance(given, np.ndarray) and hasattr(given, step) and not integers:
            given = getattr(given, step)()
    array = np.asarray(given)
    if array.dtype.kind == "S":
        return np.char.decode(array, "utf-8")
    if array.dtype.kind == "T":  # text of any length
        return array.astype(object)
    # Numbers that NumPy knows by their library alone, such as bfloat16, are of the kind V; pandas knows not all floats.
    foreign = array.dtype.kind == "V" and not issubclass(array.dtype.type, np.void)
    if array.dtype.kind == "f" or foreign:
        return array.astype(np.float64, copy=False)
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def codes_of(where: str, given: Any, remarks: list[str]) -> np.ndarray:
    """Return codes (N, D) float64; columns of a table that are left out are added to ``remarks``.

    Raises InputError for what are none, as a column of words or one that counts the rows.
    """
    array = None if _is_table(given) else array_of(where, given)
    if array is not None and array.dtype.names:
        given, array = array, None
    if array is not None and (array.ndim != 2 or array.dtype.kind not in "fiubOU" or not array.shape[1]):
        raise InputError(
            f"{where}: found codes {array.shape} of {array.dtype}; allowed: (rows, codes) of real numbers."
        )
    if array is not None and array.dtype.kind not in "OU":
        return as_floats(where, array)
    if array is None:
        columns = _named(where, _columns(where, given), remarks)
    else:
        columns = {str(place): settled(column) for place, column in enumerate(array.T)}
    for name, column in columns.items():
        if column.dtype.kind not in "fiub":
            example = told(next(iter(column.dropna()), "nothing"), 40)
            raise InputError(f"{where}: found {example} in column '{told(name, 60)}'; allowed: real numbers.")
    if not columns:
        raise InputError(f"{where}: found no column; allowed: (rows, codes) of real numbers.")
    if array is None:
        _check_indexes(where, columns, remarks)
    whole = [column.dtype.kind in "iu" and not column.hasnans for column in columns.values()]
    parts = [
        as_floats(where, column.to_numpy()) if exact else column.to_numpy(np.float64, na_value=np.nan)
        for exact, column in zip(whole, columns.values(), strict=True)
    ]
    return np.stack(parts, axis=1)


def factors_of(where: str, given: Any, names: list[str] | None, remarks: list[str]) -> "dict[str, pandas.Series]":
    """Return the factors by name, each a column (N,); ``names`` are those of an array, or of a table without any.

    Raises InputError for what are none, and for names that are not as many.
    """
    if _is_table(given) or (given := array_of(where, given)).dtype.names:
        columns = _columns(where, given)
        if names is None or not _is_counted(given):
            if names is not None:
                found = f"names for factors that have their own, {told(', '.join(columns), 100)}"
                raise InputError(f"names: found {found}; allowed: for an array, or a table without a header.")
            columns = _named(where, columns, remarks)
            if not columns:
                raise InputError(f"{where}: found no factor; allowed: one or more.")
            return columns
        parts = [*columns.values()]
    else:
        array = given[:, None] if given.ndim == 1 else given
        if array.ndim != 2 or not array.shape[1]:
            raise InputError(f"{where}: found factors {array.shape}; allowed: (rows, factors), or (rows,) of each.")
        if names is not None and len(names) == len(array) != array.shape[1]:
            found = f"{array.shape} for {len(names)} names"
            raise InputError(f"{where}: found {found}; allowed: (rows, factors). Transposed?")
        parts = [settled(column) for column in array.T]
    names = [f"factor_{place}" for place in range(len(parts))] if names is None else names
    if not len({*names}) == len(names) == len(parts):
        raise InputError(f"{where}: found {len({*names})} names for {len(parts)} factors; allowed: one each.")
    return dict(zip(names, parts, strict=True))


def indexes_of(given: Any) -> "list[pandas.Index]":
    """Return the labels of rows that tables and columns of pandas have."""
    import pandas

    parts = given.values() if isinstance(given, Mapping) else [given]
    return [part.index for part in parts if isinstance(part, pandas.DataFrame | pandas.Series)]


def settled(column: Any) -> "pandas.Series":
    """Return a column as it would be read from a file: objects and words that are all numbers are numbers."""
    import pandas

    found = pandas.Series(column).infer_objects()
    if found.dtype.kind != "O" or hasattr(found, "cat"):
        return found
    words = found.map(lambda cell: cell.decode() if isinstance(cell, bytes) else cell)
    numbers = pandas.to_numeric(words, errors="coerce")
    if not numbers.isna().equals(words.isna()) or _are_too_long(numbers, words):
        return words
    return numbers


def _are_too_long(numbers: "pandas.Series", words: "pandas.Series") -> bool:
    """Say whether words are numbers of so many digits that some would be one, as identifiers may be."""
    long = numbers.abs() >= WHOLE
    return bool(long.any()) and bool(numbers[long].nunique() < words[long].astype(str).nunique())


def as_floats(where: str, numbers: np.ndarray) -> np.ndarray:
    """Return numbers as float64; raises InputError for whole ones of which some would be one."""
    found = numbers.astype(np.float64)
    if numbers.dtype.kind in "iu" and numbers.size and max(abs(int(numbers.min())), int(numbers.max())) >= WHOLE:
        columns = zip(numbers.T, found.T, strict=True) if numbers.ndim > 1 else [(numbers, found)]
        if any(len(np.unique(exact)) > len(np.unique(near)) for exact, near in columns):
            raise InputError(
                f"{where}: found whole numbers that float64 does not tell apart; allowed: up to 2^53. "
                "Subtract the smallest."
            )
    return found


def counts_rows(column: "pandas.Series") -> bool:
    """Say whether a column numbers the rows, one after another, in whatever order."""
    if column.dtype.kind not in "iuf" or len(column) < 2:
        return False
    numbers = np.sort(column.to_numpy(np.float64, na_value=np.nan))
    return bool(np.isfinite(numbers).all()) and bool((np.diff(numbers) == 1).all())


def _is_table(given: Any) -> bool:
    import pandas

    return hasattr(given, "columns") or isinstance(given, Mapping | pandas.Series)


def _is_counted(given: Any) -> bool:
    """Say whether a table's columns have no names but the numbers that pandas gives them."""
    import pandas

    unnamed = isinstance(given, pandas.Series) and given.name is None
    return unnamed or isinstance(getattr(given, "columns", None), pandas.RangeIndex)


def _columns(where: str, table: Any) -> "dict[str, pandas.Series]":
    """Return the columns of a mapping or of a table of any library; raises InputError for those that are none."""
    columns = dict[str, "pandas.Series"]()
    for name, column in _items(table):
        what = f"{where}: column '{told(name, 60)}'"
        if str(name) in columns:
            raise InputError(f"{what} is there twice; allowed: names, each once.")
        columns[str(name)] = _column(what, column)
    return columns


def _items(table: Any) -> Iterator[tuple[Any, Any]]:
    import pandas

    if isinstance(table, pandas.Series):
        table = table.to_frame("factor_0" if table.name is None else table.name)
    if isinstance(table, pandas.DataFrame):
        return ((name, table.iloc[:, place]) for place, name in enumerate(table.columns))
    names: Iterable[Any] = table.dtype.names if isinstance(table, np.ndarray) else getattr(table, "columns", table)
    return ((name, table[name]) for name in names)


def _column(what: str, column: Any) -> "pandas.Series":
    import pandas

    if not isinstance(column, pandas.Series):
        column = array_of(what, column)
        if column.ndim != 1:
            raise InputError(f"{what}: found {column.shape}; allowed: (rows,) of each.")
    return settled(column)


def _named(where: str, columns: "dict[str, pandas.Series]", remarks: list[str]) -> "dict[str, pandas.Series]":
    """Return columns without those that have no name, as an index in a file has none."""
    kept = dict[str, "pandas.Series"]()
    for place, (name, column) in enumerate(columns.items(), 1):
        if not UNNAMED.fullmatch(name):
            kept[name] = column
        elif column.isna().all():  # lines end with what parts cells
            continue
        elif column.is_unique:
            remarks.append(
                f"{where}: column {place} has no name and a value of its own in each row: left out as an index."
            )
        else:
            raise InputError(f"{where}: column {place} has no name; allowed: a name for each.")
    return kept


def _check_indexes(where: str, columns: "dict[str, pandas.Series]", remarks: list[str]) -> None:
    """Raise InputError for a column of codes that counts the rows, and remark one that may be of numbers of them.

    Where all do, in another order than the rows', codes are ranks.
    """
    counting = [name for name, column in columns.items() if counts_rows(column)]
    if counting and (len(counting) < len(columns) or columns[counting[0]].is_monotonic_increasing):
        advice = "leave this index out, or give the codes as an array if it is one of them"
        raise InputError(f"{where}: column '{told(counting[0], 60)}' counts the rows; {advice}.")
    whole = [name for name, column in columns.items() if column.is_unique and (column % 1 == 0).all()]
    for name in whole if len(whole) < len(columns) else ():
        own = f"column '{told(name, 60)}' has a whole number of its own in each row"
        remarks.append(f"{where}: {own}: leave it out if it is an index.")
