"""Which files of the package an import runs, read from the source without running it."""

import ast
import functools
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from disentangle import registry
from disentangle.errors import InputError

PACKAGE = registry.PACKAGE

_PLUMBING = """
__init__.py cells.py errors.py files.py registry.py data/dataset_checks.py data/dataset_files.py
data/download.py data/views.py
pipeline/definitions.py pipeline/hashes.py pipeline/imports.py pipeline/jobs.py pipeline/measured.py pipeline/needs.py
pipeline/outputs.py pipeline/params.py pipeline/plan.py pipeline/provenance.py pipeline/scales.py pipeline/sealed.py
pipeline/seals.py pipeline/spelling.py pipeline/study.py
"""
PLUMBING = {PACKAGE / name for name in _PLUMBING.split()}
"""Modules that find, check, move and store, and never change a number: an edit of theirs reruns nothing."""


def closure(roots: Iterable[Path]) -> list[Path]:
    """Return the package's files that ``roots`` import, directly or not, with the roots, as they are run in order."""
    seen, run = set(PLUMBING), list[Path]()

    def visit(file: Path) -> None:
        if file not in seen:
            seen.add(file)
            for found in (*_on_the_way(file), *imported(file)):
                visit(found)
            run.append(file)

    for root in sorted(roots, key=lambda file: (file.name, file)):
        visit(root)
    return run


@functools.cache
def imported(file: Path) -> tuple[Path, ...]:
    """Return the package's files that a file imports when it runs, as early as anything in it could."""
    return tuple(found for node in _within(statements(file)) for found in read_by(file, node))


def read_by(file: Path, node: ast.AST) -> Iterator[Path]:
    """Yield the package's files that a statement of ``file`` imports; raises InputError for what ``source`` refuses."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield from (found[0] for alias in node.names if (found := source(file, node, alias)))


@functools.cache
def _on_the_way(file: Path) -> tuple[Path, ...]:
    """Return the ``__init__`` files that run before a file does, but for those that do nothing."""
    folders = [folder for folder in reversed(file.parents) if folder == PACKAGE or PACKAGE in folder.parents]
    return tuple(init for folder in folders if statements(init := folder / "__init__.py"))


def source(file: Path, node: ast.Import | ast.ImportFrom, alias: ast.alias) -> tuple[Path, str | None] | None:
    """Return the package's file that is imported, and which name of it, None for the module; None for other libraries.

    Raises InputError for a relative import, and for one of a folder: what is used of these could not be followed.
    """
    where = f"{file.name} line {node.lineno}: found {ast.unparse(node)!r}"
    if isinstance(node, ast.Import):
        place, name = alias.name, None
    elif node.level:
        raise InputError(f"{where}; allowed: an import by its full name.")
    else:
        place, name = str(node.module), alias.name
    if place.split(".")[0] != "disentangle":
        return None
    if name and (found := _file(f"{place}.{name}")):
        place, name = f"{place}.{name}", None
    else:
        found = _file(place)
    if found is None or (found.name == "__init__.py" and name is None):
        raise InputError(f"{where}; allowed: an import of a file that is there, or from one.")
    return found, name


@functools.cache
def _file(module: str) -> Path | None:
    """Return the file of a module of the package; that of a folder is its ``__init__``, which need not be there."""
    path = PACKAGE.joinpath(*module.split(".")[1:])
    init, file = path / "__init__.py", path.with_suffix(".py")
    if file.is_file() and not init.is_file():
        return file
    return init if path.is_dir() else None


@functools.cache
def libraries(file: Path) -> frozenset[str]:
    """Return the modules of other libraries that a module imports when it is imported, but for those of Python."""
    found: set[str] = set()
    for node in statements(file):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(str(node.module))
    return frozenset(name for name in found if name.split(".")[0] not in {"disentangle", *sys.stdlib_module_names})


@functools.cache
def statements(file: Path) -> tuple[ast.stmt, ...]:
    """Return the statements that a module runs: no docstrings, nor what a type checker alone reads; none of a table."""
    if file.suffix != ".py" or not file.exists():
        return ()
    found: list[ast.stmt] = []
    for node in registry.tree(file).body:
        if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            found += node.orelse
        elif not is_docstring(node):
            found.append(node)
    return tuple(found)


def is_docstring(node: ast.AST) -> bool:
    """Say whether a statement is a text that nothing reads."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _within(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """Yield statements and those inside them, however deep."""
    for node in nodes:
        yield node
        for block in ("body", "handlers", "cases", "orelse", "finalbody"):
            if isinstance(inner := getattr(node, block, None), list):
                yield from _within(inner)
