"""The one exception whose message is meant for the person at the keyboard."""

import difflib
from collections.abc import Iterable


class InputError(Exception):
    """Something the user gave cannot be used: says what was found, where, and what is allowed.

    The command line prints the message on one line without a traceback and exits with status 1.
    """


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return the end of an error message: the nearest known name and all known names."""
    known = sorted(known)
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean '{near[0]}'? " if near else ""
    return f"{hint}Known: {', '.join(known) if known else 'none'}."
