"""Everything that a GPU is to show, in one command: tests, rates, seconds of steps, peers, trainings, hours.

Run as `PYTHONPATH=src python bench/gpu.py --minutes 9`, on a machine with torch 2.11 or later, numpy, pyyaml,
jsonschema, safetensors, pillow and pytest; `--device cpu` rehearses it at scale `demo`. Each row is a command in a
process of its own, and after each `gpu.json` and `gpu.md` are written anew. A row that no longer fits into the time is
named as not measured. A fault, which is a command that fails, ends all; the exit status is then 1.
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import hours
import torch
import work
from gpu_page import page
from hours import Kind, Range, Rates

from disentangle import files, registry
from disentangle.pipeline.params import Params, load
from disentangle.pipeline.study import study_of

ROOT = Path(__file__).resolve().parent.parent
TOLD = 2000
"""Characters of what a command printed, at most, that are kept of a fault."""
TRAINED = "locatello/claims"
"""The report of which cells are trained at scale `demo`: it renders its images, so that nothing is fetched."""

PEERS = {
    True: {
        "throughput": "--scale paper --steps 100 --stems stride2 imagenet",
        "stacked": "--cells 300 --turn 20 --peers 2 --precision tf32",
        "together": "--cells 8 --rows 20",
        "step": "--scale paper --dataset-size 8192 --steps 240 --workers 16 --seeds 1",
    },
    False: {
        "throughput": "--scale demo --steps 5 --stems stride2",
        "stacked": "--size 32 --cells 2 --turns 2",
        "together": "--cells 2 --rows 1",
        "step": "--dataset-size 2048 --steps 15 --turn 5 --seeds 1",
    },
}
"""Benches against peers and their options, on a GPU and where that is rehearsed."""


@dataclass
class Row:
    """A command, and what came of it."""

    name: str
    command: list[str]
    until: float
    """The share of all time after which it is stopped, so that others have theirs."""
    read: Callable[[str], Any] = json.loads
    """What makes of the command's output what is kept."""
    folder: Path = ROOT
    cut: bool = False
    """Whether it is measured even where time ends it, as it keeps what it has done."""
    state: str = "not measured"
    """Or ``measured``, or ``fault``."""
    seconds: float = 0.0
    found: Any = None
    kind: tuple[str, str, str] | None = None
    """Study, entry and dataset of the steps that it times."""

    def told(self) -> dict[str, Any]:
        """Return it as the JSON has it."""
        command = " ".join(["python", *self.command[1:]]).replace(f"{ROOT}/", "")
        return {
            "name": self.name,
            "state": self.state,
            "command": command,
            "seconds": self.seconds,
            "found": self.found,
        }


@dataclass(frozen=True)
class Plan:
    """What hours are of: targets at a scale, and what was counted of their steps, which is of `paper` alone."""

    scale: str
    targets: list[hours.Target]
    counts: dict[Kind, work.Work]

    @classmethod
    def of(cls, settings: Params) -> "Plan":
        """Return what there is at the scale that is built."""
        works = work.counted() if settings.scale == "paper" else []
        return cls(settings.scale, [*hours.targets(settings)], {hours.kind(part): part for part in works})


