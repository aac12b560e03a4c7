"""A user's table of labels: a row a picture, in CSV, checked so that each thing that is wrong is one message."""

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from disentangle.errors import InputError, did_you_mean

PARTS = ("train", "test")
"""What the column that tells the split may say."""


@dataclass(frozen=True)
class LabelTable:
    """N rows of words: N of each column by its name, and the line of the file on which each row ends."""

    path: Path
    columns: dict[str, list[str]]
    lines: list[int]

    def column(self, name: str, key: str) -> list[str]:
        """Return the words of a column that an option ``key`` names; raises InputError where there is none."""
        if name not in self.columns:
            raise InputError(f"{self.path}: {key}: no column '{name}': {did_you_mean(name, self.columns)}")
        return self.columns[name]

    def at(self, row: int) -> str:
        """Return where a row is, as the beginning of a message."""
        return f"{self.path}, line {self.lines[row]}"


def read_table(path: Path) -> LabelTable:
    """Read a CSV in UTF-8, its first row the names of the columns; words are stripped, and stay text.

    Raises InputError that names the file, and the line where there is one: it cannot be read, is no such text, has no
    row, a row of more or fewer cells, an empty cell, a column without a name or two of one name.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")  # spreadsheets put a mark before it
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise InputError(f"{path}, line {line}: not UTF-8 text; save the table as CSV in UTF-8.") from error
    if "\0" in text:
        raise InputError(f"{path}, line {text[: text.index(chr(0))].count(chr(10)) + 1}: found a NUL; allowed: text.")
    reader = csv.reader(io.StringIO(text, newline=""), skipinitialspace=True, strict=True)
    try:
        rows = [(reader.line_num, [cell.strip() for cell in row]) for row in reader if row]
    except csv.Error as error:
        raise InputError(f"{path}, line {reader.line_num}: not CSV ({error}).") from error
    if len(rows) < 2:
        raise InputError(f"{path}: found {len(rows)} rows; allowed: one of names of columns, and one a picture.")
    (line, names), *rows = rows
    for name, count in Counter(names).items():
        if not name or count > 1:
            found = f"column '{name}' {count} times" if name else "a column without a name"
            raise InputError(f"{path}, line {line}: found {found}; allowed: a name of its own for each.")
    for line, row in rows:
        if len(row) != len(names):
            raise InputError(
                f"{path}, line {line}: found {len(row)} cells; allowed: {len(names)}, as in the first row."
            )
        if "" in row:
            raise InputError(f"{path}, line {line}: column '{names[row.index('')]}' is empty.")
    columns = {name: [row[k] for _, row in rows] for k, name in enumerate(names)}
    return LabelTable(path, columns, [line for line, _ in rows])


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
            raise InputError(f"{table.at(row)}: a file that cannot be looked for ({error}).") from error
        if Path(word).is_absolute() or not real.is_relative_to(inside):
            raise InputError(f"{table.at(row)}: '{word}' is not in {folder}; allowed: paths inside of it, from there.")
        first = rows.setdefault(real, row)
        if first != row:
            raise InputError(f"{table.at(row)}: '{word}' is the picture of line {table.lines[first]} again.")
        found.append(path)
    return found


def check_domain(table: LabelTable, words: Sequence[str]) -> None:
    """Raise InputError unless a column tells two domains or more, each of two pictures or more."""
    count = Counter(words)
    if len(count) < 2:
        raise InputError(f"{table.path}: found one domain, '{words[0]}'; allowed: 2 at least.")
    alone = next((row for row, word in enumerate(words) if count[word] == 1), None)
    if alone is not None:
        raise InputError(f"{table.at(alone)}: domain '{words[alone]}' has this picture alone; allowed: 2 at least.")


def check_parts(table: LabelTable, parts: Sequence[str], domains: Sequence[str]) -> None:
    """Raise InputError unless all pictures are in a part, some are for testing, and each domain has one to train on."""
    for row, part in enumerate(parts):
        if part not in PARTS:
            raise InputError(f"{table.at(row)}: found split '{part}': {did_you_mean(part, PARTS)}")
    if "test" not in parts:
        raise InputError(f"{table.path}: found no picture of split 'test'; allowed: 1 at least.")
    trained = {domain for domain, part in zip(domains, parts, strict=True) if part == "train"}
    for domain in domains:
        if domain not in trained:
            raise InputError(f"{table.path}: domain '{domain}' has no picture of split 'train'; allowed: 1 at least.")
