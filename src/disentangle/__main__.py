"""The command line: ``python -m disentangle <stage>``, the same for a person, Snakemake, a cluster, a bare GPU box."""

import argparse
import contextlib
import importlib
import math
import os
import sys
from collections.abc import Callable
from typing import NoReturn

from disentangle.cells import Cell
from disentangle.errors import InputError

STAGES = {
    "fetch": "download an official file into data/raw, or check one that was placed there",
    "generate": "make a dataset",
    "train": "train one cell, or go on where it was interrupted",
    "encode": "write the codes of a trained cell",
    "probe": "fit the probes of one cell",
    "measure": "measure the codes of one cell with the metrics",
    "score": "score codes of any origin, kept in files, with the metrics",
    "traverse": "walk along the dimensions of a trained model's codes, as pictures",
    "report": "write a report and the table it shows",
    "figure": "draw a figure and write the table it shows",
    "page": "write the page that holds all reports and figures of a study",
    "front": "write the page of all studies",
    "sweep": "train every cell of a report, one after another, without Snakemake",
    "verify": "read results again, and say what is damaged, missing or out of date",
    "params": "print params.yaml as the pipeline reads it, scales with their bases",
    "graph": "draw the graph of the pipeline's rules",
    "compare": "write the numbers and curves that DVC compares, of what params.yaml asks for",
    "show": "print the reports that params.yaml asks for",
}
DISTRIBUTION = "disentangle-bench"
"""The package's name on the index, where its own is another project's."""
MOST = 100_000
"""Of threads, of cells that train together, and of seconds between checkpoints."""
WITHOUT_PARAMS = ("fetch", "score", "traverse")
"""Stages that do not read params.yaml; for all others it is read once, here."""


class Parser(argparse.ArgumentParser):
    """A parser whose refusals are one line, as all others are."""

    def error(self, message: str) -> NoReturn:
        """Print what is wrong and where to read on, and exit with status 2."""
        self.exit(2, f"error: {message}; see {self.prog} --help.\n")


def parser() -> Parser:
    """Return the parser of all stages; a stage's module is imported when it runs."""
    root = Parser(prog="python -m disentangle", description=__doc__)
    stages = root.add_subparsers(dest="stage", required=True, metavar="stage")
    for name, text in STAGES.items():
        stage = stages.add_parser(name, help=text, description=text)
        if name in ("compare", "show"):
            continue
        if name == "params":
            stage.add_argument("--scale", help="which of its scales (default: the one that is built)")
            continue
        if name == "graph":
            stage.add_argument("output", help="the SVG to write")
            continue
        if name == "verify":
            stage.add_argument("paths", nargs="*", metavar="PATH", help="files or folders (default: all that there is)")
            stage.add_argument("--mend", action="store_true", help="make anew what is not as it should be")
            continue
        if name == "fetch":
            stage.add_argument("path", help="the file, as a source in src/disentangle/data/sources names it")
            continue
        if name == "score":
            _add_scoring(stage)
            continue
        if name == "traverse":
            stage.add_argument("cell", metavar="CELL", help="the folder of a trained cell, below data/runs")
            stage.add_argument("--row", type=_integer, help="of the image to start from (default: one drawn at random)")
            stage.add_argument("--steps", type=_steps, default=7, help="of each walk, from 2 to 30 (default: 7)")
            output = "the still picture, .png or .svg, or the moving one, .gif or .webp (default: traversal.png)"
            stage.add_argument("--output", metavar="FILE", default="traversal.png", help=output)
            continue
        if name == "sweep":
            stage.add_argument("name", metavar="STUDY/REPORT", help="a file in src/disentangle/studies/STUDY/reports")
            stage.add_argument("--until", choices=("train", "report"), default="train", help="the last stage to run")
            stage.add_argument(
                "--together", type=_positive, default=1, metavar="CELLS", help="how many to train at once"
            )
            _add_compute(stage)
            _add_training(stage)
            continue
        stage.add_argument("--digest", help="refuse to run if parameters or code no longer have this digest")
        stage.add_argument("--anew", action="store_true", help="make it again even where it is current")
        if name == "front":
            continue
        if name == "page":
            stage.add_argument("study", help="a study of params.yaml")
            continue
        if name in ("report", "figure"):
            place = f"STUDY/{name.upper()}"
            stage.add_argument("name", metavar=place, help=f"a file in src/disentangle/studies/STUDY/{name}s")
        if name == "report":
            continue
        if name == "figure":
            stage.add_argument("dataset")
            stage.add_argument("method", nargs="?", help="an entry under `methods`, for a figure of one")
            continue
        stage.add_argument("--scale", required=True)
        stage.add_argument("--dataset", required=True)
        if name == "generate":
            continue
        stage.add_argument("--study", required=True)
        stage.add_argument("--method", required=True, help="an entry under `methods` in params.yaml")
        stage.add_argument("--lam", required=True, type=float, help="strength of the regularizer")
        stage.add_argument("--seed", required=True, type=int)
        if name in ("train", "encode"):
            _add_compute(stage)
        else:
            stage.add_argument("--threads", type=_positive, default=1)
        if name == "train":
            most = "most cells that a GPU trains in one stack, of a family that stacks (default: all untrained ones)"
            together = os.environ.get("TOGETHER")
            stage.add_argument("--together", type=_positive, default=together, metavar="CELLS", help=most)
            _add_training(stage)
    return root


