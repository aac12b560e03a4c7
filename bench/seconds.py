"""Seconds of a training step of one entry of params.yaml, phase by phase, in the pipeline's own training.

Run as `PYTHONPATH=src python bench/seconds.py --study burns --entry infomax --dataset DC-BC`; the images are random
ones, the networks those of the scale, with random weights in place of files. Printed is one line of JSON. Where the
cells of a stack do not fit into a GPU's memory, half as many are tried, in a process anew.
"""

import argparse
import itertools
import json
import os
import statistics
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import random_data
import torch
import work

from disentangle import registry
from disentangle.cells import Cell
from disentangle.pipeline.params import Params, load
from disentangle.pipeline.study import study_of
from disentangle.training import device

EACH = {"cuda": 10, "cpu": 2}
"""Steps of a row of history."""
ROWS = 5
"""Of which the median is told, after one that warms up."""


def measured(settings: Params, cell: Cell, cells: int, where: torch.device, execution: str) -> dict:
    """Return seconds a step of one of some cells, by phase, and the most memory that was in use."""
    each = EACH[where.type]
    with TemporaryDirectory() as temporary:
        folder = Path(temporary, cell.dataset)
        random_data.write(folder, settings.dataset(cell.scale, cell.dataset))
        looks = work.rows(settings, cell, folder, time.perf_counter, each, ROWS, cells, where, execution)
    phases = {
        phase: statistics.median(after - before for before, after in itertools.pairwise(times)) / each / cells
        for phase, times in looks.items()
    }
    memory = torch.cuda.max_memory_allocated(where) if where.type == "cuda" else None
    return {"seconds": phases, "cells": cells, "execution": execution, "memory": memory}


def main() -> None:
    """Print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", default="paper")
    parser.add_argument("--study", required=True)
    parser.add_argument("--entry", required=True)
    parser.add_argument("--dataset", required=True)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--execution", default="auto", help="eager, graph or compiled (default: as in training)")
    parser.add_argument("--cells", type=int, help="of a stack (default: all of the dataset and the entry)")
    given = parser.parse_args()
    where, settings = device.choose(given.device, 1), load()
    listed = [cell for cell in settings.cells(given.scale, given.study, given.dataset) if cell.method == given.entry]
    stacked = registry.load("families", study_of(given.study).family).STACKED
    cells = min(given.cells or len(listed), len(listed)) if stacked else 1
    try:
        found = measured(settings, listed[0], cells, where, device.execution(given.execution, where))
    except Exception as error:
        if not device.out_of_memory(error) or cells == 1:
            raise
        given.cells = cells // 2
        options = [f"--{name}={value}" for name, value in vars(given).items() if value is not None]
        os.execv(sys.executable, [sys.executable, __file__, *options])
    print(json.dumps(found))


if __name__ == "__main__":
    main()
