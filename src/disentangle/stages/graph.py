"""Draw the graph of the pipeline's rules, as Snakemake tells it: no list of rules is kept anywhere."""

import argparse
import os
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from disentangle import files
from disentangle.cells import dataset_folder
from disentangle.data.dataset_files import MANIFEST
from disentangle.errors import InputError
from disentangle.pipeline import plan
from disentangle.pipeline.params import Params
from disentangle.pipeline.study import FRONT
from disentangle.reporting import drawing, rule_graph
from disentangle.reporting.rule_graph import Edge, Rule


def run(given: argparse.Namespace) -> None:
    """Write the SVG."""
    files.write_bytes(
        Path(given.output), drawing.svg(rule_graph.draw(*rule_graph.merged(*rules_and_edges(given.settings))))
    )


def rules_and_edges(settings: Params) -> tuple[dict[str, Rule], set[Edge]]:
    """Return the rules that the front page needs, and one that fetches an official file, with who reads whom."""
    targets = [str(path) for path in (FRONT, *_of_official_files(settings))]
    dot = _snakemake("--rulegraph", "dot", "--", *targets)
    names: dict[str, str] = dict(re.findall(r'^\s*(\d+)\[label = "(\w+)"', dot, re.MULTILINE))
    edges = {(names[a], names[b]) for a, b in re.findall(r"^\s*(\d+) -> (\d+)", dot, re.MULTILINE)}
    says = dict(re.findall(r"^(\w+) \((.*?)\)?$", _snakemake("--list-rules"), re.MULTILINE))
    made: dict[str, list[str]] = defaultdict(list)
    for line in _snakemake("--summary", "--", *targets).splitlines():
        path, _, rule, *_ = line.split("\t")
        made[rule].append(path)
    return {name: Rule(says.get(name, name), _lies(made[name])) for name in names.values()}, edges


def _of_official_files(settings: Params) -> list[Path]:
    """Return a dataset made of official files, of any scale: where the front page has none, no rule fetches."""
    found = [
        dataset_folder(scale, name) / MANIFEST
        for scale, section in settings.scales.items()
        for name in section["datasets"]
        if plan.official_files(settings, scale, name) and not plan.raw_files(settings, scale, name)
    ]
    return found[:1]


def _lies(paths: list[str]) -> str:
    """Return the path that paths share, without the scale and what is below it."""
    return "/".join(Path(os.path.commonpath(paths)).parts[:2])


def _snakemake(*arguments: str) -> str:
    command = [sys.executable, "-m", "snakemake", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise InputError(f"snakemake {arguments[0]}: {done.stderr.strip().rpartition('error: ')[2]}")
    return done.stdout
