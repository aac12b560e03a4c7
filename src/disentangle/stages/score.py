"""Score codes of any origin: arrays or tables in files, with the factors of what they are codes of."""

import argparse
import math
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

from disentangle import files
from disentangle.data.foreign import told
from disentangle.errors import InputError
from disentangle.scoring import archives, tables
from disentangle.scoring.inputs import Given, joined
from disentangle.scoring.measuring import Measured
from disentangle.scoring.result import rows_of
from disentangle.scoring.score import Work, check_counts, chosen_of, planned, with_options

OUTPUT = "scores.json"


def run(given: argparse.Namespace) -> None:
    """Read codes and factors, print a table of scores, and write them with all that they depend on, as they come."""
    check_counts(given.seed, given.repeats, given.chance)
    options = with_options(chosen_of(_words(given.metrics)), {})
    output = None if given.json and given.output is None else Path(given.output or OUTPUT)
    codes, factors = Path(given.codes), Path(given.factors)
    data = joined(
        read_codes(codes, given.array),
        read_factors(factors, _words(given.factor_arrays)),
        grid=given.grid,
        continuous=_words(given.continuous) or (),
        discrete=_words(given.discrete) or (),
        told_as=(told(codes), told(factors)),
    )
    plan = planned(data, given.seed, given.repeats, given.chance, given.ceiling)
    if output:
        files.check_writable(output)
    origin = {
        "codes": {"path": given.codes, "sha256": files.sha256(codes)},
        "factors": {"path": given.factors, "sha256": files.sha256(factors)},
    }
    say = Printer(sys.stderr if given.json else sys.stdout)
    for line in [_described(data), *data.remarks, _line("metric", "score", _columns(plan.repeats))]:
        say(line)
    work, found = Work(data, options, plan, origin), list[Measured]()
    for measured in work.run(Printer(sys.stderr)):
        found.append(measured)
        if output:
            files.write_json(output, work.result(found).as_dict())
        for row in rows_of(measured):
            numbers = {key: _number(row[key]) for key in _columns(plan.repeats)}
            say(_line(measured.name, row["score"], numbers.values()))
    result = work.result(found)
    for remark in result.remarks[len(data.remarks) :]:
        say(remark)
    if given.json:
        Printer(sys.stdout)(result.to_json())


class Printer:
    """Prints lines to a stream, as long as someone reads them: results are written all the same."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def __call__(self, line: str) -> None:
        """Print a line at once."""
        try:
            print(line, file=self.stream, flush=True)
        except BrokenPipeError:  # who reads has had enough, as of `| head`
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.stream.fileno())


def read_codes(path: Path, array: str | None = None) -> Any:
    """Return codes as a file holds them: an array of a ``.npy`` or ``.npz``, or a table of numbers.

    Raises InputError for a file that is not there, damaged, or of another kind.
    """
    return _read(path, lambda: archives.codes(path, array), array is None, bare=True)


def read_factors(path: Path, arrays: list[str] | None = None) -> Any:
    """Return factors as a file holds them: an array (N, K), arrays (N,) by name, or a table with a header.

    Raises InputError for a file that is not there, damaged, or of another kind.
    """
    return _read(path, lambda: archives.factors(path, arrays), arrays is None, bare=False)


def _read(path: Path, of_archive: Callable[[], Any], whole: bool, bare: bool) -> Any:
    suffix = path.suffix.lower()
    if suffix == ".npz":
        return of_archive()
    if not whole:
        raise InputError(f"{told(path)}: found no .npz; allowed: one, where arrays in it are named.")
    if suffix == ".npy":
        return archives.array(path)
    if suffix in tables.SUFFIXES:
        return tables.read(path, bare)
    allowed = ", ".join((".npz", ".npy", *tables.SUFFIXES))
    advice = " Save a tensor by np.save(path, tensor.numpy())." if suffix in (".pt", ".pth") else ""
    raise InputError(f"{told(path)}: found a name that ends in '{told(path.suffix)}'; allowed: {allowed}.{advice}")


def _words(given: str | None) -> list[str] | None:
    """Return words that are given with commas between them, each once; None where nothing is."""
    return None if given is None else list(dict.fromkeys(filter(None, map(str.strip, given.split(",")))))


def _described(data: Given) -> str:
    population = data.population
    rows, dim = population.codes.shape
    names = [f"{name}{' (continuous)' * (name in population.continuous)}" for name in population.names]
    what = "grid" if population.complete else "sample"
    return f"{rows} rows, a {what}; {dim} codes; factors {told(', '.join(names), 1000)}"


def _columns(repeats: int) -> list[str]:
    return ["value", *(["low", "high"] if repeats > 1 else []), "chance", "ceiling"]


def _line(metric: str, score: str, cells: Any) -> str:
    return "  ".join([f"{metric:25}", f"{told(score, 60):34}", *(f"{cell:>9}" for cell in cells)])


def _number(value: float) -> str:
    """Return a number as the table shows it; a score that is not defined, or a part that it has not, is a dash."""
    return "-" if math.isnan(value) else f"{value:.4f}"
