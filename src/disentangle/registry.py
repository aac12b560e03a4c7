"""A file's name is its registration: ``methods/ortho.py`` is the method ``ortho``, ``studies/<study>/`` is a study.

A plugin file holds one frozen dataclass of a fixed name (``CLASSES``), whose fields are its options, or, of another
kind, what the module that loads it says. Names, options and constants are read from the source text, so that a dry run
never imports torch.
"""

import ast
import functools
import importlib
import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

from disentangle.errors import InputError, did_you_mean

PACKAGE = Path(__file__).parent

FILES = {
    "datasets": "data/datasets/*.py",
    "sources": "data/sources/*.py",
    "methods": "methods/*.py",
    "families": "training/families/*.py",
    "openings": "training/openings/*.py",
    "encoders": "models/encoders/*.py",
    "distances": "models/distances/*.py",
    "probes": "evaluation/probes/*.py",
    "metrics": "evaluation/metrics/*.py",
    "studies": "studies/*/study.py",
    "reports": "studies/*/reports/*.py",
    "figures": "studies/*/figures/*.py",
    "claims": "studies/*/claims/*.py",
}
"""Where the files of each kind lie; what the stars stand for is a file's name, such as ``<study>/<report>``."""

CLASSES = {
    "datasets": "Dataset",
    "sources": "Source",
    "methods": "Objective",
    "encoders": "Encoder",
    "distances": "Distance",
    "probes": "Probe",
    "metrics": "Metric",
    "figures": "Figure",
    "reports": "Report",
}
"""The class that the files of a kind define, of the kinds that do."""
FUNCTIONS = {
    "datasets": ("generate",),
    "sources": ("files", "load"),
    "encoders": ("build",),
    "distances": ("build",),
    "metrics": ("scores",),
    "figures": ("table", "draw", "text"),
    "reports": ("table", "summary", "render"),
}
"""The functions that every class of a kind has; what else is asked of one depends on what its file says."""

NO_DEFAULT = object()

TYPES: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "str": (str,),
    "list": (list, tuple),
}
NUMBERS = ("int", "float")


