"""The one exception whose message is meant for the person at the keyboard."""

import difflib
import textwrap
from collections.abc import Iterable

MOST_KNOWN = 200
"""Letters of all known names in a message."""


class InputError(Exception):
    """Something the user gave cannot be used: says what was found, where, and what is allowed.

    The command line prints the message on one line without a traceback and exits with status 1.
    """


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that ``name`` may be a misspelling of, None where none is near."""
    spelled = {other.lower(): other for other in sorted(known)}
    return next((spelled[near] for near in difflib.get_close_matches(name.lower(), spelled, n=1)), None)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return the end of an error message, behind a colon: the nearest known name, if one is, and all known names."""
    names = sorted(known)
    told = textwrap.shorten(f"{', '.join(names) or 'none'}.", MOST_KNOWN, placeholder=" ...")
    if near := nearest(name, names):
        return f"did you mean '{near}'? Known: {told}"
    return f"known {'is' if len(names) < 2 else 'are'} {told}"
