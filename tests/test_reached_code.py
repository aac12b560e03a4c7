"""What stages call is what their digests count: tiny sweeps of all studies are traced, what they called is edited."""

import ast
import copy
import dataclasses
import importlib
import inspect
import random
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, NamedTuple

import pytest
import yaml
from conftest import PARAMS, write_raw_data

from disentangle import registry
from disentangle.__main__ import parser
from disentangle.cells import Cell
from disentangle.pipeline import definitions, imports, outputs, params, plan, provenance, spelling
from disentangle.pipeline.definitions import Node
from disentangle.pipeline.study import studies, study_of

HERE = Path(__file__).parent
pytestmark = pytest.mark.xdist_group("reached")  # one worker: the sweeps are traced once


def sweeps() -> Iterator[dict[str, Any]]:
    """Yield the tiny sweeps that tests of the workflow run: of each study one dataset and two methods."""
    yield PARAMS
    for file in sorted(HERE.glob("studies/*/test_*_workflow.py")):
        if (study := file.parent.name) in registry.names("studies"):
            sweep = copy.deepcopy(importlib.import_module(f"studies.{study}.{file.stem}").PARAMS)
            scale = sweep["scales"]["tiny"]
            rendered = next(name for name, of in scale["datasets"].items() if "path" not in of["images"])
            scale["datasets"] = {rendered: scale["datasets"][rendered]}
            section = scale["studies"][study] | {"datasets": [rendered], "seeds": [0]}
            section["methods"] = dict([*section["methods"].items()][:2])
            for method in section["methods"].values():
                method.pop("datasets", None)
                method["lam"] = method["lam"][:1]
            targets = [target for target in sweep["targets"] if "/figures/" not in target]  # of other datasets too
            yield sweep | {"targets": targets, "scales": {"tiny": scale | {"studies": {study: section}}}}


class Ran(NamedTuple):
    """What a stage called of the package."""

    stage: str
    roots: tuple[Path, ...]
    """What its digest starts from."""
    called: frozenset[Node]


class Trace:
    """Runs stages, and notes what they call."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.asked: list[tuple[Path, ...]] = []
        self.ran: list[Ran] = []
        digest = provenance.digest

        def noted(parameters: Any, code: Iterable[Path]) -> str:
            self.asked.append(tuple(code))
            return digest(parameters, self.asked[-1])

        patch.setattr(provenance, "digest", noted)

    def run(self, stage: str, *arguments: str) -> None:
        given = parser().parse_args([stage, *arguments])
        given.settings = params.load()
        if hasattr(given, "lam"):
            given.cell = Cell(given.scale, given.study, given.dataset, given.method, given.lam, given.seed)
        run = importlib.import_module(f"disentangle.stages.{stage}").run
        codes: set[CodeType] = set()
        planning: list[FrameType] = []  # which reads no more than what there is

        def note(frame: FrameType, event: str, of: object) -> Any:
            if frame.f_code.co_filename == plan.__file__:
                planning.append(frame)
                return planned
            if not planning:
                codes.add(frame.f_code)

        def planned(frame: FrameType, event: str, of: object) -> Any:
            if event == "return":
                planning.remove(frame)
            return planned

        self.asked.clear()
        before = sys.gettrace()
        sys.settrace(note)
        try:
            run(given)
        finally:
            sys.settrace(before)
        # The longest: those of a single probe or metric are asked for as well.
        roots = max((roots for roots in self.asked if registry.PACKAGE / f"stages/{stage}.py" in roots), key=len)
        self.ran.append(Ran(stage, roots, frozenset(definition_of(code) for code in codes if is_counted(code))))


def is_counted(code: CodeType) -> bool:
    """Say whether code is of a function of the package that may change a number, not of a module or of a class."""
    file = Path(code.co_filename)
    inside = registry.PACKAGE in file.parents and file not in imports.PLUMBING and file.name != "__main__.py"
    named = code.co_name == "<lambda>" or not code.co_name.startswith("<")
    return inside and named and bool(code.co_flags & inspect.CO_NEWLOCALS)


def definition_of(code: CodeType) -> Node:
    file = Path(code.co_filename)
    for number, node in enumerate(imports.statements(file)):
        first = min(part.lineno for part in [node, *getattr(node, "decorator_list", [])])
        if first <= code.co_firstlineno <= node.end_lineno:
            return file, number
    raise AssertionError(code)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> list[Ran]:
    """Every stage of all cells of a report of each sweep."""
    with pytest.MonkeyPatch.context() as patch:
        trace = Trace(patch)
        for sweep in sweeps():
            folder = tmp_path_factory.mktemp("sweep")
            patch.chdir(folder)
            write_raw_data(folder / "data/raw")
            (folder / "params.yaml").write_text(yaml.safe_dump(sweep, sort_keys=False))
            settings = params.load()
            (study,) = settings.section("tiny")["studies"]
            report = outputs.shown_reports(settings, study)[0]
            cells = outputs.report_cells(settings, report)
            for dataset in {cell.dataset for cell in cells}:
                trace.run("generate", "--scale", "tiny", "--dataset", dataset)
            for cell in cells:
                for stage in ("train", "encode", *study_of(study).evaluated):
                    trace.run(stage, *(f"--{key}={value}" for key, value in dataclasses.asdict(cell).items()))
            trace.run("report", report)
        return trace.ran


@pytest.fixture
def anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget what definitions come to, before and after."""
    monkeypatch.setattr(provenance, "_MEANINGS", {})
    monkeypatch.setattr(provenance, "_code", provenance._code.__wrapped__)


