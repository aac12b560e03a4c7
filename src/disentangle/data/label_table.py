"""A user's table of labels: a row a picture, in CSV, checked so that each thing that is wrong is one message."""

import codecs
import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from disentangle.data.foreign import at_most, reading, told, twins
from disentangle.errors import InputError, did_you_mean

PARTS = ("train", "test")
"""What the column that tells the split may say."""
MOST_BYTES, MOST_COLUMNS, MOST_LETTERS = 1 << 25, 1000, 4096
"""Of a table: 32 MiB, of which Python makes less than 1 GiB; of a row; of a cell, as of the path of a file."""


@dataclass(frozen=True)
class LabelTable:
    """N rows of words: N of each column by its name, and the line of the file on which each row ends."""

    path: Path
    columns: dict[str, list[str]]
    lines: list[int]

    def column(self, name: str, key: str) -> list[str]:
        """Return the words of a column that an option ``key`` names; raises InputError where there is none."""
        if name not in self.columns:
            known = told(did_you_mean(name, self.columns))
            raise InputError(f"{told(self.path)}: {key}: no column '{told(name, 40)}': {known}")
        return self.columns[name]

    def at(self, row: int) -> str:
        """Return where a row is, as the beginning of a message."""
        return f"{told(self.path)}, line {self.lines[row]}"


def read_table(path: Path) -> LabelTable:
    """Read a CSV in UTF-8, its first row the names of the columns; words are stripped, and stay text.

    Raises InputError that names the file, and the line where there is one: it cannot be read, is no such text, too
    large, has no row, a row of more or fewer cells, an empty cell, a column without a name or two of one name.
    """
    text = io.TextIOWrapper(io.BytesIO(_content(path)), "utf-8", newline="")
    names, words, lines = list[str](), list[str](), list[int]()
    for line, cells in _rows(path, csv.reader(text, skipinitialspace=True, strict=True)):
        if not names:
            names = [*map(str.strip, cells)]
            _check_names(path, line, names)
        elif len(cells) == len(names):
            words += map(str.strip, cells)
            lines.append(line)
        else:
            found = f"{len(cells)} cells; allowed: {len(names)}, as in the first row"
            raise InputError(f"{told(path)}, line {line}: found {found}.")
    if not lines:
        found = f"{min(1, len(names))} rows; allowed: one of names of columns, and one a picture"
        raise InputError(f"{told(path)}: found {found}.")
    table = LabelTable(path, {name: words[k :: len(names)] for k, name in enumerate(names)}, lines)
    for name, column in table.columns.items():
        shortest, longest = min(column, key=len), max(column, key=len)
        if not shortest:
            raise InputError(f"{table.at(column.index(shortest))}: column '{told(name, 60)}' is empty.")
        if len(longest) > MOST_LETTERS:
            found = f"{len(longest)} letters in column '{told(name, 60)}'; allowed: {MOST_LETTERS}"
            raise InputError(f"{table.at(column.index(longest))}: found {found}.")
    return table


def _content(path: Path) -> bytes:
    """Return the bytes of a file of UTF-8 text."""
    with reading(path, "cannot be read"), open(path, "rb") as file:
        content = bytes(at_most(file.read, MOST_BYTES)).removeprefix(codecs.BOM_UTF8)  # spreadsheets put it there
    if len(content) > MOST_BYTES:
        raise InputError(f"{told(path)}: found more than {MOST_BYTES} bytes; allowed: so many, in a table of labels.")
    try:
        content.decode()
    except UnicodeDecodeError as error:
        line = _line(content, error.start)
        raise InputError(f"{told(path)}, line {line}: not UTF-8 text; save the table as CSV in UTF-8.") from error
    if b"\0" in content:
        raise InputError(f"{told(path)}, line {_line(content, content.index(0))}: found a NUL; allowed: text.")
    return content


def _line(content: bytes, place: int) -> int:
    """Return the line, whatever ends lines, of a byte."""
    return len((content[:place] + b" ").splitlines())


