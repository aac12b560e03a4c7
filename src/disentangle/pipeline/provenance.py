"""What a result depends on: a digest of exactly the parameters and the code that its stage uses.

The code of a stage is the transitive closure of imports inside the package, read from the source text, plus the plugins
that its parameters name. Comments, docstrings, layout and where a file lies do not count, nor does plumbing.
"""

import ast
import functools
import hashlib
import json
import subprocess
from collections.abc import Iterable
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from disentangle import registry

PACKAGE = registry.PACKAGE

_PLUMBING = """
cells.py errors.py files.py registry.py data/dataset_files.py data/download.py data/views.py pipeline/measured.py
pipeline/needs.py pipeline/outputs.py pipeline/params.py pipeline/plan.py pipeline/provenance.py pipeline/scales.py
pipeline/study.py
"""
PLUMBING = {PACKAGE / name for name in _PLUMBING.split()}
"""Modules that find, check, move and store, and never change a number: an edit of theirs reruns nothing."""

WORDS = {
    "datasets": {"DATA", "STAND_IN"},
    "sources": {"STAND_IN", "CREDITS"},
}
"""Constants that no result of a stage follows from but, of those that reports and pages show, theirs: ``plan`` counts
them there."""


def digest(parameters: Any, code: Iterable[Path]) -> str:
    """Return 16 hex digits of the SHA-256 over parameters (as JSON) and the code reachable from ``code``."""
    content = json.dumps(parameters, sort_keys=True).encode() + _code(tuple(code))
    return hashlib.sha256(content).hexdigest()[:16]


@functools.cache
def _code(roots: tuple[Path, ...]) -> bytes:
    """Return the meaning of all files that roots reach; what loads a root knows it by its name."""
    reached = sorted(_meaning(file) for file in closure(roots) - {*roots})
    named = sorted(file.name.encode() + b"\0" + _meaning(file) for file in {*roots} - PLUMBING)
    return b"\0".join([*named, *reached])


def closure(roots: Iterable[Path]) -> set[Path]:
    """Return the package's files that ``roots`` import, directly or not, with the roots themselves."""
    found: set[Path] = set()
    waiting = list(roots)
    while waiting:
        file = waiting.pop()
        if file not in found | PLUMBING:
            found.add(file)
            waiting.extend(_imports(file))
    return found


@functools.cache
def _imports(file: Path) -> tuple[Path, ...]:
    """Return the package's files that a file imports, in the order of its imports."""
    if file.suffix != ".py":
        return ()
    found: list[Path] = []
    for node in ast.walk(registry.tree(file)):
        if isinstance(node, ast.ImportFrom) and node.level:
            raise SyntaxError(f"{file.name} line {node.lineno}: an import by its full name is needed here")
        if isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                found += [*filter(None, [_imported(node, alias)]), *_passed(node, alias)]
    return tuple(found)


def _passed(node: ast.Import | ast.ImportFrom, alias: ast.alias) -> list[Path]:
    """Return the ``__init__`` files with more than a docstring that Python runs on the way to what is imported."""
    module = alias.name if isinstance(node, ast.Import) else f"{node.module}.{alias.name}"
    first, *parts = module.split(".")
    if first != "disentangle":
        return []
    folders = [PACKAGE.joinpath(*parts[:depth]) for depth in range(len(parts) + 1)]
    inits = [folder / "__init__.py" for folder in folders]
    return [init for init in inits if init.exists() and not all(map(_is_docstring, registry.tree(init).body))]


def _imported(node: ast.Import | ast.ImportFrom, alias: ast.alias) -> Path | None:
    """Return the file of the package that an import reads: a module, or that of a name in one; None for another's."""
    module = alias.name if isinstance(node, ast.Import) else f"{node.module}.{alias.name}"
    parts = module.split(".")
    if parts[0] != "disentangle":
        return None
    as_module, holder = (PACKAGE.joinpath(*own).with_suffix(".py") for own in (parts[1:], parts[1:-1]))
    return next((file for file in (as_module, holder) if file != PACKAGE.with_suffix(".py") and file.exists()), None)


@functools.cache
def _meaning(file: Path) -> bytes:
    """Return what a file says, and for each of its imports what the file says that is imported."""
    if file.suffix != ".py":
        return file.name.encode() + b"\0" + file.read_bytes()
    told = ("plumbing" if found in PLUMBING else _own_meaning(found) for found in _imports(file))
    return " ".join([_own_meaning(file), *told]).encode()


@functools.cache
def _own_meaning(file: Path) -> str:
    """Return a hash of what a file says itself, wherever that lies which it imports from the package."""
    return hashlib.sha256(_canonical(_without_words(file)).encode()).hexdigest()


def _canonical(node: Any) -> str:
    """Spell a syntax tree without docstrings, messages of errors, and empty fields (they differ between Pythons)."""
    if isinstance(node, ast.Raise):
        return "Raise"
    if isinstance(node, ast.AST):
        fields = dict(ast.iter_fields(node))
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            fields["body"] = [part for part in node.body if not _is_docstring(part)]
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "disentangle":
            del fields["module"]
        spelled = (f"{name}={_canonical(value)}" for name, value in fields.items() if value not in (None, []))
        return f"{type(node).__name__}({','.join(spelled)})"
    if isinstance(node, list):
        return f"[{','.join(_canonical(part) for part in node)}]"
    return repr(node)


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _without_words(file: Path) -> ast.Module:
    """Return a file's syntax tree without the constants that are words for a reader."""
    place = file.relative_to(PACKAGE).as_posix()
    words = set().union(*(WORDS[kind] for kind in WORDS if fnmatch(place, registry.FILES[kind])))
    tree = registry.tree(file)
    return ast.Module([node for node in tree.body if not _assigns(node, words)], tree.type_ignores)


def _assigns(node: ast.AST, names: set[str]) -> bool:
    targets = node.targets if isinstance(node, ast.Assign) else ()
    return any(isinstance(target, ast.Name) and target.id in names for target in targets)


def revision() -> str:
    """Return the project's git revision, with ``+`` where the work tree differs from it, or ``unknown``."""
    try:
        command = ["git", "describe", "--always", "--dirty=+", "--abbrev=10"]
        answer = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except OSError:
        return "unknown"
    return answer.stdout.strip() or "unknown"
