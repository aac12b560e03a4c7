"""Hours that the studies of params.yaml take on a device: the one place that computes them.

Run as `PYTHONPATH=src python bench/hours.py`. A step of each kind of cell takes what its products and its memory
traffic (`work.py`) take at the rates of a device; hours are those seconds times the steps of every cell that the
reports of a study read, in params.yaml. `gpu.py` puts measured seconds in their place. Trainings alone are counted,
one after another on one device: no encoding, no evaluation.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import work
from work import Work

from disentangle.cells import Cell
from disentangle.pipeline import outputs
from disentangle.pipeline.params import Params, load

SUSTAINED = 0.7
"""What real kernels, of middling matrices and strided memory, reach of the rates of large ones."""
EVERYTHING = "everything"
Kind = tuple[str, str, str, str]
"""Study, entry, the dataset on which its step is counted, and phase."""


@dataclass(frozen=True)
class Range:
    """From a device that does its best to one that does what devices do."""

    low: float
    high: float

    def __add__(self, other: "Range") -> "Range":
        return Range(self.low + other.low, self.high + other.high)

    def __mul__(self, by: float) -> "Range":
        return Range(self.low * by, self.high * by)


@dataclass(frozen=True)
class Rates:
    """What a device reaches with large matrices, by precision, in operations a second, and in bytes a second."""

    flop: Mapping[str, float]
    bytes: float


H100 = Rates({"bfloat16": 790e12, "tf32": 495e12, "float32": 67e12}, 3.35e12)
"""Of an H100 SXM: of bfloat16 what large products reach, all else from NVIDIA's data sheet."""


def seconds(of: Work, rates: Rates) -> Range:
    """Return the seconds of a step of one cell, by a roofline of its two parts.

    low = max(F / P, B_p / W) + B_o / W,  high = (F / P + (B_p + B_o) / W) / SUSTAINED

    F operations at the rate P, B_p bytes of products and B_o of all else at the rate W. At best a product reads while
    it multiplies; what is between products is a kernel an operation, as in a recorded step. A compiled one fuses these
    and may be faster than ``low``.
    """
    products, memory = of.flop / rates.flop[of.precision], of.product_bytes / rates.bytes
    between = of.other_bytes / rates.bytes
    return Range(max(products, memory) + between, (products + memory + between) / SUSTAINED)


def steps(settings: Params, study: str, named: Mapping[str, Sequence[Cell]]) -> dict[str, dict[Kind, int]]:
    """Return by name how many steps of each kind some cells of a study have together."""
    alike = work.alike(settings, settings.scale, study)
    lengths: dict[tuple[str, str], dict[str, int]] = {}
    found: dict[str, dict[Kind, int]] = {name: defaultdict(int) for name in named}
    for name, cells in named.items():
        for cell in cells:
            key = cell.dataset, cell.method
            if key not in lengths:
                lengths[key] = work.phases(settings.training(cell))
            for phase, length in lengths[key].items():
                if length:
                    found[name][study, cell.method, alike[key], phase] += length
    return {name: dict(kinds) for name, kinds in found.items()}


def hours(of: Mapping[Kind, int], each: Mapping[Kind, Range]) -> Range:
    """Return the hours of so many steps of each kind, of so many seconds each."""
    return sum((each[kind] * (count / 3600) for kind, count in of.items()), Range(0, 0))


def kind(of: Work) -> Kind:
    """Return which steps are of this work."""
    return of.study, of.entry, of.dataset, of.phase


@dataclass(frozen=True)
class Target:
    """What is built of a study: how many cells, and how many steps of each kind."""

    study: str
    name: str
    cells: int
    steps: Mapping[Kind, int]


def targets(settings: Params) -> Iterator[Target]:
    """Yield each study as a whole and then its reports that read fewer cells, at the scale of the parameters."""
    for study in outputs.shown_studies(settings):
        every = outputs.all_report_cells(settings, study)
        named = {name: outputs.report_cells(settings, name) for name in outputs.shown_reports(settings, study)}
        named = {EVERYTHING: every} | {name: cells for name, cells in named.items() if 0 < len(cells) < len(every)}
        for name, of in steps(settings, study, named).items():
            yield Target(study, name, len(named[name]), of)


def table(found: Iterable[Target], works: Sequence[Work], rates: Rates) -> str:
    """Return targets as a table in Markdown."""
    flop, each = {kind(part): part.flop for part in works}, on(rates, works)
    lines = ["| study | target | cells | PFLOP | hours |", "|---|---|---:|---:|---:|"]
    for target in found:
        total = sum(flop[part] * count for part, count in target.steps.items()) / 1e15
        cells = f"{target.study} | {target.name} | {target.cells:,} | {rounded(total)}"
        lines.append(f"| {cells} | {spelled(hours(target.steps, each))} |")
    return "\n".join(lines)


def rounded(value: float) -> str:
    """Return a number as text, to two digits."""
    return f"{float(f'{value:.2g}'):,.10g}"


def spelled(of: Range) -> str:
    """Return a range as text, ``120 to 210``."""
    low, high = rounded(of.low), rounded(of.high)
    return low if low == high else f"{low} to {high}"


def on(rates: Rates, works: Iterable[Work]) -> dict[Kind, Range]:
    """Return the seconds of a step of each kind on a device."""
    return {kind(of): seconds(of, rates) for of in works}


def at_paper_scale() -> Params:
    """Return the parameters with the published scale as the one that is built."""
    settings = load()
    return Params("paper", settings.targets, settings.scales)


def main() -> None:
    """Print the hours of all studies and reports on an H100."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    print(table(targets(at_paper_scale()), work.counted(), H100))


if __name__ == "__main__":
    main()
