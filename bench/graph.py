"""How long the graph itself takes at about 10, 100 and 1,000 cells: planning, and runs that find everything current.

Run as `python bench/graph.py`, or for some of these sizes as `python bench/graph.py 10 100`. Nothing is trained: each
size is a throw-away copy of this project, in which every job of the page of a study has files of two bytes and a real
seal of them.

The floor, measured in turns with it, is a plain Snakefile with the same jobs and files: no digests, no checks, no
profile. It has `params:`, because with any Snakemake imports pandas where that is installed. DVC's floor is an import
of its command line. A table of medians is printed.
"""

import argparse
import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import yaml

from disentangle.cells import TRAINED
from disentangle.pipeline import outputs, params
from disentangle.pipeline.jobs import Jobs, above
from disentangle.pipeline.sealed import SHORT, write_seal

ROOT = Path(__file__).parent.parent
STUDY = "burns"
COPIED = ("Snakefile", "dvc.yaml", "workflow", "profiles", "src", ".dvc", ".dvcignore", ".gitignore")
METHODS = ("infomin", "ortho", "p_ortho", "hessian", "hessian_ortho")
SHAPES = {10: (1, 2), 100: (4, 5), 1000: (10, 20)}
"""Strengths and seeds of each of the methods, by the number of cells."""
TARGETS = ("reports/sweep.md", "reports/burns/index.html")
REPEATS = 3

BUILD = """
import sys
from pathlib import Path
from snakemake.cli import main
from snakemake.executors import local
local.run_wrapper = lambda rule, read, written, *rest: [Path(path).write_text("{}") for path in written]
main(["--cores", "100", "--scheduler", "greedy", "--quiet", "all", "--", *sys.argv[1:]])
"""

FLOOR = """
import json
from pathlib import Path
GRAPH = json.loads(Path("graph.json").read_text())
CELL = GRAPH["runs"] + "/{method}/lam={lam}/seed={seed}/"
wildcard_constraints: method=r"\\w+", lam="[0-9.]+", seed=r"\\d+", report=r"\\w+", figure=r"[\\w/-]+"
rule generate:
    output: GRAPH["dataset"]
    params: job=lambda w: "constant"
    shell: "touch {output}"
rule train:
    input: GRAPH["dataset"]
    output: expand(CELL.replace("{", "{{").replace("}", "}}") + "{name}", name=GRAPH["trained"])
    params: job=lambda w: "constant"
    shell: "touch {output}"
rule encode:
    input: GRAPH["dataset"], CELL + "checkpoint.safetensors", CELL + "run.json"
    output: CELL + "codes.npz"
    params: job=lambda w: "constant"
    shell: "touch {output}"
rule probe:
    input: GRAPH["dataset"], CELL + "codes.npz"
    output: CELL + "probe.json"
    params: job=lambda w: "constant"
    shell: "touch {output}"
rule measure:
    input: GRAPH["dataset"], CELL + "codes.npz"
    output: CELL + "metrics.json"
    params: job=lambda w: "constant"
    shell: "touch {output}"
rule report:
    input: lambda w: GRAPH["reports"][w.report]
    output: expand("reports/{{report}}.{suffix}", suffix=["md", "csv", "json"])
    params: job=lambda w: "constant"
    shell: "touch {output}"
rule figure:
    input: lambda w: GRAPH["figures"][w.figure]
    output: expand("reports/figures/{{figure}}.{suffix}", suffix=["svg", "csv", "json"])
    params: job=lambda w: "constant"
    shell: "touch {output}"
rule page:
    input:
        expand(CELL + "{name}", name=["run.json", "timing.json"], **GRAPH["wildcards"]),
        GRAPH["dataset"],
        expand("reports/{report}.md", report=GRAPH["reports"]),
        expand("reports/figures/{figure}.{suffix}", figure=GRAPH["figures"], suffix=["svg", "json"]),
    output: GRAPH["page"]
    params: job=lambda w: "constant"
    shell: "touch {output}"
"""


def make_project(folder: Path, cells: int) -> params.Params:
    """Write a copy of this project whose params.yaml has so many cells, and return its checked content."""
    strengths, seeds = SHAPES[cells]
    folder.mkdir()
    for name in COPIED:
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "*.egg-info", "cache", "tmp")
            shutil.copytree(ROOT / name, folder / name, ignore=ignored)
        else:
            shutil.copy2(ROOT / name, folder / name)
    given = yaml.safe_load((ROOT / "params.yaml").read_text())
    given["targets"] = [TARGETS[-1]]
    study = given["scales"]["demo"]["studies"][STUDY]
    study |= {"datasets": ["DC-BC"], "seeds": [*range(seeds)], "rerun_seeds": [*range(min(seeds, 6))]}
    study["methods"] = {name: {"lam": [round(0.1 * k, 1) for k in range(1, strengths + 1)]} for name in METHODS}
    (folder / "params.yaml").write_text(yaml.safe_dump(given, sort_keys=False))
    return params.load(folder / "params.yaml")


