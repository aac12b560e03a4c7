"""What is said of scoring, executed: the Python of pages, the example, those of functions, the table of metrics."""

import doctest
import importlib
import inspect
import re
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from disentangle import metrics
from disentangle.__main__ import main
from disentangle.data.grid import told_values
from disentangle.pipeline.measured import metrics_of
from disentangle.scoring.reading import read_factors

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs/scoring.md").read_text()


def pythons(text: str) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", ["README.md", "docs/scoring.md"])
def test_the_python_of_a_page_runs(
    page: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    blocks, names = pythons((ROOT / page).read_text()), dict[str, Any]()
    for block in blocks:
        exec(block, names)
    assert blocks and "disentangle" in blocks[0]
    if "sizes" in names:  # what is written are the factors of a grid
        factors = np.stack([*read_factors(Path("y.npz")).values()], axis=1)
        assert np.array_equal(factors, told_values(np.arange(len(factors)), names["sizes"], ()))


def test_the_readme_prints_scores_in_a_few_lines(capsys: pytest.CaptureFixture[str]) -> None:
    (block,) = pythons((ROOT / "README.md").read_text())
    exec(block, {})
    assert re.search(r"^ *mig +mig +0\.\d{4} +0\.\d{4} +1\.0000$", capsys.readouterr().out, re.MULTILINE)
    assert len(block.splitlines()) <= 4


def test_the_example_shows_what_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    found = runpy.run_path(str(ROOT / "docs/scoring_example.py"))
    plain, rotated = (found["results"][name] for name in ("plain", "rotated"))
    assert plain["mig"]["mig"] > 5 * rotated["mig"]["mig"]
    assert plain["dci"]["disentanglement"] > 2 * rotated["dci"]["disentanglement"]
    r2 = plain["identifiability"]["r2_linear"]
    assert r2 > 0.9 and rotated["identifiability"]["r2_linear"] == pytest.approx(r2, abs=1e-6)
    assert "Without angle (continuous)" in capsys.readouterr().out


@pytest.mark.parametrize("name", metrics_of("codes"))
def test_each_metric_has_a_row_in_the_table(name: str) -> None:
    rows = re.findall(r"^\| (`.*?) \|", PAGE, re.MULTILINE)
    of_it = sum(f"`{name}`" in row.split(", ") for row in rows)
    if not of_it:
        pytest.skip("docs/scoring.md does not tell of it")
    assert of_it == 1


@pytest.mark.parametrize("name", metrics_of("codes"))
def test_each_metric_has_an_example_that_is_true(name: str) -> None:
    examples = run_examples(getattr(metrics, name), {name: getattr(metrics, name)})
    if not examples:
        pytest.skip("its docstring has no example")
    words = {word for example in examples for word in re.findall(r"\w+", example.source)}
    assert words & {*metrics_of("codes")}


def test_the_example_of_score_is_true() -> None:
    module = importlib.import_module("disentangle.scoring.score")
    assert len(run_examples(module.score, {"score": module.score})) > 3


def run_examples(of: Any, names: dict[str, Any]) -> list[doctest.Example]:
    (test,) = doctest.DocTestFinder(recurse=False).find(of, of.__name__, globs=names, module=False)
    said: list[str] = []
    failed, _ = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS).run(
        test, out=said.append
    )
    assert not failed, "".join(said)
    return test.examples


def test_the_options_of_the_page_are_those_of_score() -> None:
    from disentangle import score

    known = inspect.signature(score).parameters
    named = set(re.findall(r"`(\w+)=", PAGE))
    assert named <= {*known} and {"chance", "ceiling", "repeats", "grid", "continuous", "discrete"} <= named


def test_the_page_names_all_options_of_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="^0$"):
        main(["score", "--help"])
    known = {*re.findall(r"--[a-z][a-z-]*", capsys.readouterr().out)}
    named = {*re.findall(r"--[a-z][a-z-]*", PAGE)}
    assert named <= known
    assert known - named <= {"--help", "--seed", "--threads", "--ceiling"}
