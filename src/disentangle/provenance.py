"""What a result depends on: a digest of exactly the parameters and the code that its stage uses.

The code of a stage is the transitive closure of imports inside the package, read from the source text,
plus the plugins that its parameters name. Comments, docstrings and layout do not count, nor does plumbing.
"""

import ast
import functools
import hashlib
import json
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from disentangle import registry

PACKAGE = Path(__file__).parent

_PLUMBING = "cells dataset_files download errors files outputs params plan provenance registry studies views"
PLUMBING = {PACKAGE / f"{name}.py" for name in _PLUMBING.split()}
"""Modules that find, check, move and store, and never change a number: an edit of theirs reruns nothing."""

WORDS = {"STAND_IN", "CREDITS"}
"""Constants of a source that only reports show; ``plan.report`` counts them."""


def digest(parameters: Any, code: Iterable[Path]) -> str:
    """Return 16 hex digits of the SHA-256 over parameters (as JSON) and the code reachable from ``code``."""
    content = json.dumps(parameters, sort_keys=True).encode() + _code(tuple(code))
    return hashlib.sha256(content).hexdigest()[:16]


@functools.cache
def _code(roots: tuple[Path, ...]) -> bytes:
    parts = [(file.relative_to(PACKAGE).as_posix().encode(), _meaning(file)) for file in sorted(closure(roots))]
    return b"".join(name + b"\0" + meaning for name, meaning in parts)


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
    if file.suffix != ".py":
        return ()
    modules: list[str] = []
    for node in ast.walk(registry.tree(file)):
        if isinstance(node, ast.Import):
            modules += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level:
            raise SyntaxError(f"{file.name} line {node.lineno}: an import by its full name is needed here")
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    own = [module.removeprefix("disentangle").strip(".") for module in modules if module.split(".")[0] == "disentangle"]
    candidates = [PACKAGE / (module.replace(".", "/") + ".py") for module in own if module]
    return tuple(candidate for candidate in candidates if candidate.exists())


@functools.cache
def _meaning(file: Path) -> bytes:
    if file.suffix != ".py":
        return file.read_bytes()
    return _canonical(registry.tree(file)).encode()


def _canonical(node: Any) -> str:
    """Spell a syntax tree without docstrings, messages of errors, and empty fields (they differ between Pythons)."""
    if isinstance(node, ast.Raise):
        return "Raise"
    if isinstance(node, ast.AST):
        fields = dict(ast.iter_fields(node))
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            fields["body"] = [part for part in node.body if not _is_words(part)]
        spelled = (f"{name}={_canonical(value)}" for name, value in fields.items() if value not in (None, []))
        return f"{type(node).__name__}({','.join(spelled)})"
    if isinstance(node, list):
        return f"[{','.join(_canonical(part) for part in node)}]"
    return repr(node)


def _is_words(node: ast.AST) -> bool:
    if isinstance(node, ast.Assign):
        return any(isinstance(target, ast.Name) and target.id in WORDS for target in node.targets)
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def revision() -> str:
    """Return the project's git revision, with ``+`` where the work tree differs from it, or ``unknown``."""
    try:
        command = ["git", "describe", "--always", "--dirty=+", "--abbrev=10"]
        answer = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except OSError:
        return "unknown"
    return answer.stdout.strip() or "unknown"
