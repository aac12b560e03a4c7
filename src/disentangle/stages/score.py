"""Score codes of any origin: arrays or tables in files, with the factors of what they are codes of."""

import argparse
import ast
import io
import math
import os
import sys
from pathlib import Path
from typing import Any, TextIO

from disentangle import files
from disentangle.data.foreign import regular, told
from disentangle.errors import InputError
from disentangle.scoring.inputs import Given, joined
from disentangle.scoring.measuring import Measured
from disentangle.scoring.plugins import built
from disentangle.scoring.reading import are_same, read_both
from disentangle.scoring.result import rows_of
from disentangle.scoring.score import Work, check_counts, chosen_of, planned, with_options

OUTPUT = "scores.json"


def run(given: argparse.Namespace) -> None:
    """Read codes and factors, print a table of scores, and write them with all that they depend on, as they come."""
    check_counts(given.seed, given.repeats, given.chance)
    options = with_options(chosen_of(_words(given.metrics)), options_in(given.option))
    metrics = built(options)
    codes, factors = Path(given.codes), Path(given.factors)
    output = (
        None
        if given.json and given.output is None
        else _output(OUTPUT if given.output is None else given.output, codes, factors)
    )
    names = _listed(given.names)
    arrays, columns = _words(given.factor_arrays), _words(given.factor_columns)
    data = joined(
        *read_both(codes, factors, given.array, arrays, columns, unnamed=names is not None),
        names=names,
        grid=given.grid,
        continuous=_words(given.continuous),
        discrete=_words(given.discrete),
        told_as=(told(codes), told(factors)),
    )
    plan = planned(data, given.seed, given.repeats, given.chance, given.ceiling)
    if output:
        files.check_writable(output)
    origin = {
        "codes": {"path": _text(given.codes), "sha256": files.sha256(codes)},
        "factors": {"path": _text(given.factors), "sha256": files.sha256(factors)},
    }
    say = Printer(sys.stderr if given.json else sys.stdout)
    for line in [_described(data), *data.remarks, _line("metric", "score", _columns(plan.repeats))]:
        say(line)
    work, found = Work(data, options, metrics, plan, origin), list[Measured]()
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
        Printer(sys.stdout, "utf-8")(result.to_json())


class Printer:
    """Prints lines to a stream, as long as someone reads them: results are written all the same.

    Raises InputError for a stream that takes none, as of a full disk.
    """

    def __init__(self, stream: TextIO, encoding: str | None = None) -> None:
        self.stream = stream
        if isinstance(stream, io.TextIOWrapper):  # it may be of a locale that has no letter for all
            stream.reconfigure(encoding=encoding, errors="backslashreplace")

    def __call__(self, line: str) -> None:
        """Print a line at once."""
        try:
            print(line, file=self.stream, flush=True)
        except OSError as error:
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.stream.fileno())
            if not isinstance(error, BrokenPipeError):  # who reads has had enough, as of `| head`
                raise InputError(f"{self.stream.name}: cannot be written ({error.strerror}).") from error


def options_in(given: list[str]) -> dict[str, dict[str, Any]]:
    """Return options by metric, given as METRIC.OPTION=VALUE each; raises InputError for one that is not, or twice."""
    found: dict[str, dict[str, Any]] = {}
    for text in given:
        name, _, value = text.partition("=")
        metric, _, option = name.strip().partition(".")
        if not (metric and option and value):
            raise InputError(f"--option: found {told(text, 60)}; allowed: METRIC.OPTION=VALUE, such as mig.bins=30.")
        if option in found.setdefault(metric, {}):
            raise InputError(f"--option: found {metric}.{option} twice; allowed: once.")
        found[metric][option] = _value(value.strip())
    return found


def _value(text: str) -> Any:
    """Return a value as Python writes it, such as 1e-3 or [10, 100]; all else is text."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text


def _output(name: str, codes: Path, factors: Path) -> Path:
    """Return where scores are written, which a link says; raises InputError for what is read too, or is no file."""
    output = Path(name)
    if name == "-":
        raise InputError("--output: found -; allowed: a file. What is printed is JSON with --json.")
    if are_same(output, codes) or are_same(output, factors):
        raise InputError(f"{told(name)}: found codes or factors in the file to write; allowed: another one.")
    if output.exists() and not output.is_dir():
        regular(output)  # what is written would replace a device or a pipe
    return output.resolve() if output.is_symlink() else output


def _words(given: str | None) -> list[str] | None:
    """Return words that are given with commas between them, each once; None where nothing is."""
    found = _listed(given)
    return found and list(dict.fromkeys(found))


def _listed(given: str | None) -> list[str] | None:
    return None if given is None else [*filter(None, map(str.strip, _text(given).split(",")))]


def _text(given: str) -> str:
    """Return an argument as UTF-8 can write it: bytes that are none, as in an old file's name, are escaped."""
    return os.fsencode(given).decode(errors="backslashreplace")


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
