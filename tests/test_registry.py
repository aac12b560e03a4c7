"""Plugins: what is read from their source is what they are, and asking for it imports nothing heavy."""

import dataclasses
import os
import re
import shutil
import subprocess
import sys
import typing
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from conftest import committed_params, forget

from disentangle import registry
from disentangle.errors import InputError
from disentangle.losses.phased import Phased
from disentangle.pipeline import outputs, params, provenance
from disentangle.pipeline.needs import needs
from disentangle.pipeline.study import module_of, studies, study_of
from disentangle.registry import Option

ROOT = Path(__file__).parent.parent
PLUGINS = [(kind, name) for kind in registry.CLASSES for name in registry.names(kind)]
EXAMPLES: dict[str, Any] = {"int": 3, "float": 0.5, "bool": True, "str": "x", "list of str": ["DC", "BC"]}
"""A value for each type of option; of a list, one that every plugin takes."""


def module(kind: str, name: str) -> ModuleType:
    return registry.load(kind, name)


def test_a_files_name_is_its_registration() -> None:
    assert registry.names("methods") == tuple(
        sorted(file.stem for file in (ROOT / "src/disentangle/methods").glob("*.py") if file.stem != "__init__")
    )
    assert {*registry.names("studies")} == {file.parent.name for file in registry.PACKAGE.glob("studies/*/study.py")}
    assert registry.path("methods", "ortho") == ROOT / "src/disentangle/methods/ortho.py"
    with pytest.raises(InputError, match=r"^unknown method 'otrho': did you mean 'ortho'\? Known: "):
        registry.path("methods", "otrho")
    with pytest.raises(InputError, match=r"^unknown method '__init__'"):
        registry.path("methods", "__init__")


@pytest.mark.parametrize(("kind", "name"), PLUGINS)
def test_options_read_from_the_source_are_those_of_the_class(kind: str, name: str) -> None:
    cls = getattr(module(kind, name), registry.CLASSES[kind])
    fields, types = dataclasses.fields(cls), typing.get_type_hints(cls)
    annotated = typing.get_type_hints(cls, include_extras=True)
    options = registry.options(kind, name)
    assert list(options) == [field.name for field in fields]
    for field in fields:
        option, hint = options[field.name], types[field.name]
        assert option.required == (field.default is dataclasses.MISSING)
        assert option.range == "".join(getattr(annotated[field.name], "__metadata__", ()))
        if not option.required:
            assert option.default == field.default
            assert type(option.default) is type(field.default)
            option.check(field.name, option.default)
        if typing.get_origin(hint) is typing.Literal:
            assert (option.type, option.choices) == ("Literal", typing.get_args(hint))
        else:
            element = "".join(f" of {argument.__name__}" for argument in typing.get_args(hint))
            assert (option.type, option.choices) == ((typing.get_origin(hint) or hint).__name__ + element, ())


@pytest.mark.parametrize(("kind", "name"), PLUGINS)
def test_a_plugin_is_one_frozen_dataclass_built_from_its_options(kind: str, name: str) -> None:
    cls = getattr(module(kind, name), registry.CLASSES[kind])
    given = {
        key: option.choices[0] if option.choices else EXAMPLES[option.type]
        for key, option in registry.options(kind, name).items()
        if option.required
    }
    options = registry.check_options(kind, name, given, "test")
    built = registry.build(kind, name, options)
    assert type(built) is cls
    assert dataclasses.asdict(built) == options
    assert built == cls(**options)
    for field in options:
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(built, field, None)


@pytest.mark.parametrize(
    ("kind", "constants"),
    {
        "sources": ("STAND_IN", "CREDITS", "ARCHIVES"),
        "reports": ("NEEDS",),
        "figures": ("NEEDS",),
        "methods": ("REGULARIZED", "FAMILY", "USES"),
        "encoders": ("ARCHIVES",),
        "distances": ("ABOUT", "ARCHIVES"),
        "families": ("DATA", "OPTIONAL", "STACKED", "COMPILED"),
        "studies": ("PAPER", "TITLE", "LEAD", "ASKED", "EASY", "HARD", "FAMILY", "CODES", "EVALUATED"),
        "datasets": ("ROLES", "DATA"),
    }.items(),
)
def test_constants_read_from_the_source_are_those_of_the_module(kind: str, constants: tuple[str, ...]) -> None:
    for name in registry.names(kind):
        for constant in constants:
            assert registry.constant(kind, name, constant) == getattr(module(kind, name), constant)
    with pytest.raises(InputError, match=r"\.py: defines no constant NONE\.$"):
        registry.constant(kind, registry.names(kind)[0], "NONE")