def _rows(path: Path, reader: Any) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not empty, each behind the line on which it ends."""
    line = 0
    try:
        for cells in reader:
            line = reader.line_num
            if cells:
                yield line, cells
    except csv.Error as error:
        raise InputError(f"{told(path)}, line {line + 1}: not CSV ({error}).") from error


def _check_names(path: Path, line: int, names: Sequence[str]) -> None:
    if len(names) > MOST_COLUMNS:
        raise InputError(f"{told(path)}, line {line}: found {len(names)} columns; allowed: {MOST_COLUMNS}.")
    for name, count in Counter(names).items():
        if not name or count > 1:
            found = f"column '{told(name, 60)}' {count} times" if name else "a column without a name"
            raise InputError(f"{told(path)}, line {line}: found {found}; allowed: a name of its own for each.")
    if alike := twins(names):
        raise InputError(f"{told(path)}, line {line}: found {_both(alike)} as columns; allowed: one of the two.")


def _both(alike: tuple[str, str]) -> str:
    first, other = (ascii(told(word, 60)) for word in alike)
    return f"{first} and {other}, which look the same,"


def check_words(table: LabelTable, name: str) -> None:
    """Raise InputError where a column has two words that differ only in how Unicode writes their letters."""
    if alike := twins(sorted({*table.columns[name]})):
        raise InputError(
            f"{told(table.path)}: found {_both(alike)} in column '{told(name, 40)}'; allowed: one spelling."
        )


def pictures_of(table: LabelTable, words: Sequence[str], folder: Path) -> list[Path]:
    """Return the files in ``folder`` that a column's words name.

    They need not be there. Raises InputError that names the line of one that is outside of the folder, named twice, or
    such that the system refuses to look for it.
    """
    inside, rows, found = folder.resolve(), dict[Path, int](), list[Path]()
    for row, word in enumerate(words):
        path = folder / word
        try:
            real = path.resolve()
            real.stat()
        except (FileNotFoundError, NotADirectoryError):
            pass  # to plan without it is no error
        except (OSError, RuntimeError) as error:  # a name that is too long, a link to itself, a folder that is closed
            reason = error.strerror if isinstance(error, OSError) else "a link to itself"
            raise InputError(f"{table.at(row)}: a file that cannot be looked for ({reason}).") from error
        if Path(word).is_absolute() or not real.is_relative_to(inside):
            raise InputError(
                f"{table.at(row)}: '{told(word, 60)}' is not in {told(folder)}; allowed: paths inside of it."
            )
        first = rows.setdefault(real, row)
        if first != row:
            raise InputError(f"{table.at(row)}: '{told(word, 60)}' is the picture of line {table.lines[first]} again.")
        found.append(path)
    return found


def check_domain(table: LabelTable, words: Sequence[str]) -> None:
    """Raise InputError unless a column tells two domains or more, each of two pictures or more."""
    count = Counter(words)
    if len(count) < 2:
        raise InputError(f"{told(table.path)}: found one domain, '{told(words[0], 60)}'; allowed: 2 at least.")
    alone = next((row for row, word in enumerate(words) if count[word] == 1), None)
    if alone is not None:
        raise InputError(
            f"{table.at(alone)}: domain '{told(words[alone], 60)}' has this picture alone; allowed: 2 at least."
        )


def check_parts(table: LabelTable, parts: Sequence[str], domains: Sequence[str]) -> None:
    """Raise InputError unless all pictures are in a part, some are for testing, and each domain has one to train on."""
    for row, part in enumerate(parts):
        if part not in PARTS:
            raise InputError(f"{table.at(row)}: found split '{told(part, 60)}': {did_you_mean(part, PARTS)}")
    if "test" not in parts:
        raise InputError(f"{told(table.path)}: found no picture of split 'test'; allowed: 1 at least.")
    trained = {domain for domain, part in zip(domains, parts, strict=True) if part == "train"}
    for domain in domains:
        if domain not in trained:
            raise InputError(
                f"{told(table.path)}: domain '{told(domain, 60)}' has no picture of split 'train'; allowed: 1 at least."
            )