@dataclass
class Session:
    """What is measured, and where it is written."""

    folder: Path
    minutes: float
    device: str
    plan: Plan
    rows: list[Row]
    began: float
    """Of the monotonic clock."""
    fault: str | None = None

    def run(self) -> None:
        """Run row after row until a fault or the end of the time."""
        self.write()
        for row in self.rows:
            if self._left(row) > 0 and not self.fault:
                self._run(row)
                self.write()

    def _left(self, row: Row) -> float:
        return row.until * self.minutes * 60 - (time.monotonic() - self.began)

    def _run(self, row: Row) -> None:
        began, environment = time.monotonic(), {**os.environ, "PYTHONPATH": str(ROOT / "src")}
        print(f"{row.name} ...", flush=True)
        row.folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory() as temporary:
            output, errors = Path(temporary, "output"), Path(temporary, "errors")
            with open(output, "w") as out, open(errors, "w") as err:
                process = subprocess.Popen(
                    row.command, cwd=row.folder, env=environment, stdout=out, stderr=err, start_new_session=True
                )
                try:
                    status = process.wait(self._left(row))
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()
                    status = 0 if row.cut else None
            row.seconds = time.monotonic() - began
            try:
                if status == 0:
                    row.found, row.state = row.read(output.read_text()), "measured"
                elif status is not None:
                    row.state = "fault"
                    self.fault = (
                        f"{row.name}: exit status {status}: {(output.read_text() + errors.read_text())[-TOLD:]}"
                    )
            except (ValueError, KeyError, OSError, ET.ParseError, FaultError) as error:
                row.state, self.fault = "fault", f"{row.name}: {error}"
        print(f"  {row.state}, {row.seconds:.0f} s", flush=True)

    def write(self) -> None:
        """Write both files."""
        files.write_json(self.folder / "gpu.json", self.told())
        files.write_text(self.folder / "gpu.md", page(self.told()))

    def told(self) -> dict[str, Any]:
        """Return everything that is known so far."""
        about = next((row.found for row in self.rows if row.name == "rates" and row.found), {})
        steps = [row for row in self.rows if row.kind and row.found]
        return {
            "device": about.get("device", self.device),
            "scale": self.plan.scale,
            "minutes": self.minutes,
            "fault": self.fault,
            "about": about,
            "rows": [row.told() for row in self.rows],
            "steps": [step for row in steps for step in timed(row, about.get("flop", {}), self.plan)],
            "hours": known(steps, about, self.plan),
        }


class FaultError(Exception):
    """A command ended well, and what it found is a fault all the same."""


def timed(row: Row, flop: Mapping[str, float], plan: Plan) -> Iterator[dict[str, Any]]:
    """Yield of each phase that a row timed: its seconds, and MFU where its operations are counted."""
    assert row.kind
    study, entry, dataset = row.kind
    for phase, seconds in row.found["seconds"].items():
        of = plan.counts.get((study, entry, dataset, phase))
        rate = flop.get(of.precision) if of else None
        about = {"study": study, "entry": entry, "dataset": dataset, "phase": phase}
        rest = {key: row.found[key] for key in ("cells", "execution", "memory")}
        mfu = of.flop / seconds / rate if of and rate else None
        yield {**about, "milliseconds": 1000 * seconds, "mfu": mfu, **rest}


def known(steps: list[Row], about: Mapping[str, Any], plan: Plan) -> list[dict[str, Any]]:
    """Return the hours of each target, without ``high`` where some of its steps are neither measured nor counted.

    A step that is not measured takes what it would at the rates of the device, or of an H100 until they are known.
    """
    rates = Rates(about["flop"], about["bytes"]) if about.get("memory") else hours.H100
    measured: dict[Kind, float] = {}
    for row in steps:
        for phase, seconds in row.found["seconds"].items():
            kind = (*(row.kind or ("", "", "")), phase)
            measured[kind] = min(seconds, measured.get(kind, seconds))
    each = hours.on(rates, plan.counts.values()) | {kind: Range(x, x) for kind, x in measured.items()}
    found = []
    for target in plan.targets:
        whole = hours.hours({kind: n for kind, n in target.steps.items() if kind in each}, each)
        part = hours.hours({kind: n for kind, n in target.steps.items() if kind in measured}, each)
        about_it = {"study": target.study, "name": target.name, "cells": target.cells, "low": whole.low}
        if target.steps.keys() <= each.keys():
            found.append(about_it | {"high": whole.high, "measured": part.high / whole.high})
        elif whole.low:
            found.append(about_it | {"high": None, "measured": None})
    return found


def tested() -> list[str]:
    """Return the files of tests that hold the marker ``gpu``; those of others may import what is not there."""
    found = sorted((ROOT / "tests").rglob("test_*.py"))
    return [str(path.relative_to(ROOT)) for path in found if "pytest.mark.gpu" in path.read_text()]


def outcomes(report: Path, on_gpu: bool) -> Callable[[str], dict[str, int]]:
    """Return what reads pytest's report; on a GPU, a test that was skipped is a fault."""

    def read(_: str) -> dict[str, int]:
        suites = ET.parse(report).getroot().iter("testsuite")
        counts = [{key: int(suite.get(key, 0)) for key in ("tests", "skipped")} for suite in suites]
        found = {key: sum(count[key] for count in counts) for key in ("tests", "skipped")}
        if not found["tests"] or (on_gpu and found["skipped"]):
            raise FaultError(f"{found['tests']} tests, {found['skipped']} of them skipped")
        return {"passed": found["tests"] - found["skipped"], "skipped": found["skipped"]}

    return read