def test_methods_say_which_optional_keys_they_use() -> None:
    """Of a family's OPTIONAL keys; what a method does not name is not in its cells' digests."""
    for name in registry.names("methods"):
        family, uses = (registry.constant("methods", name, key) for key in ("FAMILY", "USES"))
        assert set(uses) <= set(registry.constant("families", family, "OPTIONAL")), name
        objective = registry.build("methods", name, registry.check_options("methods", name, {}, name))
        if isinstance(objective, Phased):  # whose networks tell: the tests of its family
            continue
        needs = {"projection"} if getattr(objective, "heads", 0) else set()
        needs |= {"training.discriminator"} if getattr(objective, "adversarial", False) else set()
        assert set(uses) == needs, name


def test_reports_say_whether_they_draw_and_test_claims() -> None:
    """Snakemake must know the files that a report makes, and what they depend on, before it is imported."""
    for name in registry.names("reports"):
        assert outputs.draws(name) == hasattr(module("reports", name).Report, "draw"), name
        asks = registry.PACKAGE / "reporting/claim_tests.py" in provenance.closure([registry.path("reports", name)])
        assert bool(needs("reports", name).get("claims")) == asks, name


FUNCTIONS = {"reports": ("table", "summary", "render"), "figures": ("table", "draw", "text")}


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind in FUNCTIONS for name in registry.names(kind)])
def test_reports_and_figures_have_the_functions_that_are_asked_of_them(kind: str, name: str) -> None:
    assert needs(kind, name) == registry.constant(kind, name, "NEEDS")
    for function in FUNCTIONS[kind]:
        assert callable(getattr(registry.build(kind, name, {}), function, None)), function


@pytest.mark.parametrize("name", registry.names("claims"))
def test_a_file_of_claims_lists_functions(name: str) -> None:
    tests = module("claims", name).CLAIMS
    assert tests and all(map(callable, tests))


@pytest.mark.parametrize("study", registry.names("studies"))
def test_a_study_is_what_its_folder_says(study: str) -> None:
    known = study_of(study)
    assert known.family in registry.names("families")
    assert (known.home / "schema.yaml").exists()
    assert callable(module_of(study).results)
    assert not registry.of_study("figures", study) or callable(module_of(study).subject)
    names = {name.split("/")[1] for kind in ("reports", "figures") for name in registry.of_study(kind, study)}
    assert not known.picture or known.picture in names
    assert f"{study}/{known.picture}" not in registry.names("reports") or outputs.draws(f"{study}/{known.picture}")
    _, schema = params.schema()["$defs"]["studies"]["properties"][study]["allOf"]
    assert {*known.not_training} <= {*schema["properties"]}


WRONG_STUDIES = {
    "no constant": ("study.py", "PAPER", "PAPERS", r"study\.py: defines no constant PAPER\.$"),
    "a computed constant": (
        "study.py",
        'FAMILY = "vae"',
        'FAMILY = "v" + "ae"',
        r"study\.py: FAMILY must be written out",
    ),
    "no family": (
        "study.py",
        'FAMILY = "vae"',
        'FAMILY = "vea"',
        r"study\.py: FAMILY: found 'vea': did you mean 'vae'\?",
    ),
    "no stage": ("study.py", '"measure"', '"mesure"', r"EVALUATED: found 'mesure': did you mean 'measure'\? Known: "),
    "a text for stages": (
        "study.py",
        '("measure",)',
        '("measure")',
        r"EVALUATED: found 'measure'; allowed: a tuple of na",
    ),
    "a number for words": ("study.py", 'PAPER = "x"', "PAPER = 3", r"study\.py: PAPER: found 3; allowed: text\.$"),
    "a text for keys": (
        "study.py",
        "FAMILY",
        'NOT_TRAINING = "seeds"\nFAMILY',
        r"study\.py: NOT_TRAINING: found 'seeds'; allowed: a tuple of names, such as \('a',\)\.$",
    ),
    "a key that the schema lacks": (
        "study.py",
        "FAMILY",
        'NOT_TRAINING = ("sedes",)\nFAMILY',
        r"study\.py: NOT_TRAINING: found 'sedes': did you mean 'seeds'\?",
    ),
    "no such picture": (
        "study.py",
        "FAMILY",
        'PICTURE = "fig"\nFAMILY',
        r"PICTURE: found 'fig': did you mean 'fig1'\?",
    ),
    "a folder that is none": (
        "study.py",
        "FAMILY",
        'REPORTS = "../x"\nFAMILY',
        r"REPORTS: found '\.\./x'; allowed: a na",
    ),
    "the folder of another": (
        "study.py",
        "FAMILY",
        'REPORTS = "other"\nFAMILY',
        r"'toy' and of 'other' lie in reports/other",
    ),
    "no Python": ("study.py", "FAMILY", "def", r"study\.py: not valid Python: "),
    "no YAML": ("schema.yaml", "type: object", "type: [", r"schema\.yaml: not valid YAML: "),
    "no schema": ("schema.yaml", "object", "thing", r"schema\.yaml: no JSON schema: type: 'thing' is not valid"),
    "an unknown reference": (
        "schema.yaml",
        "/seeds",
        "/seds",
        r"\$ref: found '#/\$defs/seds': did you mean '#/\$defs/seeds'",
    ),
    "a name that is none": ("", "toy", "to-y", r"studies/to-y/study\.py: a study's name is of letters, digits and _"),
    "a name that is taken": ("", "toy", "figures", r"studies/figures: this name is taken"),
}


