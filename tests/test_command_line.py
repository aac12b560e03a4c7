"""The command line: one message for what is wrong, and what a job is given before it starts."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from conftest import PARAMS, ROOT

from disentangle import __main__ as command

SOURCE = Path(__file__).parent.parent / "src"
CELL = ["--scale", "tiny", "--study", "burns", "--dataset", "DC-BC", "--method", "ortho", "--lam", "0.1", "--seed", "0"]


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(PARAMS, sort_keys=False))
    monkeypatch.chdir(tmp_path)
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        monkeypatch.setenv(name, "1")  # to be set back after a stage set it
    monkeypatch.delenv("CHECKPOINT_EVERY", raising=False)


def cell(**changed: str) -> list[str]:
    options = dict(zip(CELL[::2], CELL[1::2], strict=True)) | {f"--{key}": value for key, value in changed.items()}
    return [part for pair in options.items() for part in pair]


@pytest.mark.parametrize("stage", ["train", "encode", "probe"])
@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"scale": "tinny"}, "no scale 'tinny': did you mean 'tiny'? Known: tiny."),
        ({"method": "orto"}, "scales.tiny.studies.burns.methods: no method 'orto': did you mean 'ortho'?"),
        ({"lam": "-1"}, "lam: found -1.0; allowed: >= 0, <= 1000000."),
        ({"lam": "nan"}, "lam: found nan; allowed: >= 0, <= 1000000."),
        ({"method": "infomax"}, "lam: found 0.1; allowed: 0, as method 'infomax' has no regularizer."),
        ({"seed": "-1"}, "seed: found -1; allowed: >= 0, <= 4294967295."),
    ],
)
def test_a_cell_that_cannot_be_is_refused_by_every_stage(
    capsys: pytest.CaptureFixture[str], stage: str, changed: dict[str, str], message: str
) -> None:
    assert command.main([stage, *cell(**changed)]) == 1
    found = capsys.readouterr()
    assert found.out == ""
    assert found.err.startswith(f"error: {message}")
    assert found.err.count("\n") == 1


def test_a_stage_whose_input_is_not_there_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    for stage in ("train", "probe"):
        assert command.main([stage, *CELL]) == 1
        assert capsys.readouterr().err == (
            "error: data/datasets/tiny/DC-BC/manifest.json: not there. Run `generate` first.\n"
        )


@pytest.mark.parametrize(
    ("threads", "reason"), [("0", "found 0; allowed: an integer from 1 to 100000"), ("-2", "found -2")]
)
def test_a_job_has_a_thread(capsys: pytest.CaptureFixture[str], threads: str, reason: str) -> None:
    with pytest.raises(SystemExit, match="2"):
        command.parser().parse_args(["train", *CELL, f"--threads={threads}"])
    assert f"argument --threads: {reason}" in capsys.readouterr().err
    assert command.parser().parse_args(["train", *CELL]).threads == 1


def test_how_often_a_run_is_saved(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def every(*given: str) -> float:
        return float(command.parser().parse_args(["train", *CELL, *given]).checkpoint_every)

    assert every() == 20
    monkeypatch.setenv("CHECKPOINT_EVERY", "0.5")
    assert every() == 0.5
    assert every("--checkpoint-every", "3") == 3
    monkeypatch.setenv("CHECKPOINT_EVERY", "often")
    command.parser().parse_args(["show"])
    with pytest.raises(SystemExit, match="2"):
        every()
    assert "argument --checkpoint-every: found often; allowed: a number from 0 to 100000" in capsys.readouterr().err


WATCH = """
import os, sys
from importlib.abc import MetaPathFinder


class Watch(MetaPathFinder):
    def find_spec(self, name, *_):
        if name in ("numpy", "torch", "sklearn"):
            print(name, os.environ["OMP_NUM_THREADS"], os.environ["OPENBLAS_NUM_THREADS"])


sys.meta_path.insert(0, Watch())
from disentangle.__main__ import main
main(sys.argv[1:])
"""


def test_threads_are_set_before_anything_that_computes_is_imported() -> None:
    given = ["probe", *CELL, "--threads", "3", "--digest", "of another day"]
    environment = os.environ | {"PYTHONPATH": str(SOURCE)}
    done = subprocess.run(
        [sys.executable, "-c", WATCH, *given], env=environment, capture_output=True, text=True, check=False
    )
    lines = dict(re.findall(r"^(numpy|torch|sklearn) (.*)$", done.stdout, re.M))
    assert lines["numpy"] == "3 3"
    assert set(lines.values()) == {"3 3"}
    assert done.stderr.startswith("error: params.yaml or the code changed while the pipeline was running")


@pytest.mark.parametrize(
    ("modules", "absent"),
    [
        ("stages.probe evaluation.probes.logistic", "torch sklearn pandas matplotlib scipy.optimize scipy.stats"),
        ("stages.measure evaluation.metrics.half_similarity", "torch sklearn pandas matplotlib scipy"),
        ("stages.score", "torch sklearn pandas matplotlib scipy lightgbm"),
        (
            "stages.score evaluation.metrics.dci evaluation.metrics.downstream_gbt evaluation.metrics.downstream_lr",
            "torch matplotlib",
        ),
        (
            "stages.score evaluation.metrics.downstream_lr",
            "torch sklearn pandas matplotlib scipy.optimize scipy.stats lightgbm",
        ),
        ("stages.generate", "torch sklearn pandas matplotlib scipy"),
        ("stages.encode", "sklearn pandas matplotlib scipy"),
        ("stages.train", "sklearn pandas matplotlib scipy"),
        (
            "stages.report studies.burns.reports.table3 studies.burns.reports.claims",
            "torch sklearn matplotlib scipy.stats",
        ),
        ("stages.figure studies.burns.figures.losses", "torch sklearn scipy"),
    ],
)
def test_a_job_imports_only_what_it_uses(modules: str, absent: str) -> None:
    """Each of hundreds of jobs is a process of its own, and an import of these takes up to a second."""
    code = f"import importlib, sys; [importlib.import_module('disentangle.' + m) for m in {modules.split()}]"
    environment = os.environ | {"PYTHONPATH": str(SOURCE)}
    command = [sys.executable, "-c", code + "; print(*sys.modules)"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    imported = set(done.stdout.split())
    assert {f"disentangle.{module}" for module in modules.split()} <= imported
    assert not set(absent.split()) & imported


def test_a_reader_that_has_had_enough_gets_no_traceback() -> None:
    command = f"{sys.executable} -m disentangle params | head -1"
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (len(done.stdout.splitlines()), done.stderr) == (1, "")


def test_an_interrupt_is_one_message(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("disentangle.stages.fetch.run", interrupted)
    assert command.main(["fetch", "data/raw/x"]) == 130
    assert capsys.readouterr().err == "error: interrupted; what is done is kept. Run the same command again.\n"
