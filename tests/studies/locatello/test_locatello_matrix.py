"""The core promise on a tiny sweep of this study: after each kind of change, exactly what it invalidates runs."""

import copy
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from conftest import Project, comment_and_touch, compared, reruns, rests

from studies.locatello.test_locatello_workflow import PARAMS

# One worker: what they share is built once.
pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("locatello_matrix")]

CELL = Counter(train=1, encode=1, measure=1)
REPORT = Counter(drawn_report=1)
NOTHING: Counter = Counter()
PATH = "scales.tiny.studies.locatello"


@pytest.fixture(scope="module")
def small(untouched: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Two cells and a report, after `dvc repro`, committed."""
    data = copy.deepcopy(PARAMS)
    data["targets"] = ["reports/locatello/total_correlation.md"]
    study = data["scales"]["tiny"]["studies"]["locatello"]
    study |= {
        "datasets": ["dsprites"],
        "seeds": [0],
        "methods": {"beta_vae": {"lam": [4]}, "factor_vae": {"lam": [10]}},
    }
    study["measured"] = {"mean": ["gaussian", "mig"], "sampled": ["gaussian"]}
    project = untouched.copy(tmp_path_factory.mktemp("matrix") / "small")
    (project.folder / "params.yaml").write_text(yaml.safe_dump(data, sort_keys=False))
    project.git("init", "-q", "-b", "main")
    project.dvc("repro")
    project.git("add", "-A")
    project.git("commit", "-qm", "first")
    return project


def sets(dotted: str, value: object) -> Callable[[Project], None]:
    return lambda project: project.edit_params(dotted, value)


def edits(path: str, old: str, new: str) -> Callable[[Project], None]:
    return lambda project: project.edit(f"src/disentangle/{path}", old, new)


CHANGES = {
    "nothing": (lambda project: None, NOTHING),
    "one more strength": (sets(f"{PATH}.methods.beta_vae.lam", [4, 8]), CELL + REPORT),
    "one more seed": (sets(f"{PATH}.seeds", [0, 1]), CELL + CELL + REPORT),
    "the knob of one method": (sets(f"{PATH}.training.discriminator.hidden", 9), CELL + REPORT),
    "the file of one method": (edits("methods/factor_vae.py", "return", "if True:\n            return"), CELL + REPORT),
    "the training": (sets(f"{PATH}.training.lr", 0.002), CELL + CELL + REPORT),
    "the option of a metric": (sets(f"{PATH}.metrics.mig.points", 100), Counter(measure=2) + REPORT),
    "the file of a metric": (
        edits("evaluation/metrics/mig.py", "points: Ann", 'spare: Annotated[int, ">= 0, <= 9"] = 3\n    points: Ann'),
        Counter(measure=2) + REPORT,
    ),
    "the text of a report": (edits("studies/locatello/reports/total_correlation.py", "# ", "#  "), REPORT),
    "a published number": (edits("studies/locatello/published/variance_explained.csv", ",", ", "), REPORT),
    "a report that was not asked for": (edits("studies/locatello/reports/downstream.py", "# ", "#  "), NOTHING),
    "a dataset": (
        sets("scales.tiny.datasets.dsprites.every", [1, 3, 10, 8, 16]),
        Counter(generate=1) + CELL + CELL + REPORT,
    ),
    "a comment and a touch": (comment_and_touch, NOTHING),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_invalidates_what_rests_on_it_and_no_more(small: Project, tmp_path: Path, name: str) -> None:
    change, expected = CHANGES[name]
    assert reruns(small, tmp_path, change) == expected


def test_dvc_compares_what_is_measured_of_the_numbers_that_the_study_names(small: Project) -> None:
    found = compared(small)
    assert [*found] == ["locatello/dsprites/beta_vae", "locatello/dsprites/factor_vae"]
    assert all({*numbers} == {"mean.mig.mig", "loss", "seeds"} for numbers in found.values())


def test_an_older_revision_comes_back_without_computing(small: Project, tmp_path: Path) -> None:
    project = small.copy(tmp_path / "copy")
    project.edit_params(f"{PATH}.metrics.mig.points", 100)
    project.at_once()
    project.dvc("repro")
    project.git("commit", "-qam", "second")
    for revision in ("HEAD~1", "main"):
        project.git("checkout", "-q", revision)
        project.dvc("checkout")
        rests(project)