@pytest.mark.parametrize("name", registry.names("studies"))
def test_what_a_study_says_in_words_has_no_number(name: str) -> None:
    """Numbers of a page are computed."""
    found = study_of(name)
    for words in (found.asked, found.easy, found.hard):
        assert not re.search(r"\b\d", words), words


@pytest.mark.parametrize(("file", "old", "new", "said"), WRONG_STUDIES.values(), ids=WRONG_STUDIES)
def test_a_wrong_study_gets_one_message_that_names_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, old: str, new: str, said: str
) -> None:
    words = "\n".join(f'{key} = "x"' for key in ("PAPER", "TITLE", "LEAD", "ASKED", "EASY", "HARD", "CODES"))
    for study in ("toy", "other"):
        folder = tmp_path / "studies" / study
        folder.mkdir(parents=True)
        (folder / "study.py").write_text(f'{words}\nFAMILY = "vae"\nEVALUATED = ("measure",)\n')
        (folder / "schema.yaml").write_text('type: object\nproperties: {seeds: {$ref: "#/$defs/seeds"}}\n')
        (folder / "figures").mkdir()
        (folder / "figures/fig1.py").touch()
    shutil.copytree(registry.PACKAGE / "training/families", tmp_path / "training/families")
    monkeypatch.setattr(registry, "PACKAGE", tmp_path)
    forget(registry, studies)
    try:
        assert set(params.schema()["$defs"]["studies"]["properties"]) == {"toy", "other"}
        if file:
            text = (tmp_path / "studies/toy" / file).read_text()
            assert old in text
            (tmp_path / "studies/toy" / file).write_text(text.replace(old, new, 1))
        else:
            (tmp_path / "studies" / old).rename(tmp_path / "studies" / new)
        forget(registry, studies)
        with pytest.raises(InputError, match=said) as caught:
            params.schema()
        assert "\n" not in str(caught.value)
    finally:
        monkeypatch.undo()
        forget(registry, studies)


def test_a_file_that_is_no_python_gets_one_message(tmp_path: Path) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("def f(:\n")
    with pytest.raises(InputError, match=r"broken\.py: not valid Python: "):
        registry.tree(broken)


def test_plugins_are_at_most_150_lines() -> None:
    for kind, name in PLUGINS:
        assert len(registry.path(kind, name).read_text().splitlines()) <= 150, (kind, name)


@pytest.mark.parametrize(
    ("option", "right", "wrong"),
    [
        (Option("int"), [3, 0, -1], [3.0, True, "three", None]),
        (Option("float"), [3.5, 3], [True, "nan", None, [1.0]]),
        (Option("bool"), [True, False], [1, 0, "yes", None]),
        (Option("str"), ["", "x"], [1, None, ["x"]]),
        (Option("list of str"), [[], ["x"]], ["x", [1], [["x"]], None, {}]),
        (Option("Literal", (2, 1)), [2, 1], [3, 1.0, True, "2", None, [2]]),
        (Option("Literal", (True, False)), [True, False], [1, 0]),
        (Option("Literal", ("a", "b")), ["a", "b"], ["c", "", None, ["a"]]),
    ],
)
def test_an_option_takes_values_of_its_own_type_alone(option: Option, right: list[Any], wrong: list[Any]) -> None:
    for value in right:
        option.check("here", value)
    for value in wrong:
        with pytest.raises(InputError) as caught:
            option.check("here", value)
        allowed = ", ".join(map(repr, option.choices)) if option.choices else f"a value of type {option.type}"
        assert str(caught.value) == f"here: found {value!r}; allowed: {allowed}."


RANGES = [
    (Option("int", range=">= 1, < 1e3"), [1, 999], [0, 1000, -5, 10**900]),
    (Option("float", range="> 0, <= 1"), [1, 0.5, 1e-300], [0, -0.0, 1.1, float("nan"), float("inf")]),
    (Option("list of int", range=">= 0, <= 9, len <= 3"), [[], [0, 0, 9]], [[0, 10], [-1], [1, 1, 1, 1]]),
    (Option("list of str", range="len >= 1, len <= 2, distinct"), [["a"], ["a", "b"]], [[], ["a", "a"]]),
]


