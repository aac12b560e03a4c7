"""The one command of a GPU: rows within a time, a fault, both files after each row, and what it needs."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest
import torch

from disentangle.training import device

ROOT = Path(__file__).parent.parent


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "bench"))
    monkeypatch.chdir(ROOT)
    import gpu

    return gpu


def row(gpu: ModuleType, name: str, program: str, until: float = 1.0, **more: object) -> object:
    return gpu.Row(name, [sys.executable, "-c", program], until, **more)


RATES = {"device": "cpu", "memory": None, "versions": {"torch": "2"}, "flop": {"float32": 2e12}, "bytes": 3e9}
STEPS = {"seconds": {"steps": 0.5}, "cells": 1, "execution": "eager", "memory": None}


def plan(gpu: ModuleType) -> object:
    """One study of two kinds of steps, 7,200 and 3,600 of them; the operations of the first are counted."""
    first, second = ("s", "a", "d", "steps"), ("s", "b", "d", "steps")
    part = gpu.work.Work(*first, "float32", 0.25e12, 0.0, 0.0)
    targets = [
        gpu.hours.Target("s", gpu.hours.EVERYTHING, 3, {first: 7200, second: 3600}),
        gpu.hours.Target("s", "s/one", 2, {first: 7200}),
    ]
    return gpu.Plan("demo", targets, {first: part})


def session(gpu: ModuleType, folder: Path, rows: list, seconds: float = 60) -> object:
    return gpu.Session(folder, seconds / 60, "cpu", plan(gpu), rows, time.monotonic())


def told(folder: Path) -> dict:
    return json.loads((folder / "gpu.json").read_text())


def test_each_row_is_written_before_the_next_one_runs(gpu: ModuleType, tmp_path: Path) -> None:
    rows = [
        row(gpu, "rates", f"print('''{json.dumps(RATES)}''')"),
        row(gpu, "read", f"print(open({str(tmp_path / 'gpu.json')!r}).read())"),
    ]
    session(gpu, tmp_path, rows).run()
    before = told(tmp_path)["rows"][1]["found"]
    assert [(part["name"], part["state"]) for part in before["rows"]] == [
        ("rates", "measured"),
        ("read", "not measured"),
    ]
    assert before["about"] == RATES


def test_a_fault_ends_all_and_is_written(gpu: ModuleType, tmp_path: Path) -> None:
    after = tmp_path / "after"
    rows = [
        row(gpu, "well", "print('a line')", read=gpu.lines),
        row(gpu, "ill", "import sys; sys.exit('out of luck')"),
        row(gpu, "never", f"open({str(after)!r}, 'w')"),
    ]
    session(gpu, tmp_path, rows).run()
    found = told(tmp_path)
    assert [part["state"] for part in found["rows"]] == ["measured", "fault", "not measured"]
    assert found["fault"].startswith("ill: exit status 1: out of luck")
    assert not after.exists()
    page = (tmp_path / "gpu.md").read_text()
    assert "A fault ended the run" in page and "out of luck" in page and "a line" in page
    assert "Not measured, as the time or the run had ended: never." in page


def test_output_that_cannot_be_read_is_a_fault(gpu: ModuleType, tmp_path: Path) -> None:
    session(gpu, tmp_path, [row(gpu, "words", "print('no number')")]).run()
    assert told(tmp_path)["fault"].startswith("words: ")


def test_a_row_is_cut_at_its_share_and_the_next_has_its_own(gpu: ModuleType, tmp_path: Path) -> None:
    rows = [
        row(gpu, "long", "import time; time.sleep(600)", 0.1),
        row(gpu, "late", "print(1)", 0.05),
        row(gpu, "kept", "import time; print('begun', flush=True); time.sleep(600)", 0.3, read=gpu.lines, cut=True),
        row(gpu, "short", "print(1)"),
    ]
    began = time.monotonic()
    session(gpu, tmp_path, rows, 40).run()
    assert time.monotonic() - began < 40
    states = {part["name"]: (part["state"], part["found"]) for part in told(tmp_path)["rows"]}
    assert states == {
        "long": ("not measured", None),
        "late": ("not measured", None),
        "kept": ("measured", ["begun"]),
        "short": ("measured", 1),
    }
    assert told(tmp_path)["fault"] is None


@pytest.mark.parametrize(("program", "status"), [("print(1)", 0), ("raise SystemExit(3)", 1)])
def test_the_exit_status_tells_of_a_fault(
    gpu: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, status: int
) -> None:
    monkeypatch.setattr(gpu.Plan, "of", lambda settings: plan(gpu))
    monkeypatch.setattr(gpu, "planned", lambda *given: [row(gpu, "only", program)])
    monkeypatch.setattr(sys, "argv", ["gpu.py", "--device", "cpu", "--minutes", "1", "--out", str(tmp_path)])
    assert gpu.main() == status
    assert {"gpu.json", "gpu.md"} <= {path.name for path in tmp_path.iterdir()}


def test_hours_and_shares_of_a_peak_by_hand(gpu: ModuleType, tmp_path: Path) -> None:
    """0.25e12 operations in 0.5 s are a quarter of 2e12 a second; 7,200 such steps take an hour, half of two hours."""
    rows = [row(gpu, "rates", f"print('''{json.dumps(RATES)}''')")]
    rows += [row(gpu, f"steps {e}", f"print('''{json.dumps(STEPS)}''')", kind=("s", e, "d")) for e in ("a", "b")]
    begun = session(gpu, tmp_path, rows)
    begun.run()
    found = told(tmp_path)
    assert [step["mfu"] for step in found["steps"]] == [0.25, None]
    everything, one = found["hours"]
    assert (everything["low"], everything["high"], everything["measured"]) == (1.5, 1.5, 1)
    assert (one["low"], one["high"]) == (1.0, 1.0)
    # without the second kind, what rests on it is known in part, and without the first, that is as counted
    rows[2].found = None
    everything, one = begun.told()["hours"]
    assert (everything["low"], everything["high"], one["high"]) == (1.0, None, 1.0)
    assert "| s | everything | 3 | at least 1 | some are not |" in gpu.page(begun.told())
    rows[1].found = None
    _, left = begun.told()["hours"]
    assert left["low"] == pytest.approx(7200 / 3600 * 0.25e12 / gpu.hours.H100.flop["float32"])
    assert left["measured"] == 0


def test_a_cpu_is_named_above_the_first_number(gpu: ModuleType, tmp_path: Path) -> None:
    session(gpu, tmp_path, [row(gpu, "rates", f"print('''{json.dumps(RATES)}''')")]).run()
    before = re.split(r"\d", (tmp_path / "gpu.md").read_text())[0]
    assert "# Measured on cpu" in before and "A rehearsal, not on a GPU" in before


@pytest.mark.parametrize(("skipped", "on_gpu", "passed"), [(0, True, 5), (2, False, 3), (2, True, None), (5, False, 0)])
def test_skipped_tests_of_a_gpu_have_not_passed(
    gpu: ModuleType, tmp_path: Path, skipped: int, on_gpu: bool, passed: int | None
) -> None:
    report = tmp_path / "tests.xml"
    report.write_text(f'<testsuites><testsuite tests="5" skipped="{skipped}"/></testsuites>')
    read = gpu.outcomes(report, on_gpu)
    if passed is None:
        with pytest.raises(gpu.FaultError, match="5 tests, 2 of them skipped"):
            read("")
    else:
        assert read("") == {"passed": passed, "skipped": skipped}


def test_every_test_that_is_skipped_without_a_gpu_is_run(gpu: ModuleType) -> None:
    asking = [path for path in (ROOT / "tests").rglob("test_*.py") if "skipif(not torch.cuda" in path.read_text()]
    found = [path.relative_to(ROOT).as_posix() for path in asking if path.name != Path(__file__).name]
    assert found
    assert {*found} <= {*gpu.tested()}


def test_the_page_of_benches_has_every_row(gpu: ModuleType, tmp_path: Path) -> None:
    rows = gpu.planned(tmp_path, "cuda", True, gpu.Plan.of(gpu.hours.at_paper_scale()))
    section = (ROOT / "bench/README.md").read_text().split("\n## On a GPU\n")[1].split("\n## ")[0]
    stated = re.findall(r"^\| `(\w+)` \|", section, re.M)
    assert sorted({row.name.split()[0] for row in rows}) == sorted(stated)
    studies = gpu.load().section("paper")["studies"]
    assert {row.kind[0] for row in rows if row.kind} == {*studies}
    assert rows == sorted(rows, key=lambda row: row.until)
    for row in rows:
        if row.command[1].startswith("bench/"):
            assert (ROOT / row.command[1]).is_file()


def test_a_lack_of_memory_is_known_behind_what_was_made_of_it() -> None:
    def raised(message: str, cause: Exception | None) -> Exception:
        try:
            raise RuntimeError(message) from cause
        except RuntimeError as error:
            return error

    lack = torch.cuda.OutOfMemoryError("out of memory")
    assert device.out_of_memory(raised("--together: too many", raised("capture", lack)))
    assert not device.out_of_memory(raised("--together: too many", ValueError("another")))


PROGRAM = """
import importlib, importlib.abc, importlib.metadata as metadata, re, sys

