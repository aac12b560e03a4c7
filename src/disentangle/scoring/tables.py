"""Tables that others made: rows of cells, parted by commas, semicolons, tabs, bars or blanks, read by pandas."""

import contextlib
import csv
import gzip
import io
import itertools
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from disentangle import files
from disentangle.data.foreign import at_most, reading, told
from disentangle.errors import InputError

if TYPE_CHECKING:
    import pandas

SUFFIXES = (".csv", ".tsv", ".txt")
SEPARATORS = ";\t|,"
BLANKS = r"\s+"

HEAD = 1 << 22
"""Letters of a file in which its first two rows are looked for."""
FIRST = 100
"""Lines of which all must have as many words, if blanks are to part cells."""

WHOLE_OR_COMMA = re.compile(r"[-+]?\d*,?\d+([eE][-+]?\d+)?")
"""A number with a decimal comma, or without fraction."""


@dataclass(frozen=True)
class Layout:
    """How a table is written: what parts its cells, the lines before its data, and what the last of these names."""

    separator: str
    lines: int
    names: list[str] | None
    rows: list[list[str]]
    """The first two, as many as there are."""

    @property
    def columns(self) -> int:
        """How many cells the first row of data has, if there is one."""
        return len(self.rows[-1] if self.names else self.rows[0])

    @property
    def headed(self) -> bool:
        """Whether words stand over numbers."""
        words, data = (
            [_is_number(cell, self.separator != ",") for cell in row] for row in (self.rows[0], self.rows[-1])
        )
        return any(data) and not any(words)


def is_table(path: Path) -> bool:
    """Say whether a file is a table by its name, compressed or not."""
    return path.name.lower().removesuffix(".gz").endswith(SUFFIXES)


def read(path: Path, bare: bool, unnamed: bool = False) -> "pandas.DataFrame":
    """Read a table; its first row names the columns, but where it is numbers and the table may be ``bare``.

    Numbers that count from 0 are names: pandas gives them to columns without any. Where names are told elsewhere, as of
    an ``unnamed`` table, any number in the first row makes it data. Lines that start with # are no rows, but the last
    of them are the names if it fits. Cells keep their words, such as ``None``, and one of nothing is missing.
    Raises InputError for a file that is not there, damaged or empty, of no names or of fewer than there are columns.
    """
    import pandas

    with reading(path, "not a readable table"), _text(path) as file:
        layout = _layout(_head(file), unnamed)
        if layout is None:
            raise InputError(f"{told(path)}: found no row; allowed: a table with a row of names.")
        if layout.names is not None:
            _check_names(path, layout)
        elif not (bare or unnamed):
            raise InputError(
                f"{told(path)}: found a number in the first line; allowed: a header that names the factors, "
                "or --names NAME,... for them."
            )
        file.seek(0)
        for _ in range(layout.lines):
            file.readline()
        frame = pandas.read_csv(
            file,
            sep=layout.separator,
            header=None,
            names=_spelled(layout),
            index_col=False,
            keep_default_na=False,
            na_values=[""],
            skipinitialspace=True,
            low_memory=False,  # else a column may be numbers in one part and text in another
        )
        if layout.names is None and frame.iloc[:, -1].isna().all():  # lines end with what parts cells
            frame = frame.iloc[:, :-1]
        return pandas.DataFrame({name: _cleaned(cells, layout.separator != ",") for name, cells in frame.items()})


@contextlib.contextmanager
def _text(path: Path) -> Iterator[TextIO]:
    """Open a table that may be compressed, in UTF-8, or in UTF-16 if it says so."""
    with contextlib.ExitStack() as closing:
        file = closing.enter_context(open(path, "rb"))
        if path.suffix.lower() == ".gz":
            packed = closing.enter_context(gzip.open(file))
            content = at_most(packed.read, files.MOST_UNPACKED)
            if len(content) > files.MOST_UNPACKED:
                raise ValueError(f"unpacks to more than {files.MOST_UNPACKED} bytes")
            file = io.BytesIO(content)  # type: ignore[assignment]
        wide = file.read(2) in (b"\xff\xfe", b"\xfe\xff")
        file.seek(0)
        try:
            yield io.TextIOWrapper(file, encoding="utf-16" if wide else "utf-8-sig", newline="")
        except UnicodeDecodeError as error:
            raise ValueError(f"found no text in UTF-8: {error.reason}; save it so") from error


def _head(file: TextIO) -> list[str]:
    """Return the first lines of a file, at least two if there are, of which the last may be cut."""
    head = file.read(HEAD)
    if "\0" in head:
        raise ValueError("found a NUL; save it as text in UTF-8")
    lines = [*io.StringIO(head, newline="")]
    if len(head) == HEAD and len(lines) < 3:
        raise ValueError(f"its first two lines have more than {HEAD} letters")
    return lines