def _add_scoring(stage: argparse.ArgumentParser) -> None:
    """Add the options of scoring files of any origin."""
    names = "NAME,..."
    stage.add_argument("--codes", required=True, help="(N, D) numbers, in .npz, .npy, .csv, .tsv, .txt or .csv.gz")
    stage.add_argument("--factors", required=True, help="(N, K) labels or numbers, or K arrays, in the same")
    stage.add_argument("--array", metavar="NAME", help="which array of an .npz are the codes (default: codes)")
    stage.add_argument("--factor-arrays", metavar=names, help="which are the factors (default: factors, or all)")
    stage.add_argument(
        "--factor-columns", metavar=names, help="which columns of a table are the factors (default: all)"
    )
    stage.add_argument("--names", metavar=names, help="of the factors, of an array or a table without a header")
    stage.add_argument("--continuous", metavar=names, help="factors that are numbers (default: those with fractions)")
    stage.add_argument("--discrete", metavar=names, help="factors that are labels (default: all others)")
    stage.add_argument("--grid", action="store_true", help="the rows are all combinations of factor values")
    stage.add_argument("--metrics", metavar=names, help="files in src/disentangle/evaluation/metrics (default: most)")
    option = "an option of a metric, as in mig.bins=30; may be given several times"
    stage.add_argument("--option", action="append", default=[], metavar="METRIC.OPTION=VALUE", help=option)
    stage.add_argument("--seed", type=_integer, default=0, help="of the draws (default: 0)")
    stage.add_argument("--repeats", type=_integer, default=1, metavar="R", help="draws of each score, for an interval")
    stage.add_argument("--chance", type=_integer, metavar="N", help="draws of codes shuffled against factors, 0: none")
    told = "the scores of perfect codes, beside each"
    stage.add_argument("--ceiling", action=argparse.BooleanOptionalAction, default=True, help=told)
    stage.add_argument("--output", metavar="FILE", help="what is written (default: scores.json; with --json nothing)")
    stage.add_argument("--json", action="store_true", help="print JSON, and the table where errors are printed")
    stage.add_argument("--threads", type=_positive, default=1)


def _add_compute(stage: argparse.ArgumentParser) -> None:
    """Add the options of the stages that compute on a device."""
    stage.add_argument("--threads", type=_positive, default=1)
    which = "cpu, cuda, cuda:1, ... (default: a GPU if there is one, of several the one with the fewest jobs)"
    stage.add_argument("--device", default="auto", help=which)


def _add_training(stage: argparse.ArgumentParser) -> None:
    """Add the options of the stages that train."""
    how = "how a step is run: eager, graph or compiled (default: eager on a CPU, graph on a GPU)"
    stage.add_argument("--execution", default=os.environ.get("EXECUTION", "auto"), help=how)
    every = os.environ.get("CHECKPOINT_EVERY", "20")
    stage.add_argument("--checkpoint-every", type=_seconds, default=every, metavar="SECONDS")


def _integer(text: str) -> int:
    return int(_within(int, text, -math.inf, math.inf))


def _positive(text: str) -> int:
    return int(_within(int, text, 1, MOST))


def _steps(text: str) -> int:
    return int(_within(int, text, 2, 30))


def _seconds(text: str) -> float:
    return _within(float, text, 0, MOST)


def _within(kind: Callable[[str], float], text: str, least: float, most: float) -> float:
    """Return a number that is given; raises ArgumentTypeError for one that is out of range, or none."""
    try:
        value = kind(text)
    except ValueError:
        value = math.nan
    if not least <= value <= most:
        what = "an integer" if kind is int else "a number"
        ends = f" from {least} to {most}" if math.isfinite(most) else ""
        raise argparse.ArgumentTypeError(f"found {text[:40]}; allowed: {what}{ends}")
    return value


def main(arguments: list[str] | None = None) -> int:
    """Run one stage; return 0, or 1 after printing the one message of an InputError."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by who started this, as by `>&-`
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115
    given = parser().parse_args(arguments)
    if hasattr(given, "threads"):
        # Before NumPy is imported; how many threads a sum is cut into can change its last bits.
        os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(given.threads)))
    try:
        if given.stage not in WITHOUT_PARAMS:
            # Imported here, so that --help needs no package.
            given.settings = importlib.import_module("disentangle.pipeline.params").load()
        if hasattr(given, "lam"):
            given.cell = Cell(given.scale, given.study, given.dataset, given.method, given.lam, given.seed)
            given.settings.check_cell(given.cell)
        with contextlib.ExitStack() as held:
            if hasattr(given, "device"):
                gpus = importlib.import_module("disentangle.pipeline.gpus")
                given.device = held.enter_context(gpus.taken(given.device))
            importlib.import_module(f"disentangle.stages.{given.stage}").run(given)
        sys.stdout.flush()
    except KeyboardInterrupt:
        print("error: interrupted; what is done is kept. Run the same command again.", file=sys.stderr, flush=True)
        return 130
    except BrokenPipeError:  # who reads has had enough, as of `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except InputError as error:
        print(f"error: {error}", file=sys.stderr, flush=True)
        return 1
    except ModuleNotFoundError as error:
        if str(error.name).split(".")[0] == "disentangle":
            raise
        needed = f"`{given.stage}` needs {error.name}, which is not installed"
        print(f"error: {needed}: pip install '{DISTRIBUTION}[pipeline]'.", file=sys.stderr, flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
