"""Tables that others made: rows of cells, parted by commas, semicolons, tabs, bars or blanks, read by pandas."""

import csv
import io
import itertools
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from disentangle.data.foreign import reading, told
from disentangle.errors import InputError

if TYPE_CHECKING:
    import pandas

SUFFIXES = (".csv", ".tsv", ".txt")

HEAD = 1 << 22
"""Letters of a file in which its first two rows are looked for."""

DECIMAL_COMMA = re.compile(r"\s*[-+]?\d+,\d+([eE][-+]?\d+)?\s*")


def read(path: Path, bare: bool) -> "pandas.DataFrame":
    """Read a table; its first row names the columns, but where it is numbers and the table may be ``bare``.

    Numbers that count from 0 are names: pandas gives them to columns without any. Cells keep their words, such as
    ``None``, and one of nothing is missing.
    Raises InputError for a file that is not there, damaged or empty, of no names or of fewer than there are columns.
    """
    import pandas

    with reading(path, "not a readable table"):
        rows, separator = _first_rows(path)
        if not rows:
            raise InputError(f"{told(path)}: found no row; allowed: a table with a row of names.")
        named = not all(map(_is_number, rows[0])) or _counts(rows[0])
        if named:
            _check_names(path, rows)
        elif not bare:
            raise InputError(
                f"{told(path)}: found a number in the first line; allowed: a header that names the factors."
            )
        comma = separator == ";" and any(map(DECIMAL_COMMA.fullmatch, rows[-1]))
        return pandas.read_csv(
            path,
            sep=separator,
            header=0 if named else None,
            index_col=False,
            keep_default_na=False,
            na_values=[""],
            skipinitialspace=True,
            low_memory=False,  # else a column may be numbers in one part and text in another
            decimal="," if comma else ".",
            encoding="utf-8-sig",
        )


def _first_rows(path: Path) -> tuple[list[list[str]], str]:
    """Return the first two rows, as many as there are, and what parts their cells: of such signs the most frequent."""
    with open(path, encoding="utf-8-sig", newline="") as file:
        head = file.read(HEAD)
    if "\0" in head:
        raise ValueError("found a NUL; save it as text in UTF-8")
    line = next(filter(str.strip, head.splitlines()), "")
    separator = max(",;\t|", key=line.count)
    if separator not in line and len(words := line.split()) > 1 and all(map(_is_number, words)):
        return [part.split() for part in itertools.islice(filter(str.strip, head.splitlines()), 2)], r"\s+"
    if len(head) == HEAD and head.count("\n") < 2:
        raise ValueError(f"its first two lines have more than {HEAD} letters")
    reader = csv.reader(io.StringIO(head), delimiter=separator, skipinitialspace=True)
    return [*itertools.islice((row for row in reader if any(row)), 2)], separator


def _check_names(path: Path, rows: list[list[str]]) -> None:
    """Raise InputError unless each column has a name of its own; only the first, as of an index, may have none."""
    names, cells = rows[0], rows[-1]
    columns = len(cells) - (len(cells) > len(names) and not cells[-1])  # lines may end with what parts cells
    if columns > len(names):
        found = f"{len(names)} names for {columns} columns"
        raise InputError(f"{told(path)}: found {found}; allowed: a name for each, that of an index too.")
    twice = [name for name, count in Counter(names).items() if count > 1 and name]
    if twice:
        raise InputError(f"{told(path)}: found column '{told(twice[0], 60)}' twice; allowed: names, each once.")


def _counts(names: list[str]) -> bool:
    """Say whether names are 0, 1, 2, ..., as pandas has them, behind an empty one of its index or not."""
    names = names[not names[0] :]
    return len(names) > 1 and names == [*map(str, range(len(names)))]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
