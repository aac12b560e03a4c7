"""The one exception whose message is meant for the person at the keyboard."""

import difflib
from collections.abc import Iterable


class InputError(Exception):
    """Something the user gave cannot be used: says what was found, where, and what is allowed.

    The command line prints the message on one line without a traceback and exits with status 1.
    """


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that ``name`` may be a misspelling of, None where none is near."""
    return next(iter(difflib.get_close_matches(name, sorted(known), n=1)), None)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return the end of an error message: the nearest known name and all known names."""
    known = sorted(known)
    near = nearest(name, known)
    hint = f"did you mean '{near}'? " if near else ""
    return f"{hint}Known: {', '.join(known) if known else 'none'}."