given = ["torch", "numpy", "pyyaml", "jsonschema", "safetensors", "pillow", "pytest"]
allowed = set()
while given:
    name = re.sub("[-_.]+", "-", given.pop()).lower()
    if name not in allowed:
        try:
            wanted = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue
        allowed.add(name)
        given += [re.match(r"[\\w.-]+", line)[0] for line in wanted if "extra ==" not in line]
of = metadata.packages_distributions()
refused = {
    module for module, owners in of.items()
    if not {re.sub("[-_.]+", "-", owner).lower() for owner in owners} & allowed
} - {"disentangle", "snakemake_logger_plugin_disentangle"}

class Refused(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] in refused:
            raise ModuleNotFoundError(f"refused: {name}", name=name)

for name in [*sys.modules]:
    if name.partition(".")[0] in refused:
        del sys.modules[name]
sys.meta_path.insert(0, Refused())
assert {"snakemake", "dvc", "pandas", "sklearn", "matplotlib", "scipy"} <= refused

sys.path.insert(0, "bench")
import gpu
from pathlib import Path
from disentangle import registry
from disentangle.pipeline.params import Params, load
settings = load()
rows = gpu.planned(Path("nowhere"), "cpu", False, gpu.Plan.of(Params("demo", (), settings.scales)))
for script in {Path(row.command[1]) for row in rows}:
    if script.parent.name == "bench":
        importlib.import_module(script.stem)
for kind in ("families", "methods"):
    for name in registry.names(kind):
        registry.load(kind, name)
for stage in ("sweep", "fetch", "generate", "train"):
    importlib.import_module(f"disentangle.stages.{stage}")
import pytest
sys.exit(pytest.main(["--collect-only", "-q", "-m", "gpu", "-p", "no:cacheprovider", *gpu.tested()]))
"""


def test_it_needs_no_more_than_it_says() -> None:
    """Every other package that is installed here is refused."""
    environment = os.environ | {"PYTHONPATH": "src", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