def reached(roots: tuple[Path, ...]) -> set[Node]:
    """Return the definitions that a digest counts."""
    provenance._MEANINGS.clear()
    provenance._code(roots)
    return {
        (file, number)
        for file, place in provenance._MEANINGS
        for number in (range(len(imports.statements(file))) if place is None else [place])
    }


def test_the_sweeps_are_of_every_family_and_stage(ran: list[Ran]) -> None:
    assert {of.stage for of in ran} == {"generate", "train", "encode", "probe", "measure", "report"}
    trained = {root for of in ran for root in of.roots if of.stage == "train"}
    assert {registry.path("families", study.family) for study in studies().values()} <= trained
    assert all(of.called for of in ran)


def test_what_a_stage_calls_is_counted(ran: list[Ran], anew: None) -> None:
    for of in ran:
        missed = {(file.name, definitions_name(file, number)) for file, number in of.called - reached(of.roots)}
        assert not missed, of.stage


def definitions_name(file: Path, number: int) -> str:
    return ast.unparse(imports.statements(file)[number]).splitlines()[0]


def test_what_is_never_called_is_mostly_not_counted(ran: list[Ran], anew: None) -> None:
    """Or the whole of all files would do."""
    for of in ran:
        found = reached(of.roots)
        there = [
            (file, number)
            for file in imports.closure(of.roots)
            for number, node in enumerate(imports.statements(file))
            if isinstance(node, ast.FunctionDef) and file not in of.roots
        ]
        assert len(found & {*there}) < len(there), of.stage


def mutants(node: ast.AST) -> Iterator[None]:
    """Change a definition in one place after another: a statement goes, a constant, an operator or a name is another.

    What no digest counts is left as it is: docstrings, annotations, and how an error is raised.
    """
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns"):
            continue
        for place, part in enumerate(value) if isinstance(value, list) else [(None, value)]:
            other = mutant(part)
            if other is not None:
                put(node, name, place, other)
                yield
                put(node, name, place, part)
            if isinstance(part, ast.AST) and not isinstance(part, ast.Raise) and not imports.is_docstring(part):
                yield from mutants(part)


def put(node: ast.AST, name: str, place: int | None, part: ast.AST) -> None:
    if place is None:
        setattr(node, name, part)
    else:
        getattr(node, name)[place] = part


def mutant(part: object) -> ast.AST | None:
    """Return what is put in a part's place, None where that is left."""
    match part:
        case ast.Pass() | ast.Global() | ast.Nonlocal():
            return None
        case ast.AnnAssign(value=None) | ast.Expr(value=ast.Constant()):
            return None
        case ast.stmt():
            return ast.Pass()
        case ast.Constant(value=value):
            return ast.Constant(f"not {value!r}")
        case ast.Name(ctx=ast.Load()):
            return ast.Name("another", ast.Load())
        case ast.operator():
            return ast.Pow() if isinstance(part, ast.MatMult) else ast.MatMult()
        case ast.cmpop():
            return ast.Lt() if isinstance(part, ast.IsNot) else ast.IsNot()
        case ast.boolop():
            return ast.Or() if isinstance(part, ast.And) else ast.And()
        case ast.unaryop():
            return ast.UAdd() if isinstance(part, ast.Invert) else ast.Invert()
    return None


def test_any_edit_of_what_a_stage_calls_changes_its_digest(
    ran: list[Ran], anew: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng, now = random.Random(0), dict[Node, spelling.Said]()
    monkeypatch.setattr(provenance, "said", lambda node: now.get(node) or spelling.said(node))
    called = {node: of.roots for of in ran for node in of.called}
    assert len(called) > 200
    for (file, number), roots in called.items():
        statement, names = copy.deepcopy(imports.statements(file)[number]), definitions.module(file).names
        before = spelling.said((file, number))
        count = sum(1 for _ in mutants(statement))
        chosen = {*rng.sample(range(count), min(6, count))}
        found = [
            spelling._Reader(file, names).read([statement])
            for place, _ in enumerate(mutants(statement))
            if place in chosen
        ]
        assert count > 0
        assert before.text not in [mutated.text for mutated in found], ast.unparse(statement)
        assert before == spelling._Reader(file, names).read([statement])
        digests = set()
        for now[file, number] in (before, found[0]):
            provenance._MEANINGS.clear()
            digests.add(provenance._code(roots))
        assert len(digests) == 2, (file, number)
        now.clear()
