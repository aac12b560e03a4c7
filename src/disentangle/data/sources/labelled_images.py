"""Pictures of your own with labels of your own: a folder, and a table that says what each picture shows."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np

from disentangle.data.foreign import is_folder, told
from disentangle.data.label_table import LabelTable, check_domain, check_parts, check_words, pictures_of, read_table
from disentangle.data.labelled import Pictures
from disentangle.data.pictures import read_pictures
from disentangle.errors import InputError

STAND_IN = "pictures and labels given by the user"
CREDITS = "Images: pictures given by the user (their licence is the user's to state)."
ARCHIVES = ()


@dataclass(frozen=True)
class Source:
    """Read the pictures that ``table``, a CSV file in the folder ``path``, lists.

    ``file``, ``domain`` and ``attributes`` name its columns; of no attributes all other columns are. Where there is the
    column ``split``, it says ``train`` or ``test``. Each picture is resized to a short side of 64, and cropped to its
    centre.
    """

    path: str
    table: str = "labels.csv"
    file: str = "file"
    domain: str = "domain"
    attributes: Annotated[list[str], "len <= 1000"] = ()  # type: ignore[assignment]  # a default must not be mutable
    split: str = "split"

    def __post_init__(self) -> None:
        names = [self.file, self.domain, self.split, *self.attributes]
        if twice := [name for name in names if names.count(name) > 1]:
            raise InputError(f"'{twice[0]}' is given twice; allowed: one use a column.")

    def files(self) -> list[Path]:
        """Return the table and the pictures of it that are there, the table alone where it cannot be used."""
        table = Path(self.path, self.table)
        try:
            found = read_table(table)
            pictures = pictures_of(found, found.column(self.file, "file"), Path(self.path))
        except InputError:
            return [table]
        return [table, *(picture for picture in pictures if picture.is_file())]

    def load(self, rng: np.random.Generator) -> Pictures:
        """Return the pictures in the order of the table.

        Raises InputError that names the table, its line where there is one, or the picture that cannot be used.
        """
        folder = Path(self.path)
        if not is_folder(folder):
            raise InputError(f"{told(folder)}: not a folder; expected one of pictures and a table, {told(self.table)}.")
        table = read_table(folder / self.table)
        names = table.column(self.file, "file")
        words = {self.domain: table.column(self.domain, "domain")} | self._attributes(table)
        for name in words:
            check_words(table, name)
        check_domain(table, words[self.domain])
        parts = self._parts(table)
        if parts:
            check_parts(table, parts, words[self.domain])
        files = pictures_of(table, names, folder)
        for row, picture in enumerate(files):
            if not picture.is_file():
                raise InputError(f"{table.at(row)}: no file '{told(names[row], 60)}' in {told(folder)}.")
        return Pictures(read_pictures(files), words, self.domain, np.array(parts) == "test" if parts else None)

    def _attributes(self, table: LabelTable) -> dict[str, list[str]]:
        others = [name for name in table.columns if name not in (self.file, self.domain, self.split)]
        found = {name: table.column(name, "attributes") for name in self.attributes or others}
        if not found:
            raise InputError(
                f"{told(table.path)}: found no attribute; allowed: 1 column at least beside file and domain."
            )
        for name, words in found.items():
            if len({*words}) < 2:
                raise InputError(
                    f"{told(table.path)}: attribute '{told(name, 40)}' is '{told(words[0], 60)}' of all; "
                    "allowed: 2 values at least."
                )
        return found

    def _parts(self, table: LabelTable) -> list[str]:
        """Return the split of each picture, nothing where the table does not tell and was not said to."""
        if self.split == Source.split and self.split not in table.columns:
            if like := [name for name in table.columns if name.casefold() == self.split]:
                raise InputError(f"{table.path}: column '{like[0]}': say `split: {like[0]}`, or call it otherwise.")
            return []
        return table.column(self.split, "split")
