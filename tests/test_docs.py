"""README and docs/ as a reader takes them: links, paths, commands, parts of params.yaml, and examples that are run."""

import functools
import gzip
import itertools
import json
import re
import shlex
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from conftest import Project, committed_params
from PIL import Image

from disentangle import registry
from disentangle.__main__ import STAGES, parser

ROOT = Path(__file__).parent.parent
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md")), ROOT / "bench/README.md"]
NAMES = [page.relative_to(ROOT).as_posix() for page in PAGES]
FENCE = re.compile(r"^(?:`([\w./]+)`\n\n)?```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MADE = ("data/raw", "data/datasets", "data/runs", "data/resume", "reports")
"""Where the pipeline puts what it makes."""
SHELL = {"mkdir", "pip", "for", "echo", "done", "rm", "export", ".", "git", "sed", "nvidia-cuda-mps-control"}
"""What else stands in blocks of commands."""


def text(name: str) -> str:
    return (ROOT / name).read_text()


def blocks(name: str, language: str) -> list[str]:
    """Return the blocks of a language that are not the content of a file."""
    return [content for file, found, content in FENCE.findall(text(name)) if found == language and not file]


def example_files(name: str) -> dict[str, str]:
    """Return the files that a page spells out, each below its name."""
    return {file: content for file, _, content in FENCE.findall(text(name)) if file}


def spans(name: str) -> list[str]:
    """Return what stands in backticks in a page's prose."""
    return re.findall(r"`([^`]+)`", FENCE.sub("", text(name)))


def commands(name: str) -> Iterator[list[str]]:
    """Yield the words of each command of a page, without environment and placeholders."""
    found = [span for span in spans(name) if re.match(r"(PYTHONPATH=src )?(snakemake|python|make|dvc)( |$)", span)]
    found += [line for block in blocks(name, "sh") for line in block.splitlines()]
    for line in found:
        words = shlex.split(line, comments=True)
        while words and re.match(r"[A-Z_]+=", words[0]):
            words.pop(0)
        if words and not re.search(r"[<…]", line) and not any(name in line for name in absent_studies()):
            yield words


@functools.cache
def absent_studies() -> set[str]:
    """Return the studies without a folder, or that params.yaml does not list: what is said of them is not to be had."""
    listed = [{*scale.get("studies", ())} for scale in yaml.safe_load(committed_params())["scales"].values()]
    there = {*registry.names("studies")}
    return (there | {*itertools.chain(*listed)}) - (there & {*itertools.chain(*listed)})


def slug(heading: str) -> str:
    """Return the anchor of a heading, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def built_here(path: str) -> bool:
    return path.startswith(MADE) and not path.startswith("data/sources")


# Links, paths and commands.


def test_the_readme_is_short_and_nothing_has_a_hole() -> None:
    assert len(text("README.md").splitlines()) <= 110
    for name in NAMES:
        assert not re.findall(r"\b[A-Z]+_MINUTES\b|\bTODO\b|\bTBD\b", text(name)), name
    assert all(f"(docs/{page.name})" in text("README.md") for page in (ROOT / "docs").glob("*.md"))


@pytest.mark.parametrize("name", NAMES)
def test_links_and_pictures_lead_somewhere(name: str) -> None:
    page = ROOT / name
    for link in re.findall(r"\]\(([^)\s]+)\)", FENCE.sub("", page.read_text())):
        if re.match(r"https?://", link):
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        if anchor:
            headings = re.findall(r"^#+ (.+)$", FENCE.sub("", target.read_text()), re.MULTILINE)
            assert anchor in map(slug, headings), link


@pytest.mark.parametrize("name", NAMES)
def test_paths_exist(name: str) -> None:
    tops = {path.name for path in (*ROOT.iterdir(), *registry.PACKAGE.iterdir())} - {"reports"}
    made = [ROOT / file for file in example_files(name)]
    made += [folder for file in made for folder in file.parents]
    paths = [span.rstrip("/") for span in spans(name) if re.fullmatch(r"[\w.-]+(/[\w.*-]+)+/?", span)]
    for path in paths:
        if path.split("/")[0] in tops and not built_here(path):
            there = any([*(folder.glob(path))] for folder in (ROOT, registry.PACKAGE))
            assert there or ROOT / path in made, path


@pytest.mark.parametrize("name", NAMES)
def test_commands_are_valid(name: str) -> None:
    from dvc.cli.parser import get_main_parser
    from snakemake.cli import get_argument_parser

    targets = set(re.findall(r"^([a-z]+):", text("Makefile"), re.MULTILINE))
    for words in commands(name):
        match words:
            case ["make", *given]:
                assert {word for word in given if "=" not in word} <= targets, words
                chosen = [word.removeprefix("STUDY=") for word in given if "=" in word]
                assert {*chosen} <= {*registry.names("studies"), *example_studies()}, words
            case ["python", "-m", "disentangle", *given]:
                _check_stage(given)
            case ["python", "-m", "pytest", *given]:
                assert all((ROOT / word).exists() for word in given if word.startswith("tests/")), words
            case ["python", script, *given]:
                source = text(script)
                assert all(f'"{word}"' in source for word in given if word.startswith("--")), words
            case ["snakemake", *given]:
                found = get_argument_parser().parse_args(given)
                assert found.workflow_profile is None or (ROOT / found.workflow_profile / "config.yaml").exists()
            case ["dvc", *given]:
                get_main_parser().parse_args(given) if given else None
            case [program, *_]:
                assert program in SHELL, words


def _check_stage(given: list[str]) -> None:
    """Parse a stage's arguments as the project does; a report's name must be one."""
    try:
        found = parser().parse_args(given)
    except SystemExit as end:
        assert end.code == 0, given
        return
    assert found.stage in STAGES
    if found.stage in ("sweep", "report"):
        assert found.name in registry.names("reports") or found.name.split("/")[0] in example_studies(), given


def example_studies() -> set[str]:
    """Return the studies that docs/study.md builds."""
    return {file.split("/")[3] for file in example_files("docs/study.md")}


# Parts of params.yaml, and targets, in a reader's project: this one with what the pages say how to add.


def add_examples(project: Project, *names: str) -> None:
    for name in names:
        for file, content in example_files(name).items():
            (project.folder / file).parent.mkdir(parents=True, exist_ok=True)
            (project.folder / file).write_text(content)


@pytest.fixture(scope="module")
def readers(untouched: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = untouched.copy(tmp_path_factory.mktemp("docs") / "readers")
    add_examples(project, "docs/method.md", "docs/study.md")
    (project.folder / "params.yaml").write_text(committed_params())
    project.edit_params("scale", "demo")  # which the pages are about, whichever is selected
    return project


def laid(under: Any, over: Any) -> Any:
    """Return YAML as it is after a reader put ``over`` where its keys are."""
    if isinstance(under, dict) and isinstance(over, dict):
        return under | {key: laid(under.get(key), value) for key, value in over.items()}
    return over


LOAD = "import pathlib, sys; from disentangle.pipeline import params; params.load(pathlib.Path(sys.argv[1]))"
PARTS = [pytest.param(part, id=f"{name}-{k}") for name in NAMES for k, part in enumerate(blocks(name, "yaml"))]


def test_pages_have_parts_of_params() -> None:
    assert len(PARTS) >= 5


@pytest.mark.workflow
@pytest.mark.parametrize("part", PARTS)
def test_parts_of_params_are_accepted(readers: Project, tmp_path: Path, part: str) -> None:
    if any(f"{name}:" in part for name in absent_studies() - example_studies()):
        pytest.skip("it is of a study that is not there")
    whole = laid(yaml.safe_load(committed_params()), yaml.safe_load(part))
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(whole))
    readers.run(sys.executable, "-c", LOAD, str(tmp_path / "params.yaml"))


def targets_of(name: str) -> set[str]:
    """Return what a page says can be built: arguments of Snakemake, and paths of files in ``reports``."""
    found = {word for words in commands(name) for word in words if words[0] == "snakemake" and "reports/" in word}
    return found | {span for span in spans(name) if re.fullmatch(r"reports/[\w/.-]+\.(md|csv|json|svg|html)", span)}


@pytest.mark.workflow
def test_targets_are_accepted(readers: Project) -> None:
    targets = set().union(*map(targets_of, NAMES))
    own = sorted(target for target in targets if not (example_studies() | absent_studies()) & {*target.split("/")})
    assert len(own) > 20
    readers.snakemake("-n", *own)
    readers.snakemake("-n", "--workflow-profile", "profiles/gpu", "reports/table8.md")


# The examples, run.


@pytest.mark.workflow
def test_the_examples_of_plugins_meet_their_contracts(readers: Project) -> None:
    _contracts(
        readers,
        ("registry", "methods", "vae_methods", "metrics"),
        f"({' or '.join(Path(file).stem for file in example_files('docs/method.md'))} or say) and not equal_loops",
        20,
    )


def _contracts(project: Project, tests: tuple[str, ...], chosen: str, least: int) -> None:
    """Run this project's tests of contracts on a copy with more files, as the pages say."""
    folder = project.folder / "tests"
    folder.mkdir(exist_ok=True)
    for name in ("conftest", *(f"test_{name}" for name in tests)):
        shutil.copy(ROOT / f"tests/{name}.py", folder)
    for name in ("pyproject.toml", "Makefile"):
        shutil.copy(ROOT / name, project.folder)
    asked = [f"tests/test_{name}.py" for name in tests]
    said = project.run(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist", *asked, "-k", chosen)
    passed = re.search(r"(\d+) passed", said)
    assert passed and int(passed[1]) >= least, said


@pytest.mark.workflow
def test_the_study_of_the_page_is_built_from_its_text(untouched: Project, tmp_path: Path) -> None:
    project = untouched.copy(tmp_path / "example")
    setup, build = blocks("docs/study.md", "sh")
    project.run("sh", "-ec", setup)
    add_examples(project, "docs/study.md")
    (part,) = blocks("docs/study.md", "yaml")
    (project.folder / "params.yaml").write_text(yaml.safe_dump(laid(project.params, yaml.safe_load(part))))

    assert "reports/doe/index.html" in build
    project.at_once("reports/index.html")
    built = sorted({word for line in build.splitlines() for word in line.split() if word.startswith("reports/")})
    assert len(built) == 3
    assert "Nothing to be done" in project.snakemake("-n", *built)

    reports = project.folder / "reports"
    nats = json.loads((reports / "doe/information.json").read_text())
    assert nats["0"] > 2 * nats["16"] > 0
    markdown = (reports / "doe/information.md").read_text()
    assert re.search(r"^\| β = 16 +\| +2\.1 \| +0\.\d ± \d+\.\d \| +3 \|$", markdown, re.MULTILINE)
    claims = json.loads((reports / "doe/claims.json").read_text())
    assert claims["verdicts"] == {"a_stronger_prior_leaves_less": "supported"}
    page, front = ((reports / name).read_text() for name in ("doe/index.html", "index.html"))
    for shown in ("A stronger prior leaves less information in the codes.", "information.svg", "curves/dsprites"):
        assert shown in page
    assert '<span class="yes">✓ supported</span>' in page
    for shown in ('href="doe/index.html"', "Doe 2030", "<b>1</b> supported", 'src="doe/information.svg"'):
        assert shown in front

    # It is code as any other here.
    own = str(project.folder / "src/disentangle/studies/doe")
    for check in (("check",), ("format", "--check")):
        project.run("ruff", *check, "--no-cache", "--config", str(ROOT / "pyproject.toml"), own)
    _contracts(project, ("registry", "architecture"), "doe or say or each_other or names_a_study", 10)


@pytest.mark.workflow
def test_a_regularizer_gets_its_columns_and_its_claim_as_the_page_says(built: Project, tmp_path: Path) -> None:
    project = built.copy(tmp_path / "regularizer")
    add_examples(project, "docs/regularizer.md")
    file = "src/disentangle/methods/decorrelate.py"
    (project.folder / file).write_text(example_files("docs/method.md")[file])
    (part,) = blocks("docs/regularizer.md", "yaml")
    entry = yaml.safe_load(part)["scales"]["demo"]["studies"]["burns"]["methods"]
    project.edit_params("burns.methods", project.params["scales"]["tiny"]["studies"]["burns"]["methods"] | entry)
    project.edit_params("burns.datasets", ["DC-BC"])  # the claims read all of them
    _, *edits, build = blocks("docs/regularizer.md", "sh")
    for edit in edits:
        project.run("sh", "-ec", edit)
    targets = [word for word in build.split() if word.startswith("reports/")]
    made = project.at_once(*targets)
    assert made == Counter(train=2, encode=2, probe=2, measure=2, report=2)

    table, claims = ((project.folder / target).read_text() for target in targets)
    for strength in ("0.1", "1"):
        assert re.search(rf"\| +decorrelate, λ = {re.escape(strength)} +\|", table)
    assert re.search(r"Decorrelation parts the halves more than the model with λ = 0\. +\|.* undecided +\|", claims)


@pytest.mark.workflow
def test_pictures_of_ones_own_become_datasets_as_the_page_says(untouched: Project, tmp_path: Path) -> None:
    project, raw = untouched.copy(tmp_path / "own"), tmp_path / "own/data/raw"
    digits, labelled, *_ = blocks("docs/own_data.md", "yaml")
    project_params = laid(laid(yaml.safe_load(committed_params()), yaml.safe_load(digits)), yaml.safe_load(labelled))
    (target,) = {word for words in commands("docs/own_data.md") for word in words if word.startswith("reports/dcodr/")}
    chosen = {"scale": "leaves", "targets": [target]}
    (project.folder / "params.yaml").write_text(yaml.safe_dump(project_params | chosen))
    small = {"train_pairs": 80, "test_pairs": 20}
    project.edit_params("scales.demo.datasets.DC-BC", project.params["scales"]["demo"]["datasets"]["DC-BC"] | small)

    # The files that the page is about: digits, pictures in folders of classes, and those that its table lists.
    own = yaml.safe_load(digits)["scales"]["demo"]["datasets"]["DC-BC"]
    for kind in ("images", "labels"):
        (place,) = own["digits"][kind]
        (project.folder / place).parent.mkdir(exist_ok=True)
        (found,) = (raw / "digits").glob(f"{kind}*")
        (project.folder / place).write_bytes(gzip.compress(found.read_bytes()))
    shutil.move(raw / "pictures", project.folder / own["backgrounds"]["path"])
    add_examples(project, "docs/own_data.md")
    table = pd.read_csv(raw / "leaves/labels.csv")
    for place, name in enumerate(table["file"]):
        (raw / "leaves" / name).parent.mkdir(exist_ok=True)
        Image.new("RGB", (70, 66), (30 * place, 100, 50)).save(raw / "leaves" / name)

    project.snakemake("data/datasets/leaves/leaves/manifest.json", "data/datasets/demo/DC-BC/manifest.json")
    project.snakemake("-n", target)
    script = "import disentangle, json; found = [disentangle.dataset('leaves'), disentangle.dataset('DC-BC', 'demo')]; "
    script += "print(json.dumps([[*own.names, len(own), own.uses['train'].tolist()] for own in found]))"
    leaves, pairs = json.loads(project.run(sys.executable, "-c", script))
    training = np.flatnonzero(table["split"] == "train").tolist()
    assert leaves == ["species", "side", "light", len(table), training]
    assert pairs[-2:] == [100, [*range(80)]]


@pytest.mark.workflow
def test_a_metric_scores_codes_as_the_page_says(readers: Project) -> None:
    rng = np.random.default_rng(0)
    codes = rng.normal(size=(400, 2)) * [3, 1]
    np.savez(readers.folder / "x.npz", codes=codes)
    np.savez(readers.folder / "y.npz", shape=np.arange(400) % 3)
    (given,) = (words for words in commands("docs/method.md") if "score" in words and "--metrics" in words)
    readers.stage(*given[given.index("score") :], "--output", "own.json")
    said = json.loads((readers.folder / "own.json").read_text())
    share = codes.var(axis=0).max() / codes.var(axis=0).sum()
    assert said["scores"]["spread"]["share"] == pytest.approx(share, abs=0.02)
