"""The house: its wings, the way that imports may run, and what may know a study's name."""

import ast
import os
import re
from pathlib import Path

import pytest

from disentangle import registry
from disentangle.pipeline import imports

ROOT = Path(__file__).parent.parent
PACKAGE = registry.PACKAGE
WINGS = (
    "stages",
    "scoring",
    "studies",
    "pipeline",
    "reporting",
    "evaluation",
    "training",
    "methods",
    "models",
    "losses",
    "data",
)
"""From the top to the bottom; what lies beside them is the ground, on which all stand."""
DOORS = ("__init__.py", "__main__.py", "metrics.py")
"""Files beside the wings that stand above all of them."""
MODULES = sorted(PACKAGE.rglob("*.py"))


def test_a_newcomer_sees_the_architecture_from_the_tree() -> None:
    entries = {path.name for path in PACKAGE.iterdir() if path.name != "__pycache__"}
    assert {path.name for path in PACKAGE.iterdir() if path.is_dir()} - {"__pycache__"} == set(WINGS)
    assert len(entries) <= 20
    for folder in {file.parent for file in MODULES}:
        sentence = ast.get_docstring(ast.parse((folder / "__init__.py").read_text()))
        assert sentence and len(sentence) > 10, folder


def floor(file: Path) -> int:
    """Return how deep a file lies: 0 is the top wing, the ground is below all."""
    first = file.relative_to(PACKAGE).parts[0]
    return WINGS.index(first) if first in WINGS else 0 if first in DOORS else len(WINGS)


def imported(file: Path) -> list[Path]:
    """Return the package's files that a file imports, those as well that only a type checker reads."""
    return [found for node in ast.walk(registry.tree(file)) for found in imports.read_by(file, node)]


@pytest.mark.parametrize("file", MODULES, ids=lambda file: file.relative_to(PACKAGE).as_posix())
def test_no_import_runs_from_a_lower_wing_to_a_higher_one(file: Path) -> None:
    up = [found for found in imported(file) if floor(found) < floor(file)]
    assert not up


def test_studies_do_not_know_each_other() -> None:
    for file in PACKAGE.glob("studies/*/**/*.py"):
        own = file.relative_to(PACKAGE).parts[:2]
        found = [found.relative_to(PACKAGE).parts for found in imported(file)]
        assert {parts[:2] for parts in found if parts[0] == "studies"} <= {own}, file


def test_nothing_outside_its_folder_names_a_study() -> None:
    """Not the package, nor what drives it."""
    names = "|".join(registry.names("studies"))
    files = [file for file in PACKAGE.rglob("*") if file.suffix in (".py", ".yaml", ".jinja")]
    files = [file for file in files if file.relative_to(PACKAGE).parts[0] != "studies"]
    files += [ROOT / name for name in ("Snakefile", "Makefile", "dvc.yaml")]
    files += [file for folder in ("workflow", "profiles") for file in (ROOT / folder).rglob("*") if file.is_file()]
    assert len(files) > 100
    for file in files:
        for number, line in enumerate(file.read_text().splitlines(), 1):
            assert not re.search(rf"\b({names})\b", line), f"{file.relative_to(ROOT)}:{number}: {line}"


def test_what_stands_beside_the_package_imports_what_there_is() -> None:
    """Benches are run by hand: nothing else would tell that a module has moved."""
    for file in (ROOT / "bench").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "disentangle":
                assert all(imports.source(file, node, alias) for alias in node.names), (file.name, ast.unparse(node))


@pytest.mark.xdist_group("one")
def test_a_group_of_tests_is_one_to_those_who_share_them_out(request: pytest.FixtureRequest) -> None:
    """What a study's workflow tests share is built by one worker."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        assert request.node.nodeid.endswith("@one")
