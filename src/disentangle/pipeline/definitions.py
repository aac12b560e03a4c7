"""What the names of a module stand for, and what it does when it is imported, read from the source.

A definition is a statement that does nothing but bind names: a function, a class, an assignment. Its place among the
statements of its module is its number.
"""

import ast
import builtins
import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from disentangle.pipeline import imports
from disentangle.pipeline.imports import source, statements

Node = tuple[Path, int | None]
"""A definition by its module and number, or with None a whole module: what it says, in order, and all it imports."""

Binding = int | str | tuple[Path, str | None]
"""What a name stands for: a definition by number, something of another library, or a module or what it calls so."""

INERT = {"abc", "contextlib", "dataclasses", "enum", "functools", "pathlib", "typing"}
"""Libraries whose calls make a value of what they are given, and change nothing else."""


@dataclass(frozen=True)
class Module:
    """What the statements of a source file bind and do."""

    names: Mapping[str, Binding]
    plain: bool
    """It does nothing but define, each name once: in which order does not matter."""
    acting: tuple[int, ...]
    """The statements that call something as they are run, unless that is known to change nothing else."""


@functools.cache
def module(file: Path) -> Module:
    """Return what the statements of a source file bind and do."""
    names: dict[str, Binding] = {}
    plain, acting = file.name != "__init__.py", []
    for number, node in enumerate(statements(file)):
        bound = _bound(file, number, node)
        plain = plain and bound is not None and all(names.get(name, to) == to for name, to in bound.items())
        names |= bound or {}
    for number, node in enumerate(statements(file)):
        run = [*_run(node)]
        plain = plain and not any(isinstance(part, ast.NamedExpr) for part in run)
        if any(_acts(names, part) for part in run):
            acting.append(number)
    return Module(names, plain, tuple(acting))


def on_import(file: Path) -> list[Node]:
    """Return what counts of a module that is imported, whatever is used of it: what it does, in order."""
    found = module(file)
    return [(file, number) for number in found.acting] if found.plain else [(file, None)]


def target(file: Path, name: str | None) -> Node | str:
    """Return what defines a name of a module, or with None the module; a text where that is not followed."""
    if file in imports.PLUMBING:
        return f"plumbing.{name}"
    found = module(file)
    if name is None or not found.plain or name not in found.names:  # bound from elsewhere, or by ``__getattr__``
        return file, None
    to = found.names[name]
    return target(*to) if isinstance(to, tuple) else to if isinstance(to, str) else (file, to)


def bound_by(file: Path, node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, Binding]]:
    """Yield the names that an import binds, by alias; ``import disentangle.a.b`` binds all of that module."""
    for alias in node.names:
        found = source(file, node, alias)
        if isinstance(node, ast.ImportFrom):
            yield alias.asname or alias.name, found or f"{node.module}.{alias.name}"
        elif alias.asname:
            yield alias.asname, found or alias.name
        else:
            first = alias.name.split(".")[0]
            yield first, (found[0], "*") if found else first


def is_inert(names: Mapping[str, Binding], call: ast.Call) -> bool:
    """Say whether a call does nothing but make a value: of a type of Python, of a text, by a library that is ``INERT``.

    Not if it may call what it is given.
    """
    if any(_is_code(names, given) for given in [*call.args, *(keyword.value for keyword in call.keywords)]):
        return False
    match call.func:
        case ast.Name(id=name) if name not in names:
            return isinstance(getattr(builtins, name, None), type)
        case ast.Name(id=name) | ast.Attribute(value=ast.Name(id=name)):
            return str(names.get(name)).split(".")[0] in INERT
        case ast.Attribute(value=ast.Constant()):
            return True
    return False


def decorators(node: ast.AST) -> list[ast.Call]:
    """Return the calls of the decorators of a function or class; a lambda has none."""
    found: list[ast.expr] = getattr(node, "decorator_list", [])
    return [call if isinstance(call, ast.Call) else ast.Call(call, [], []) for call in found]


def _bound(file: Path, number: int, node: ast.stmt) -> dict[str, Binding] | None:
    """Return the names that a statement binds; None unless it is a definition."""
    match node:
        case ast.Import() | ast.ImportFrom():
            return None if node.names[0].name == "*" else dict(bound_by(file, node))
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return {name: number}
        case ast.AnnAssign(target=ast.Name(id=name)):
            return {name: number} if node.value else {}
        case ast.Assign():
            parts = [part for to in node.targets for part in (to.elts if isinstance(to, ast.Tuple) else [to])]
            names = [part.id for part in parts if isinstance(part, ast.Name)]
            return dict.fromkeys(names, number) if len(names) == len(parts) else None
        case ast.Pass() | ast.Expr(value=ast.Constant()):
            return {}
    return None


def _run(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what is run of a statement where a module is imported: not functions, and no annotations to speak of."""
    waiting = [node]
    while waiting:
        part = waiting.pop()
        yield part
        if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            waiting += [*decorators(part), *part.args.defaults, *filter(None, part.args.kw_defaults)]
        elif isinstance(part, ast.ClassDef):
            waiting += [*decorators(part), *part.bases, *part.keywords, *part.body]
        elif isinstance(part, ast.AnnAssign):
            waiting += filter(None, [part.target, part.value])
        else:
            waiting += ast.iter_child_nodes(part)


def _acts(names: Mapping[str, Binding], node: ast.AST) -> bool:
    """Say whether what is run of a definition may change something beside the names that it binds."""
    match node:
        case ast.Call():
            return not is_inert(names, node)
        case ast.Attribute(ctx=context) | ast.Subscript(ctx=context):
            return not isinstance(context, ast.Load)
        case ast.ClassDef(keywords=[_, *_]) | ast.FunctionDef(name="__init_subclass__"):
            return True
    return False


def _is_code(names: Mapping[str, Binding], given: Any) -> bool:
    """Say whether an argument may be something to call."""
    while isinstance(given, ast.Attribute | ast.Starred):
        given = given.value
    return isinstance(given, ast.Lambda) or (isinstance(given, ast.Name) and given.id in names)
