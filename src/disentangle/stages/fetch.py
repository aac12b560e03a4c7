"""Download an official file into data/raw, or check one that was placed there."""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

from disentangle.data.download import checksum_of, fetch
from disentangle.errors import InputError, did_you_mean
from disentangle.pipeline import plan


def run(given: argparse.Namespace) -> None:
    """Fetch one of the archives that the sources, encoders and distances name."""
    archives = plan.archives()
    if given.path not in archives:
        raise InputError(f"no source, encoder or distance names '{given.path}': {did_you_mean(given.path, archives)}")
    archive = archives[given.path]
    mirrors = archive.get("mirrors", ())
    fetch(archive["url"], Path(given.path), *checksum_of(archive), on_progress=_announcer(), mirrors=mirrors)


def _announcer() -> Callable[[int, int | None], None]:
    """Return a progress callback that prints a line a second at most."""
    last = 0.0

    def announce(done: int, total: int | None) -> None:
        nonlocal last
        if (now := time.monotonic()) - last >= 1 or done == total:
            last = now
            print(f"{done / 1e6:.1f} MB" + (f" of {total / 1e6:.1f} MB" if total else ""), flush=True)

    return announce
