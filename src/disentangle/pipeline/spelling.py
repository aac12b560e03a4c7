"""What a definition says, spelled so that two spell alike if nothing can tell them apart, and what it uses."""

import ast
import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, NamedTuple

from disentangle import registry
from disentangle.pipeline import imports
from disentangle.pipeline.definitions import Binding, Node, bound_by, decorators, is_inert, module, target
from disentangle.pipeline.imports import is_docstring, statements

_OPAQUE = """
eval exec compile globals locals vars dir __import__ __builtins__ builtins inspect sys.modules .import_module
.get_type_hints ._getframe .__annotations__ .__init_subclass__ .__subclasses__ .__code__ .__closure__ .__globals__
"""
OPAQUE = {*_OPAQUE.split()}
"""What reads names, annotations, classes or code, so that any word of any module may matter: Python's own functions,
modules, and attributes, which start with a dot."""


class Said(NamedTuple):
    """A definition as it is read."""

    text: str
    """Without docstrings, messages of errors, annotations that nothing reads, and names of local variables."""
    uses: tuple[Node, ...]
    """In the order in which the text has them, as ``>``."""
    mentions: frozenset[str]
    """Names of its module that it uses, those in annotations and messages as well."""
    opaque: bool
    """Something of ``OPAQUE`` is used."""


@functools.cache
def said(node: Node) -> Said:
    """Read a definition, or a whole module."""
    file, number = node
    names, read = module(file).names, statements(file)
    if number is not None:
        return _Reader(file, names).read([read[number]])
    # Its own names need no following: all that they stand for is there.
    return _Reader(file, {name: to for name, to in names.items() if isinstance(to, str)}).read(read)


@functools.cache
def in_full(file: Path) -> str:
    """Spell a source file as it is."""
    return _in_full(registry.tree(file))


def _in_full(node: Any) -> str:
    """Spell a syntax tree, but for empty fields: they differ between Pythons."""
    if isinstance(node, ast.AST):
        fields = ((name, getattr(node, name, None)) for name in node._fields)
        told = (f"{name}={_in_full(value)}" for name, value in fields if value is not None and value != [])
        return f"{type(node).__name__}({','.join(told)})"
    return f"[{','.join(map(_in_full, node))}]" if isinstance(node, list) else ascii(node)


@dataclass
class _Scope:
    """The names that a function or a comprehension binds."""

    outer: "_Scope | None"
    is_comprehension: bool = False
    bound: dict[str, str | None] = field(default_factory=dict)
    """How each is spelled; None of a variable that could have any name."""