COMPARISONS: dict[str, Callable[[Any, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
CONDITION = re.compile(r"(len )?(>=|<=|>|<) -?\d+(\.\d+)?(e-?\d+)?|distinct")
"""One of those, with commas between them, of which a range is: of a number, or of each entry of a list; its length."""


@dataclass(frozen=True)
class Option:
    """One field of a plugin's dataclass: its type by name, its allowed values (empty: any), its range, its default."""

    type: str
    choices: tuple[Any, ...] = ()
    range: str = ""
    """Such as ``> 0, <= 10``; empty where there is none."""
    default: Any = None
    required: bool = False

    def check(self, where: str, value: Any) -> None:
        """Raise InputError unless ``value`` may be given for this option."""
        if self.choices:
            if not any(value == choice and type(value) is type(choice) for choice in self.choices):
                allowed = ", ".join(repr(choice) for choice in self.choices)
                raise InputError(f"{where}: found {value!r}; allowed: {allowed}.")
            return
        kind, _, element = self.type.partition(" of ")
        if kind in NUMBERS and (said := misread(value)):
            raise InputError(f"{where}: {said}")
        if not _is(kind, value) or (element and not all(_is(element, entry) for entry in value)):
            raise InputError(f"{where}: found {value!r}; allowed: a value of type {self.type}.")
        if self.range and not all(_holds(condition, value) for condition in self.range.split(", ")):
            raise InputError(f"{where}: found {value!r}; allowed: {self.range}.")


def _is(kind: str, value: Any) -> bool:
    return isinstance(value, TYPES[kind]) and (kind == "bool" or not isinstance(value, bool))


def _holds(condition: str, value: Any) -> bool:
    match condition.split():
        case ["distinct"]:
            return len(set(value)) == len(value)
        case ["len", sign, bound]:
            return COMPARISONS[sign](len(value), float(bound))
        case [sign, bound]:
            entries = value if isinstance(value, list | tuple) else [value]
            return all(COMPARISONS[sign](entry, float(bound)) for entry in entries)
    return False


def misread(found: Any) -> str:
    """Return what is said of a number that is given as text; nothing of all else."""
    try:
        number = isinstance(found, str) and math.isfinite(float(found))
    except ValueError:
        return ""
    return f"found the text {found!r}; write a number without quotes." if number else ""


@functools.cache
def path(kind: str, name: str) -> Path:
    """Return the file of a plugin; raises InputError with the nearest known name when there is none."""
    known = names(kind)
    if name not in known:
        raise InputError(f"unknown {singular(kind)} '{name}': {did_you_mean(name, known)}")
    parts = iter(name.split("/"))
    return PACKAGE / "".join(next(parts) if char == "*" else char for char in FILES[kind])


def singular(kind: str) -> str:
    """Return what one of a kind is called."""
    return f"{kind[:-3]}y" if kind.endswith("ies") else kind.removesuffix("s")


@functools.cache
def names(kind: str) -> tuple[str, ...]:
    """Return the names of all plugins of a kind, sorted; raises InputError for a file whose name is none."""
    pattern = FILES[kind].split("/")
    stars = [place for place, part in enumerate(pattern) if "*" in part]
    found: list[str] = []
    for file in PACKAGE.glob(FILES[kind]):
        parts = file.relative_to(PACKAGE).with_suffix("").parts
        if parts[-1] == "__init__" or any(part.startswith(".") for part in parts):  # editors leave hidden copies
            continue
        if not all(parts[star].isidentifier() for star in stars):
            raise InputError(
                f"{file}: a {singular(kind)}'s name is of letters, digits and _, and starts with no digit."
            )
        found.append("/".join(parts[star] for star in stars))
    return tuple(sorted(found))


@functools.cache
def tree(file: Path) -> ast.Module:
    """Return the syntax tree of a source file, parsed once a process; raises InputError where it is none."""
    try:
        return ast.parse(file.read_text(), str(file))
    except (SyntaxError, ValueError) as error:
        raise InputError(f"{file}: not valid Python: {error}.") from error
    except OSError as error:
        raise InputError(f"{file}: cannot be read ({error.strerror}).") from error


@functools.cache
def options(kind: str, name: str) -> Mapping[str, Option]:
    """Return a plugin's options by name, read from its source without importing it.

    Raises InputError that names the file where it defines no class of its kind, or an option of no type, of numbers
    without a range, or of a list without an end.
    """
    file, node = path(kind, name), _class(kind, name)
    for function in FUNCTIONS.get(kind, ()):
        check_defined(kind, name, function)
    fields = [field for field in node.body if isinstance(field, ast.AnnAssign)]
    named = [(field.target.id, field) for field in fields if isinstance(field.target, ast.Name)]
    return MappingProxyType({key: _option(field, f"{file}: {key}") for key, field in named})


def _class(kind: str, name: str) -> ast.ClassDef:
    file = path(kind, name)
    for node in tree(file).body:
        if isinstance(node, ast.ClassDef) and node.name == CLASSES[kind]:
            return node
    raise InputError(f"{file}: defines no class {CLASSES[kind]}.")


def check_defined(kind: str, name: str, function: str, why: str = "") -> None:
    """Raise InputError that names the file where a plugin's class neither defines a function nor can inherit it.

    What it does inherit is known when it is built.
    """
    node = _class(kind, name)
    if not node.bases and function not in {part.name for part in node.body if isinstance(part, ast.FunctionDef)}:
        raise _lacks(kind, name, function, why)


def _lacks(kind: str, name: str, function: str, why: str = "") -> InputError:
    return InputError(f"{path(kind, name)}: its {CLASSES[kind]} has no function {function}{why}.")


def _option(field: ast.AnnAssign, where: str) -> Option:
    annotation, given = field.annotation, ""
    match annotation:
        case ast.Subscript(value=ast.Name(id="Annotated"), slice=ast.Tuple(elts=[inner, ast.Constant(str(text))])):
            annotation, given = inner, text
    match annotation:
        case ast.Subscript(value=ast.Name(id="Literal"), slice=choices):
            kind, allowed = "Literal", ast.literal_eval(choices)
        case ast.Subscript(value=ast.Name(id="list"), slice=ast.Name(id=element)) if element in TYPES:
            kind, allowed = f"list of {element}", ()
        case ast.Name(id=kind) if kind in TYPES:
            allowed = ()
        case _:
            found = ast.unparse(field.annotation)
            raise InputError(f"{where}: found the type {found}; allowed: {', '.join(TYPES)}[...] or Literal[...].")
    _check_range(kind, given, where)
    try:
        default = None if field.value is None else ast.literal_eval(field.value)
    except ValueError:
        raise InputError(f"{where}: its default must be written out: it is read, not run.") from None
    option = Option(kind, allowed if isinstance(allowed, tuple) else (allowed,), given, default, field.value is None)
    if default is not None:
        option.check(f"{where}: its default", default)
    return option


def _check_range(kind: str, given: str, where: str) -> None:
    """Raise InputError unless a range can be read, and has two ends for numbers and one for a list's length."""
    conditions = given.split(", ") if given else []
    starts = {condition.rsplit(" ", 1)[0].rstrip("=") for condition in conditions}
    needed = {">", "<"} if kind.split()[-1] in NUMBERS else set()
    needed |= {"len <"} if kind.startswith("list") else set()
    if not all(map(CONDITION.fullmatch, conditions)) or not needed <= starts:
        found = f"found the range '{given}'" if given else "found no range"
        raise InputError(f"{where}: {found}; needed: one with two ends, as in '> 0, <= 10', and of a list 'len <= 9'.")


def constant(kind: str, name: str, constant: str, default: Any = NO_DEFAULT) -> Any:
    """Return a literal constant of a plugin's module, read from its source without importing it.

    Raises InputError that names the file where it defines none and there is no ``default``, or none that is a literal.
    """
    value = assigned(kind, name, constant, required=default is NO_DEFAULT)
    try:
        return default if value is None else ast.literal_eval(value)
    except ValueError:
        raise InputError(f"{path(kind, name)}: {constant} must be written out: it is read, not run.") from None


@functools.cache
def assigned(kind: str, name: str, constant: str, required: bool = True) -> ast.expr | None:
    """Return what a plugin's module assigns to a constant, as it is written, None where it defines none.

    Raises InputError that names the file where that is ``required``.
    """
    file = path(kind, name)
    for node in tree(file).body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == constant for t in node.targets):
            return node.value
    if required:
        raise InputError(f"{file}: defines no constant {constant}.")
    return None


def check_options(kind: str, name: str, given: dict[str, Any], where: str) -> dict[str, Any]:
    """Return ``given`` completed by the plugin's defaults.

    Raises InputError that names the key for an unknown option, a value that is not allowed, or a missing one.
    """
    try:
        known = options(kind, name)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
    for key, value in given.items():
        if key not in known:
            raise InputError(f"{where}.{key}: unknown option of {singular(kind)} '{name}': {did_you_mean(key, known)}")
        known[key].check(f"{where}.{key}", value)
    missing = [key for key, option in known.items() if option.required and key not in given]
    if missing:
        raise InputError(f"{where}: {singular(kind)} '{name}' needs {', '.join(missing)}.")
    complete = {key: given.get(key, option.default) for key, option in known.items()}
    # As they are read back from a file.
    complete = {key: [*value] if isinstance(value, tuple) else value for key, value in complete.items()}
    # 1 and 1.0 are one number.
    return {key: float(value) if known[key].type == "float" else value for key, value in complete.items()}


def build(kind: str, name: str, given: dict[str, Any], *functions: str) -> Any:
    """Import a plugin and return its object, built from the options ``given``.

    Raises InputError that names its file where it lacks one of these ``functions`` or of those of its kind.
    """
    built = getattr(load(kind, name), CLASSES[kind])(**given)
    for function in (*FUNCTIONS.get(kind, ()), *functions):
        if not callable(getattr(built, function, None)):
            raise _lacks(kind, name, function)
    return built


def load(kind: str, name: str) -> ModuleType:
    """Import the module of a plugin, or of another file that is found by its name."""
    return importlib.import_module(module(kind, name))


def module(kind: str, name: str) -> str:
    """Return the full name of a plugin's module."""
    return ".".join(["disentangle", *path(kind, name).relative_to(PACKAGE).with_suffix("").parts])


def of_study(kind: str, study: str) -> list[str]:
    """Return the names of a study's reports, figures or claims."""
    return [name for name in names(kind) if name.split("/")[0] == study]
