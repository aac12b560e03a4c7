"""SHA-256 of files, computed once as long as a file stays as it is: its size, times and inode tell, as for git."""

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from disentangle import files
from disentangle.cells import RESUME
from disentangle.errors import InputError

STORE = RESUME / "hashes.db"
"""Of this folder alone, and no result: without it everything is read once more."""
SETTLED = 2.0
"""Seconds that a file must have rested when it was read: a write within the tick of a clock leaves the times alone."""

Row = tuple[str, int, int, int, int, str]
"""Path, size, time of the last write, of the last change of anything, inode, and hash."""


class Hashes:
    """What is known of files; without a store, or with a damaged one, it knows nothing and reads."""

    def __init__(self, trusting: bool = True) -> None:
        """Without trust in times, every file is read once more."""
        self._read: dict[str, Row] = {}
        self._store: sqlite3.Connection | None = None
        with contextlib.suppress(sqlite3.Error):
            if trusting and STORE.exists():
                self._store = sqlite3.connect(f"file:{STORE}?mode=ro", uri=True, timeout=5)

    def of(self, path: Path) -> str | None:
        """Return the hash of a file's content, None where there is no file.

        A change that leaves size and all times of a file alone, as of a failing disk, is for its readers to find.
        """
        try:
            facts = path.stat()
        except OSError:
            return None
        now = (facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_ino)
        if (known := self._known(str(path))) and known[1:5] == now:
            return known[5]
        started = time.time()
        try:
            found = files.sha256(path)
        except (InputError, OSError):
            return None
        if started - max(facts.st_mtime, facts.st_ctime) > SETTLED:
            self._read[str(path)] = (str(path), *now, found)
        return found

    def _known(self, path: str) -> Row | None:
        if path in self._read or self._store is None:
            return self._read.get(path)
        try:
            row: Row | None = self._store.execute("SELECT * FROM hashes WHERE path = ?", (path,)).fetchone()
            return row
        except sqlite3.Error:
            self._store = None
            return None

    @staticmethod
    def forget(path: Path) -> None:
        """Have a file read again, as one whose content is not what its size and times promise."""
        with contextlib.suppress(sqlite3.Error, OSError):
            if STORE.exists():
                with _writable() as store:
                    store.execute("DELETE FROM hashes WHERE path = ?", (str(path),))

    def save(self) -> None:
        """Keep what was read for the next process; where that cannot be, it reads again."""
        if self._read:
            with contextlib.suppress(sqlite3.Error, OSError), _writable() as store:
                store.execute("CREATE TABLE IF NOT EXISTS hashes (path PRIMARY KEY, size, mtime, ctime, inode, sha256)")
                store.executemany("REPLACE INTO hashes VALUES (?, ?, ?, ?, ?, ?)", self._read.values())


@contextlib.contextmanager
def _writable() -> Iterator[sqlite3.Connection]:
    """Open the store for writing; one that is damaged is begun anew the next time."""
    STORE.parent.mkdir(parents=True, exist_ok=True)
    store = sqlite3.connect(STORE, timeout=5)
    try:
        with store:
            yield store
    except sqlite3.OperationalError:  # another process holds it, or the disk is full
        raise
    except sqlite3.DatabaseError:
        STORE.unlink(missing_ok=True)
        raise
    finally:
        store.close()