class _Reader:
    """Spells statements, and notes what they use."""

    def __init__(self, file: Path, names: Mapping[str, Binding]) -> None:
        self.file = file
        self.names = names
        self.parts: list[str | Callable[[], str]] = []
        """Texts, and what is spelled when all is read: which names a scope binds is known then."""
        self.scope: _Scope | None = None
        self.annotated = False
        """Whether annotations count where it reads."""
        self.tangled = False
        """A name may be of another scope than it seems to be."""
        self.opaque = False
        self.uses: list[Node] = []
        self.mentions: set[str] = set()
        self.variables = 0

    def read(self, nodes: Iterable[ast.stmt]) -> Said:
        """Return what statements say."""
        self._read([*nodes])
        text = "".join([part if isinstance(part, str) else part() for part in self.parts])
        return Said(text, tuple(self.uses), frozenset(self.mentions), self.opaque)

    def _read(self, node: Any) -> None:
        match node:
            case ast.Name(id=name):
                if self.scope and not isinstance(node.ctx, ast.Load):
                    self.scope.bound.setdefault(name, None)
                self._name(name)
            case ast.Attribute(value=ast.Name(id=name), attr=attribute, ctx=ast.Load()):
                self._name(name, attribute)
            case ast.Call(func=ast.Name(id="vars" | "dir" as name), args=[_]) if name not in self.names:
                self.parts.append(name)
                self._read(node.args)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                self._function(node)
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                self._comprehension(node)
            case ast.NamedExpr(target=ast.Name(id=name)):
                scope = self.scope
                while scope and scope.is_comprehension:
                    scope = scope.outer
                if scope:
                    scope.bound.setdefault(name, None)
                self.parts.append("NamedExpr ")
                self._name(name)
                self._read(node.value)
            case ast.ClassDef():
                self._class(node)
            case ast.AnnAssign() if not self.annotated:
                self._mention(node.annotation)
                if self.scope and isinstance(node.target, ast.Name):
                    self.scope.bound.setdefault(node.target.id, None)
                if node.value:
                    self._read(ast.Assign([node.target], node.value))
            case ast.arg() if not self.annotated:
                self._mention(node.annotation)
                self.parts.append(node.arg)
            case ast.Raise() if not self._raises_own(node.exc):
                self._mention(node)
                # Its words are left out, not where it may be caught.
                of = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
                self.parts.append(f"Raise {ast.unparse(of) if of else ''}")
            case ast.Import() | ast.ImportFrom():
                self._import(node)
            case list():
                self.parts.append("[")
                for part in node:
                    said = len(self.parts)
                    self._read(part)
                    if len(self.parts) > said:
                        self.parts.append(",")
                self.parts.append("]")
            case ast.AST():
                self._note(node)
                self._fields(node, node._fields)
            case _:
                self.parts.append(ascii(node))

    def _raises_own(self, error: ast.expr | None) -> bool:
        """Say whether an error is of a class of the package, which may carry more than words to where it is caught."""
        of = error.func if isinstance(error, ast.Call) else error
        while isinstance(of, ast.Attribute):
            of = of.value
        to = module(self.file).names.get(of.id) if isinstance(of, ast.Name) else None
        return isinstance(to, int) or (isinstance(to, tuple) and not isinstance(target(*to), str))

    def _fields(self, node: ast.AST, names: Iterable[str]) -> None:
        """Spell a node but for empty fields, which differ between Pythons, and contexts, which its place tells."""
        self.parts.append(type(node).__name__)
        for name in names:
            value = getattr(node, name, None)
            if value is not None and value != [] and name != "ctx":
                self.parts.append(f" {name}=")
                self._read(value)
        self.parts.append(";")

    def _note(self, node: ast.AST) -> None:
        """Note what a mere text binds, or reads."""
        match node:
            case (
                ast.ExceptHandler(name=str(name))
                | ast.MatchAs(name=str(name))
                | ast.MatchStar(name=str(name))
                | ast.MatchMapping(rest=str(name))
            ) if self.scope:
                self.scope.bound[name] = ascii(name)
            case ast.Global() | ast.Nonlocal():
                self.tangled = True
            case ast.Attribute(attr=str(name)) | ast.Constant(value=str(name)):
                self.opaque |= f".{name}" in OPAQUE

    def _mention(self, node: ast.AST | None) -> None:
        if node:
            self.mentions |= {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> None:
        """Spell a function; its annotations count if a decorator may read them."""
        name, returned = getattr(node, "name", ""), getattr(node, "returns", None)
        if self.scope and name:
            self.scope.bound[name] = ascii(name)
        self.opaque |= f".{name}" in OPAQUE
        outer, annotated = self.scope, self.annotated
        self.annotated = not all(is_inert(self.names, call) for call in decorators(node))
        self._fields(node, ["name", "decorator_list", "type_params", "args", *(["returns"] if self.annotated else [])])
        self._mention(returned)
        self.annotated = False
        given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs, node.args.vararg, node.args.kwarg]
        self.scope = _Scope(outer, bound={arg.arg: ascii(arg.arg) for arg in given if arg})
        self._body(node.body)
        self.scope, self.annotated = outer, annotated

    def _body(self, body: Any) -> None:
        self._read([part for part in body if not is_docstring(part)] if isinstance(body, list) else body)

    def _comprehension(self, node: Any) -> None:
        """Spell a comprehension; what it goes through first is of the scope around it."""
        self.parts.append(type(node).__name__)
        self._read(node.generators[0].iter)
        self.scope = scope = _Scope(self.scope, is_comprehension=True)
        for number, generator in enumerate(node.generators):
            self._fields(generator, ["target", *(["iter"] if number else []), "ifs", "is_async"])
        self._fields(node, ["elt", "key", "value"])
        self.scope = scope.outer

    def _class(self, node: ast.ClassDef) -> None:
        """Spell a class with the annotations of its fields; those of a plugin's options decide nothing."""
        self.tangled |= self.scope is not None
        self.opaque |= any(keyword.arg == "metaclass" for keyword in node.keywords)
        self._fields(node, ["name", "decorator_list", "type_params", "bases", "keywords"])
        annotated, self.annotated = self.annotated, True
        has_options = _has_options(self.file, node.name)
        for part in node.body:
            if has_options and isinstance(part, ast.AnnAssign) and not _is_special(part.annotation):
                self._mention(part.annotation)
                self._fields(part, ["target", "value"])
            else:
                self._body([part])
        self.annotated = annotated

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        """Spell an import that defines nothing in its module: one in a function, or in a module that counts whole."""
        for alias, (name, to) in zip(node.names, bound_by(self.file, node), strict=True):
            found = target(*to) if isinstance(to, tuple) else str(to)
            if self.scope:
                self.scope.bound[name] = f"{name}={found}" if isinstance(found, str) else ascii(name)
            self.parts.append(f"Import {alias.name if isinstance(to, str) else ''} ")
            self.parts.append(functools.partial(self._used, name, found))

    def _name(self, name: str, attribute: str = "") -> None:
        self.parts.append(functools.partial(self._resolved, self.scope, name, attribute))

    def _resolved(self, scope: _Scope | None, name: str, attribute: str) -> str:
        """Return how a name is spelled, or an attribute of what it stands for."""
        while scope and (self.tangled or name not in scope.bound):
            scope = scope.outer
        if scope:
            if scope.bound[name] is None:
                scope.bound[name] = f"#{self.variables}"
                self.variables += 1
            found = str(scope.bound[name])
        else:
            self.mentions.add(name)
            to = self.names.get(name)
            if attribute and isinstance(to, tuple) and to[1] is None and to[0] not in imports.PLUMBING:
                return self._used(attribute, target(to[0], attribute))
            found = self._used(name, "" if to is None else target(self.file, name))
        if attribute:
            self._watch(f"{found.partition('=')[2]}.{attribute}")
            return f"{found}.{attribute}"
        return found

    def _used(self, name: str, to: Node | str) -> str:
        if isinstance(to, str):
            self._watch(to or name)
            return f"{name}={to}"
        self.uses.append(to)
        return f"{name}>"

    def _watch(self, dotted: str) -> None:
        first, last = dotted.split(".")[0], dotted.rpartition(".")[2]
        self.opaque |= not OPAQUE.isdisjoint({dotted, first, f".{last}"})


def _has_options(file: Path, name: str) -> bool:
    """Say whether a class is the one of a plugin's file that the registry reads options from."""
    place = file.relative_to(imports.PACKAGE).as_posix()
    return any(registry.CLASSES.get(kind) == name and fnmatch(place, files) for kind, files in registry.FILES.items())


def _is_special(annotation: ast.expr) -> bool:
    """Say whether an annotation makes something else of it than a field."""
    return any(word in ast.unparse(annotation) for word in ("ClassVar", "InitVar", "KW_ONLY"))