def make_floor(folder: Path, jobs: Jobs, settings: params.Params) -> None:
    """Write the Snakefile that has the same jobs and files and nothing else."""
    cells = outputs.all_report_cells(settings, STUDY)
    graph: dict[str, Any] = {"dataset": list(map(str, jobs.generate(settings.scale, cells[0].dataset).makes))}
    graph |= {"page": TARGETS[-1], "trained": TRAINED, "runs": str(cells[0].folder.parents[2])}
    graph["wildcards"] = {
        "method": METHODS,
        "lam": [*dict.fromkeys(f"{cell.lam:g}" for cell in cells)],
        "seed": [*dict.fromkeys(cell.seed for cell in cells)],
    }
    reports = [jobs.report(name) for name in outputs.shown_reports(settings, STUDY)]
    graph["reports"] = {job.makes[0].stem: [str(path) for _, path in job.inputs] for job in reports}
    figures = [jobs.figure(*figure) for figure in outputs.all_figures(settings, STUDY)]
    graph["figures"] = {
        str(job.makes[0].with_suffix("").relative_to("reports/figures")): [str(path) for _, path in job.inputs]
        for job in figures
    }
    folder.mkdir()
    (folder / "Snakefile").write_text(FLOOR)
    (folder / "graph.json").write_text(json.dumps(graph))


def seal_all(folder: Path, jobs: Jobs) -> None:
    """Write the files of every job with their seals."""
    with contextlib.chdir(folder):
        for job in above([jobs.page(STUDY)]):
            read = {str(path): hashlib.sha256(path.read_bytes()).hexdigest()[:SHORT] for path in job.lineage}
            for path in job.makes:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text("{}")
            write_seal(job, read)


def run(folder: Path, *command: str) -> str:
    """Run a command in a project, and return what it said; raises RuntimeError with that if it fails."""
    environment = os.environ | {
        "PYTHONPATH": str(folder / "src"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(folder),
    }
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} gave {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def seconds(ask: Callable[[], str], said: str) -> float:
    """Return how long a command took; raises RuntimeError unless it said what it should."""
    start = time.perf_counter()
    answer = ask()
    took = time.perf_counter() - start
    if said not in answer:
        raise RuntimeError(f"'{said}' expected:\n{answer}")
    return took


def in_turns(*asks: Callable[[], float]) -> list[float]:
    """Return the medians of several measurements that are taken in turns, so that a noisy machine disturbs all."""
    return [median(times) for times in zip(*([ask() for ask in asks] for _ in range(REPEATS)), strict=True)]


def measure(cells: int, folder: Path) -> None:
    """Print the rows of one size."""
    ours, floor = folder / "ours", folder / "floor"
    settings = make_project(ours, cells)
    with contextlib.chdir(ours):
        jobs = Jobs(settings)
        make_floor(floor, jobs, settings)
    count = len(outputs.all_report_cells(settings, STUDY))

    def compare(said: str, command: list[str], *peer: str) -> None:
        """Print the row of one command; without ``peer``, the same command runs on the floor."""
        took, least = in_turns(
            lambda: seconds(lambda: run(ours, *command), said),
            lambda: seconds(lambda: run(floor, *(peer or command)), "" if peer else said),
        )
        print(f"| {count:,} | `{' '.join(command)}` | {took:.1f} | {least:.1f} | {took / least:.2f} |", flush=True)

    for target in TARGETS:
        compare("This was a dry-run", ["snakemake", "-n", target])
    run(floor, sys.executable, "-c", BUILD, *TARGETS)
    seal_all(ours, jobs)
    for target in TARGETS:
        compare("Nothing to be done", ["snakemake", "--cores", "2", target])
    run(ours, "git", "init", "-q")
    run(ours, "dvc", "repro")
    for command, said in (("status", "up to date"), ("repro", "didn't change")):
        compare(said, ["dvc", command], sys.executable, "-c", "import dvc.cli, dvc.repo")


def main() -> None:
    """Print a Markdown table: medians in seconds of this project and of the floor, and their ratio."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("cells", nargs="*", type=int, help=f"some of {', '.join(map(str, SHAPES))} (default: all)")
    given = asked.parse_args()
    if unknown := set(given.cells) - set(SHAPES):
        asked.error(f"found {min(unknown)}; allowed: {', '.join(map(str, SHAPES))}")
    print(f"medians of {REPEATS} runs, in seconds\n\n| cells | command | ours | floor | ratio |\n|--:|---|--:|--:|--:|")
    for cells in given.cells or SHAPES:
        with tempfile.TemporaryDirectory(prefix="graph-") as folder:
            measure(cells, Path(folder))


if __name__ == "__main__":
    main()