def _layout(lines: list[str], unnamed: bool) -> Layout | None:
    """Return how a table is written that begins so, None where it has no row."""
    start = next((place for place, line in enumerate(lines) if line.strip() and line.lstrip()[0] != "#"), len(lines))
    comments = [line.lstrip()[1:] for line in lines[:start] if line.strip()]
    plain = _parted(lines[start:], unnamed, start)
    named = _parted([*comments[-1:], *lines[start:]], unnamed, start - 1) if comments and plain else None
    if named and plain and not plain.headed and len(named.names or []) == named.columns == plain.columns:
        return named
    return plain


def _parted(lines: list[str], unnamed: bool, before: int) -> Layout | None:
    """Return how a table is written whose first row is the first of ``lines``, with ``before`` lines before them.

    Cells are parted by the sign that makes as many in the first row as in the second, of several by the one that makes
    numbers of the second, then by the one that makes the most; where there is none, by blanks.
    """
    found = {separator: _first_rows(lines, separator) for separator in SEPARATORS}

    def parts(separator: str) -> tuple[bool, bool, int]:
        counts = [len(row) for row in found[separator][0]]
        numbers = all(_is_number(cell, separator != ",") for cell in found[separator][0][-1] if cell.strip())
        return min(counts) == max(counts) > 1, numbers, sum(counts)

    if not all(rows for rows, _ in found.values()):
        return None
    separator = max(SEPARATORS, key=parts)
    rows, line = found[separator]
    words = [line.split() for line in itertools.islice(filter(str.strip, lines), FIRST)]
    if max(map(len, rows)) == 1 and _are_blanks(words):
        separator, rows = BLANKS, words[:2]
    numbers = [_is_number(cell, separator != ",") for cell in rows[0]]
    numbers = numbers if rows[0][-1].strip() else numbers[:-1]  # lines may end with what parts cells
    bare = any(numbers) if unnamed else all(numbers) and not _counts(rows[0])
    if bare:
        return Layout(separator, before, None, rows)
    names, data = [name.strip() for name in rows[0]], [cell.strip() for cell in rows[-1]]
    names += [""] * (len(data) == len(names) + 1 and not data[-1])
    return Layout(separator, before + line, names, rows)


def _first_rows(lines: list[str], separator: str) -> tuple[list[list[str]], int]:
    """Return the first two rows, as many as there are, and the lines up to the end of the first."""
    reader = csv.reader(lines, delimiter=separator, skipinitialspace=True)
    rows, line = list[list[str]](), 0
    for row in reader:
        if any(cell.strip() for cell in row):
            line = line or reader.line_num
            rows.append(row)
        if len(rows) == 2:
            break
    return rows, line


def _are_blanks(words: list[list[str]]) -> bool:
    """Say whether blanks part cells: there are as many words in each line, and numbers among those of data."""
    several = len(words[0]) > 1 and {len(line) for line in words} == {len(words[0])}
    return several and all(any(_is_number(word, comma=True) for word in line) for line in words[1:] or words)


def _check_names(path: Path, layout: Layout) -> None:
    """Raise InputError unless each column has a name of its own; only the first, as of an index, may have none."""
    names = layout.names or []
    if layout.columns > len(names):
        found = f"{len(names)} names for {layout.columns} columns"
        raise InputError(f"{told(path)}: found {found}; allowed: a name for each, that of an index too.")
    twice = [name for name, count in Counter(names).items() if count > 1 and name]
    if twice:
        raise InputError(f"{told(path)}: found column '{told(twice[0], 60)}' twice; allowed: names, each once.")


def _spelled(layout: Layout) -> list[str] | None:
    """Return names as pandas spells them where there is none."""
    names = layout.names
    return names and [name or f"Unnamed: {place}" for place, name in enumerate(names)]


def _cleaned(column: "pandas.Series", comma: bool) -> "pandas.Series":
    """Return a column without blanks around its words, and numbers with a decimal comma, if there are, as numbers."""
    import pandas

    if column.dtype.kind != "O":
        return column
    cells = column.map(lambda cell: cell.strip() or None if isinstance(cell, str) else cell)
    if comma and all(isinstance(cell, str) and WHOLE_OR_COMMA.fullmatch(cell) for cell in cells.dropna()):
        return pandas.to_numeric(cells.str.replace(",", "."))
    return cells


def _counts(names: list[str]) -> bool:
    """Say whether names are 0, 1, 2, ..., as pandas has them, behind an empty one of its index or not."""
    names = names[not names[0] :]
    return len(names) > 1 and names == [*map(str, range(len(names)))]


def _is_number(text: str, comma: bool) -> bool:
    """Say whether a cell is a number, which may have a decimal ``comma``."""
    try:
        float(text)
    except ValueError:
        return comma and bool(WHOLE_OR_COMMA.fullmatch(text.strip()))
    return True
