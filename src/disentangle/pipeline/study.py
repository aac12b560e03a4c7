"""What a study is: what its folder declares, and where what it puts out lies. Studies are found by their folders."""

import functools
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from disentangle import registry
from disentangle.cells import REPORTS
from disentangle.errors import InputError, did_you_mean


class Evaluation(NamedTuple):
    """A stage that evaluates codes."""

    plugins: str
    """The key of a study's section of params.yaml, and the kind, of what it evaluates with."""
    file: str
    """What it writes."""


FRONT = REPORTS / "index.html"
"""The page of all studies."""
EVALUATIONS = {"probe": Evaluation("probes", "probe.json"), "measure": Evaluation("metrics", "metrics.json")}


@dataclass(frozen=True)
class Study:
    """One paper's experiment, as ``studies/<name>/study.py`` declares it in constants."""

    name: str
    paper: str
    """PAPER: authors and year, as reports name it."""
    title: str
    """TITLE of its page."""
    lead: str
    """LEAD: what its page shows."""
    asked: str
    """ASKED: what the paper asks, in words of the summary on its page, as are the next two."""
    easy: str
    """EASY: what of it was easy to reproduce."""
    hard: str
    """HARD: what was not."""
    family: str
    """FAMILY: file name in training/families, how its cells are trained and encoded. Its methods tell the same."""
    codes: str
    """CODES: what a cell is encoded to, in words."""
    evaluated: tuple[str, ...]
    """EVALUATED: the stages that evaluate a cell's codes, of EVALUATIONS."""
    not_training: tuple[str, ...]
    """NOT_TRAINING: keys of its section, beside those that every study has, on which no training depends."""
    folder: Path
    """Where its reports lie: ``reports/<name>``, or below ``reports`` where REPORTS says."""
    picture: str
    """PICTURE: the report, or the figure, that the front page shows of it, if there is one."""
    needs: tuple[str, ...]
    """NEEDS: keys of its reports' NEEDS, beside those that every study has, for its ``results`` to read."""
    compared: tuple[str, ...]
    """COMPARED: patterns of the numbers of a cell that DVC compares, ``<code>.<metric>.<score>`` and of probes."""

    @property
    def page(self) -> Path:
        """The page that holds its reports and figures."""
        return REPORTS / self.name / "index.html"

    @property
    def card(self) -> Path:
        """What the front page tells of it."""
        return self.page.with_suffix(".json")

    @property
    def reported(self) -> tuple[str, ...]:
        """What reports read of a cell."""
        return ("run.json", "timing.json", "history.csv", *(EVALUATIONS[stage].file for stage in self.evaluated))

    @property
    def published(self) -> list[Path]:
        """The tables of its paper."""
        return sorted(path for path in self.home.glob("published/*.csv") if path.is_file())

    @property
    def home(self) -> Path:
        """Its folder of the package."""
        return registry.path("studies", self.name).parent


@functools.cache
def studies() -> dict[str, Study]:
    """Return all studies by name.

    Raises InputError for two whose reports would lie in one folder, and for a folder with reports and no study.
    """
    names = registry.names("studies")
    for of in {name.split("/")[0] for kind in ("reports", "figures", "claims") for name in registry.names(kind)}:
        if of not in names:
            raise InputError(f"{registry.PACKAGE}/studies/{of}: there is no study.py.")
    found = {name: _declared(name) for name in names}
    folders: dict[Path, str] = {}
    for name, study in found.items():
        if (other := folders.setdefault(study.folder, name)) != name:
            raise InputError(f"{study.home}/study.py: reports of '{name}' and of '{other}' lie in {study.folder} both.")
    return found


def study_of(name: str) -> Study:
    """Return a study; raises InputError with the nearest known name when there is none."""
    if name not in studies():
        raise InputError(f"no study '{name}': {did_you_mean(name, studies())}")
    return studies()[name]


def module_of(name: str) -> ModuleType:
    """Import what a study does itself: ``results``, what its reports are given, and what else its docstrings say."""
    return registry.load("studies", name)


def _declared(name: str) -> Study:
    if name == "figures" or f"{name}/index" in registry.names("reports"):
        place = "figures" if name == "figures" else f"{name}/reports/index.py"
        raise InputError(f"{registry.PACKAGE}/studies/{place}: this name is taken, by what is written beside reports.")
    words = (_text(name, key) for key in ("PAPER", "TITLE", "LEAD", "ASKED", "EASY", "HARD", "FAMILY", "CODES"))
    paper, title, lead, asked, easy, hard, family, codes = words
    evaluated = _names(name, "EVALUATED")
    not_training, needs = (_names(name, key, ()) for key in ("NOT_TRAINING", "NEEDS"))
    compared = _names(name, "COMPARED", ("*",))
    picture, folder = _text(name, "PICTURE", ""), _text(name, "REPORTS", name)
    pictures = [figure.split("/")[1] for figure in registry.of_study("figures", name)]
    pictures += [report.split("/")[1] for report in registry.of_study("reports", name)]
    known = {
        "FAMILY": ([family], registry.names("families")),
        "EVALUATED": (evaluated, EVALUATIONS),
        "PICTURE": ([picture] if picture else [], pictures),
    }
    for constant, (given, allowed) in known.items():
        for word in given:
            if word not in allowed:
                raise _found(name, constant, word, f": {did_you_mean(word, allowed)}")
    if folder and not folder.isidentifier():
        raise _found(name, "REPORTS", folder, "; allowed: a name of letters, digits and _, or none.")
    home = REPORTS / folder
    said = paper, title, lead, asked, easy, hard, family, codes
    return Study(name, *said, evaluated, not_training, home, picture, needs, compared)


def _text(name: str, constant: str, default: Any = registry.NO_DEFAULT) -> str:
    found = registry.constant("studies", name, constant, default)
    if not isinstance(found, str):
        raise _found(name, constant, found, "; allowed: text.")
    return found


def _names(name: str, constant: str, default: Any = registry.NO_DEFAULT) -> tuple[str, ...]:
    found = registry.constant("studies", name, constant, default)
    if not isinstance(found, tuple | list) or not all(isinstance(word, str) for word in found):
        raise _found(name, constant, found, "; allowed: a tuple of names, such as ('a',).")
    return tuple(found)


def _found(name: str, constant: str, found: object, end: str) -> InputError:
    return InputError(f"{registry.path('studies', name)}: {constant}: found {found!r}{end}")


def report_path(name: str) -> Path:
    """Return where a report, ``<study>/<report>``, lies, without a suffix."""
    study, _, report = name.partition("/")
    return study_of(study).folder / report


def with_suffix(place: Path, suffix: str) -> Path:
    """Return the file of a report or figure that lies at a place; its name may have dots."""
    return place.with_name(f"{place.name}{suffix}")


def figure_path(name: str, dataset: str, method: str | None) -> Path:
    """Return where a figure, ``<study>/<figure>``, lies, without a suffix."""
    study, _, figure = name.partition("/")
    return study_of(study).folder.joinpath("figures", *filter(None, (figure, dataset, method)))
