"""What a result depends on: a digest of exactly the parameters and the code that its stage uses.

The code of a stage is what its file and those of the plugins say that its parameters name, each definition of the
package that these use, directly or not, and what modules do when they are imported. Where a definition lies does not
count, nor do words, layout and plumbing.
"""

import contextlib
import functools
import hashlib
import importlib.metadata
import itertools
import json
import platform
import subprocess
from collections.abc import Iterable
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, NamedTuple

from disentangle import registry
from disentangle.pipeline import imports
from disentangle.pipeline.definitions import Node, module, on_import, target
from disentangle.pipeline.imports import closure
from disentangle.pipeline.spelling import in_full, said

PACKAGE = registry.PACKAGE

WORDS = {
    "datasets": {"DATA", "STAND_IN"},
    "sources": {"STAND_IN", "CREDITS"},
}
"""Constants that no result of a stage follows from but, of those that reports and pages show, theirs: ``plan`` counts
them there."""


class Meaning(NamedTuple):
    """What a definition comes to, with all that it uses."""

    hash: str
    opaque: bool
    """What any module says may matter to it."""


def digest(parameters: Any, code: Iterable[Path]) -> str:
    """Return 16 hex digits of the SHA-256 over parameters (as JSON) and the code reachable from ``code``."""
    content = json.dumps(parameters, sort_keys=True) + _code(tuple(code))
    return _hash(content)[:16]


@functools.cache
def _code(roots: tuple[Path, ...]) -> str:
    """Return a hash of all that roots reach; what loads a root knows it by its name."""
    run = [file for file in closure(roots) if file.suffix == ".py"]
    named = {file: _of_root(file) for file in {*roots} - imports.PLUMBING}
    imported = [meaning(node) for file in run for node in on_import(file)]
    content = sorted(_hash(file.name, *sorted(found.hash for found in parts)) for file, parts in named.items())
    content += ["imported", *(found.hash for found in imported)]
    content += ["libraries", *sorted(frozenset[str]().union(*map(imports.libraries, run)))]
    if not all(module(file).plain for file in run):  # what one does, the definitions of the next may find done
        content += ["in order", *(file.name for file in run)]
    if any(found.opaque for found in itertools.chain(imported, *named.values())):
        content += ["in full", *map(in_full, run)]
    return _hash(*content)


def _of_root(file: Path) -> list[Meaning]:
    """Return what a file means that a stage starts from: all its definitions, and imports that it does not use."""
    if file.suffix != ".py":
        return [Meaning(hashlib.sha256(file.read_bytes()).hexdigest(), False)]
    names = module(file).names
    if not module(file).plain:
        return [meaning((file, None))]
    words = _words(file)
    numbers = {to for name, to in names.items() if isinstance(to, int) and name not in words}
    nodes: list[Node] = [(file, number) for number in numbers]
    used = frozenset[str]().union(*(said(node).mentions for node in nodes))
    unused = [target(file, name) for name, to in names.items() if not isinstance(to, int) and name not in used]
    return [Meaning(node, False) if isinstance(node, str) else meaning(node) for node in [*nodes, *unused]]


def _words(file: Path) -> set[str]:
    place = file.relative_to(PACKAGE).as_posix()
    return set().union(*(WORDS[kind] for kind in WORDS if fnmatch(place, registry.FILES[kind])))


_MEANINGS: dict[Node, Meaning] = {}


def meaning(node: Node) -> Meaning:
    """Return what a definition comes to, with all that it uses: definitions that use each other are found as one does.

    By Tarjan's algorithm: such a cycle is complete when its first definition is left.
    """
    order: dict[Node, int] = {}
    first: dict[Node, int] = {}
    open_: list[Node] = []

    def visit(node: Node) -> None:
        order[node] = first[node] = len(order)
        open_.append(node)
        for used in said(node).uses:
            if used not in _MEANINGS:
                if used not in order:
                    visit(used)
                first[node] = min(first[node], first.get(used, first[node]))
        if first[node] == order[node]:
            place = open_.index(node)
            _MEANINGS.update(_of_cycle(open_[place:]))
            del open_[place:]

    if node not in _MEANINGS:
        visit(node)
    return _MEANINGS[node]


def _of_cycle(cycle: list[Node]) -> dict[Node, Meaning]:
    """Return the meanings of definitions that use each other, or of a single one; what else they use is known."""
    own = {node: said(node) for node in cycle}
    others = {used: _MEANINGS[used] for of in own.values() for used in of.uses if used not in own}
    opaque = any(of.opaque for of in own.values()) or any(of.opaque for of in others.values())
    hashes = dict.fromkeys(cycle, "") | {used: of.hash for used, of in others.items()}
    for _ in cycle:  # after as many rounds, two of them differ if anything does that they use
        hashes |= {node: _hash(of.text, *(hashes[used] for used in of.uses)) for node, of in own.items()}
    return {node: Meaning(hashes[node], opaque) for node in cycle}


def _hash(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def revision() -> str:
    """Return the project's git revision, with ``+`` where the work tree differs from it.

    It is ``unknown`` where the project is no repository itself: one that it lies in is of something else.
    """
    told = _git("rev-parse", "--show-toplevel"), _git("describe", "--always", "--dirty=+", "--abbrev=10")
    return told[1] if told[0] and told[1] and Path(told[0]) == Path.cwd().resolve() else "unknown"


def versions(libraries: Iterable[str]) -> dict[str, str]:
    """Return the versions of Python and of those libraries that are there."""
    found = {"python": platform.python_version()}
    for name in libraries:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found


def _git(*arguments: str) -> str:
    try:
        answer = subprocess.run(["git", *arguments], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.strip()