@pytest.mark.parametrize(("option", "right", "wrong"), RANGES)
def test_an_option_takes_values_of_its_range_alone(option: Option, right: list[Any], wrong: list[Any]) -> None:
    for value in right:
        option.check("here", value)
    for value in wrong:
        with pytest.raises(InputError) as caught:
            option.check("here", value)
        assert str(caught.value) == f"here: found {value!r}; allowed: {option.range}."


@pytest.mark.parametrize(("kind", "name"), PLUGINS)
def test_every_number_of_a_plugin_has_a_range(kind: str, name: str) -> None:
    for key, option in registry.options(kind, name).items():
        *_, element = option.type.split()
        for value in (10**30, -(10**30)) if element in ("int", "float") else ():
            with pytest.raises(InputError, match=rf"^{key}: found .*; allowed: {option.range}\.$"):
                option.check(key, [value] if option.type.startswith("list") else value)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("float = 1.0", "found no range; needed: one with two ends, as in '> 0, <= 10'"),
        ('Annotated[int, ">= 1"] = 1', "found the range '>= 1'; needed: one with two ends"),
        ('Annotated[int, "<= 1"] = 1', "found the range '<= 1'; needed: one with two ends"),
        ('Annotated[int, "1 to 3"] = 1', "found the range '1 to 3'; needed: one with two ends"),
        ('Annotated[list[int], ">= 1, <= 3"] = (1,)', "found the range '>= 1, <= 3'; needed: one with two ends"),
        ("list[str] = ()", "found no range; needed: one with two ends"),
        ("complex = 1", "found the type complex; allowed: int, float, bool, str, list[...] or Literal[...]."),
        ("list[list] = ()", "found no range; needed"),
    ],
)
def test_an_option_without_a_range_gets_one_message_that_names_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str, said: str
) -> None:
    file = tmp_path / "probes" / "mine.py"
    file.parent.mkdir()
    file.write_text(f"class Probe:\n    share: {written}\n")
    monkeypatch.setattr(registry, "path", lambda *_: file)
    with pytest.raises(InputError) as caught:
        registry.options.__wrapped__("probes", "mine")
    assert str(caught.value).startswith(f"{file}: share: {said}")


@pytest.mark.parametrize(("kind", "name", "key", "whole"), [("probes", "logistic", "C", 1)])
def test_a_whole_number_for_a_fraction_is_the_same_number(kind: str, name: str, key: str, whole: int) -> None:
    one, other = (registry.check_options(kind, name, {key: value}, "here") for value in (whole, float(whole)))
    assert repr(one) == repr(other)
    assert type(one[key]) is float
    # and an integer stays one
    assert type(one["max_iterations"]) is int


ASK = """
import sys
from disentangle.pipeline import outputs, params, plan
settings = params.load()
for scale, section in settings.scales.items():
    for dataset in section["datasets"]:
        plan.official_files(settings, scale, dataset)
        plan.generate(settings, scale, dataset)
cells = [cell for study in outputs.shown_studies(settings) for cell in outputs.all_report_cells(settings, study)[:20]]
for cell in cells:
    plan.train(settings, cell), plan.encode(settings, cell), plan.probe(settings, cell), plan.measure(settings, cell)
for study in outputs.shown_studies(settings):
    for report in outputs.shown_reports(settings, study):
        plan.report(settings, report)
    plan.page(settings, study)
for figure in outputs.all_figures(settings):
    plan.figure(settings, *figure)
plan.front(settings)
print(len(cells), *sorted({name.split(".")[0] for name in sys.modules}))
"""


def python(code: str, *, cwd: Path = ROOT) -> list[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run([sys.executable, "-c", code], cwd=cwd, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_planning_imports_no_heavy_package(tmp_path: Path) -> None:
    """A dry run, which asks for all of this, starts in a moment."""
    (tmp_path / "params.yaml").write_text(committed_params())
    cells, *imported = python(ASK, cwd=tmp_path)
    assert int(cells) > 0
    heavy = {"torch", "torchvision", "sklearn", "scipy", "pandas", "skimage", "mlxtend", "matplotlib", "snakemake"}
    assert not heavy & set(imported)


def test_help_imports_no_package_at_all() -> None:
    code = (
        "import sys\nfrom disentangle.__main__ import parser\nparser().format_help()\n"
        "print(*sorted({name.split('.')[0] for name in sys.modules}))"
    )
    assert not {"torch", "numpy", "yaml", "jsonschema", "pandas", "sklearn"} & set(python(code))