def lines(output: str) -> list[str]:
    """Return what a bench printed."""
    return output.splitlines()


def trained(folder: Path) -> Callable[[str], dict[str, float]]:
    """Return what counts the cells that lie finished in a folder, and adds up their seconds."""

    def read(_: str) -> dict[str, float]:
        found = [files.read_json(path) for path in sorted((folder / "data/runs").rglob("timing.json"))]
        return {"cells": len(found), "seconds": round(sum(timing["seconds"] for timing in found), 1)}

    return read


def planned(folder: Path, device: str, on_gpu: bool, plan: Plan) -> list[Row]:
    """Return the rows in their order: what is to be right first, then what most hours hang on."""

    def bench(name: str, *options: str) -> list[str]:
        return [sys.executable, f"bench/{name}.py", *options]

    report = folder / "tests.xml"
    pytest = [sys.executable, "-m", "pytest", "-m", "gpu", "-p", "no:cacheprovider", f"--junitxml={report}"]
    rows = [
        Row("tests", [*pytest, *tested()], 0.35, outcomes(report, on_gpu)),
        Row("rates", bench("rates", "--device", device), 0.4),
    ]
    kinds = costliest(plan)
    studies = dict.fromkeys(study for study, _, _ in kinds)
    first = [next(kind for kind in kinds if kind[0] == study) for study in studies]
    cells = [] if on_gpu else ["--cells", "1"]

    def steps(kind: tuple[str, str, str], until: float, *more: str) -> Row:
        asked = [f"--{key}={value}" for key, value in zip(("study", "entry", "dataset"), kind, strict=True)]
        name = " ".join(["steps", *kind, *more[1:]])
        command = bench("seconds", "--scale", plan.scale, *asked, "--device", device, *cells, *more)
        return Row(name, command, until, kind=kind)

    rows += [steps(kind, 0.6) for kind in first]
    if on_gpu:
        fused = [kind for kind in first if registry.load("families", study_of(kind[0]).family).COMPILED]
        rows += [steps(kind, 0.6, "--execution", "compiled") for kind in fused]
    for number, (name, options) in enumerate(PEERS[on_gpu].items(), 1):
        command = bench(name, *options.split(), "--device", device)
        rows.append(Row(name, command, 0.6 + 0.07 * number, lines))
    rows += [steps(kind, 0.93) for kind in kinds if kind not in first]
    place = folder / "trained"
    sweep = ["-m", "disentangle", "sweep", TRAINED, "--together", "300" if on_gpu else "1", "--device", device]
    rows.append(Row("trained", [sys.executable, *sweep], 1.0, trained(place), place, cut=True))
    return rows


def costliest(plan: Plan) -> list[tuple[str, str, str]]:
    """Return study, entry and dataset of all kinds of steps, those first that most hours, or most steps, hang on."""
    each = hours.on(hours.H100, plan.counts.values())
    found: dict[tuple[str, str, str], float] = {}
    for target in plan.targets:
        for kind, count in target.steps.items() if target.name == hours.EVERYTHING else ():
            found[kind[:3]] = found.get(kind[:3], 0.0) + count * (each[kind].high if kind in each else 1.0)
    return sorted(found, key=lambda kind: -found[kind])


def main() -> int:
    """Measure, write, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=9)
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:0, ...")
    parser.add_argument("--out", type=Path, default=Path("build/gpu"), help="where both files go")
    given = parser.parse_args()
    began = time.monotonic()
    on_gpu = given.device != "cpu" and torch.cuda.device_count() > 0
    device = given.device if given.device != "auto" else "cuda" if on_gpu else "cpu"
    written, folder = load(ROOT / "params.yaml"), given.out.resolve()
    settings = Params("paper" if on_gpu else "demo", written.targets, written.scales)
    place = folder / "trained"  # a project of its own
    text = re.sub(r"(?m)^scale: *\S+", "scale: demo", (ROOT / "params.yaml").read_text(), count=1)
    files.write_text(place / "params.yaml", text)
    plan = Plan.of(settings)
    session = Session(folder, given.minutes, device, plan, planned(folder, device, on_gpu, plan), began)
    session.run()
    print(f"{folder / 'gpu.md'}", flush=True)
    if session.fault:
        print(session.fault, file=sys.stderr)
    return 1 if session.fault else 0


if __name__ == "__main__":
    sys.exit(main())
