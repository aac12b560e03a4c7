"""Each diagnosis on codes that were made to have the defect, on healthy ones, and on the paper's own columns."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from disentangle import registry
from disentangle.evaluation.population import Population
from disentangle.evaluation.probe_inputs import inputs_of
from disentangle.stages.probe import accuracies, correct
from disentangle.studies.burns.analysis.diagnosis import DEGENERATE, MEANING, diagnose, information
from disentangle.studies.burns.analysis.results import diagnosis
from disentangle.studies.burns.analysis.runs import PublishedRun
from studies.burns.test_reports import ACCURACY

DIM, CLASSES, SAMPLES = 8, 4, 1200
TASKS = ("DC", "DL")
Codes = Callable[[np.random.Generator, np.ndarray, np.ndarray], np.ndarray]


def blobs(rng: np.random.Generator, labels: np.ndarray, distance: float = 6.0, classes: int = CLASSES) -> np.ndarray:
    """Clouds of unit width around a corner a class."""
    corners = distance * np.eye(classes, DIM)
    return corners[labels] + rng.normal(size=(len(labels), DIM))


def noise(rng: np.random.Generator, labels: np.ndarray) -> np.ndarray:
    return rng.normal(size=(len(labels), DIM))


def halves(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return np.concatenate([first, second], axis=1).astype(np.float32)


def both(rng: np.random.Generator, dc: np.ndarray, dl: np.ndarray) -> np.ndarray:
    """One half that tells both factors, in axes of their own."""
    return np.roll(blobs(rng, dc), 0, axis=1) + np.roll(6.0 * np.eye(CLASSES, DIM)[dl], CLASSES, axis=1)


def mixed(rng: np.random.Generator, dc: np.ndarray, dl: np.ndarray) -> np.ndarray:
    return halves(both(rng, dc, dl), both(rng, dl, dc))


def mixed_unequally(rng: np.random.Generator, dc: np.ndarray, dl: np.ndarray) -> np.ndarray:
    """Each half tells both, and is better on one."""
    weak_dl, weak_dc = (1.6 * np.roll(np.eye(CLASSES, DIM)[labels], CLASSES, axis=1) for labels in (dl, dc))
    return halves(blobs(rng, dc) + weak_dl, blobs(rng, dl) + weak_dc)


def separated(rng: np.random.Generator, dc: np.ndarray, dl: np.ndarray) -> np.ndarray:
    return halves(blobs(rng, dc), blobs(rng, dl))


def separated_the_other_way(rng: np.random.Generator, dc: np.ndarray, dl: np.ndarray) -> np.ndarray:
    return halves(blobs(rng, dl), blobs(rng, dc))


def collapsed(rng: np.random.Generator, dc: np.ndarray, dl: np.ndarray) -> np.ndarray:
    return np.full((len(dc), 2 * DIM), 0.25, np.float32)


def random(rng: np.random.Generator, dc: np.ndarray, dl: np.ndarray) -> np.ndarray:
    return halves(noise(rng, dc), noise(rng, dc))


def empty_first(rng: np.random.Generator, dc: np.ndarray, dl: np.ndarray) -> np.ndarray:
    return halves(noise(rng, dc), both(rng, dc, dl))


def empty_second(rng: np.random.Generator, dc: np.ndarray, dl: np.ndarray) -> np.ndarray:
    return halves(both(rng, dc, dl), noise(rng, dc))


def rotated(rng: np.random.Generator, dc: np.ndarray, dl: np.ndarray) -> np.ndarray:
    first = both(rng, dc, dl)
    q = np.linalg.qr(np.random.default_rng(7).normal(size=(DIM, DIM)))[0]
    return halves(first, first @ q)


def opposed(rng: np.random.Generator, dc: np.ndarray, dl: np.ndarray) -> np.ndarray:
    """z1 = -z0, where the printed InfoMin leads."""
    first = both(rng, dc, dl)
    return halves(first, -first + 0.1 * noise(rng, dc))


def dominated(rng: np.random.Generator, dc: np.ndarray, dl: np.ndarray) -> np.ndarray:
    """Location in both halves; of the digit, each half tells whether its class is odd, or whether it is large."""
    location = [np.roll(6.0 * np.eye(CLASSES, DIM)[dl], CLASSES, axis=1) for _ in range(2)]
    return halves(blobs(rng, dc % 2) + location[0], blobs(rng, dc // 2) + location[1])


def one_factor(rng: np.random.Generator, dc: np.ndarray, dl: np.ndarray) -> np.ndarray:
    return halves(blobs(rng, dl), blobs(rng, dl))


def one_factor_in_one_half(rng: np.random.Generator, dc: np.ndarray, dl: np.ndarray) -> np.ndarray:
    return halves(blobs(rng, dl), noise(rng, dl))


CASES: dict[Codes, str] = {
    mixed: "mixed",
    mixed_unequally: "mixed",
    separated: "separated",
    separated_the_other_way: "separated",
    collapsed: "collapse",
    random: "collapse",
    empty_first: "empty half",
    empty_second: "empty half",
    rotated: "rotation",
    opposed: "rotation",
    dominated: "dominance",
    one_factor: "dominance",
    one_factor_in_one_half: "dominance",
}


class Probed:
    """Codes as the pipeline evaluates them: linear probes and the metrics of the halves."""

    history = None

    def __init__(self, make: Codes) -> None:
        parts: list[tuple[np.ndarray, dict[str, np.ndarray]]] = []
        for seed in (0, 1):
            rng = np.random.default_rng(seed)
            dc, dl = rng.integers(CLASSES, size=(2, SAMPLES))
            parts.append((make(rng, dc, dl), {"DC": dc, "DL": dl}))
        (train, train_labels), (test, test_labels) = parts
        probe = registry.build("probes", "logistic", {})
        right = correct(probe, inputs_of({"z": train}), inputs_of({"z": test}), train_labels, test_labels)
        self.accuracies = accuracies(right, TASKS)
        self.labels = test_labels
        self.scores = registry.build("metrics", "half_similarity", {}).scores(
            Population(test.astype(np.float64), np.stack([dc, dl], axis=1), TASKS, complete=False),
            np.random.default_rng(0),
        )

    def accuracy(self, key: str, task: str) -> float:
        return self.accuracies[key][task]

    def chance(self, task: str) -> float:
        return 100 * float(np.bincount(self.labels[task]).max() / SAMPLES)

    def gap_error(self, task: str, code: str = "z") -> float:
        return math.nan

    def similarity(self, name: str, code: str = "z") -> float:
        return self.scores[name]


@pytest.mark.parametrize("make", CASES, ids=lambda make: make.__name__)
def test_codes_made_to_have_a_defect_are_told_by_it(make: Codes) -> None:
    assert diagnosis(Probed(make), TASKS) == CASES[make]


def test_every_diagnosis_has_a_case() -> None:
    assert set(CASES.values()) | {"diverged"} == set(MEANING)
    assert set(MEANING) - set(DEGENERATE) == {"separated", "mixed"}


def test_information_is_what_is_told_beyond_chance() -> None:
    assert information(100, 10) == 1
    assert information(10, 10) == information(5, 10) == 0
    assert information(55, 10) == 0.5
    assert math.isnan(information(math.nan, 10))


def told(dc: float, dl: float) -> dict[str, float]:
    return {"DC": dc, "DL": dl}


@pytest.mark.parametrize(
    ("whole", "halves", "rotation", "expected"),
    [
        (told(0.09, 0.09), [told(0, 0), told(0, 0)], 0.0, "collapse"),
        (told(0.10, 0.09), [told(0.1, 0), told(0.1, 0)], 0.0, "dominance"),
        (told(0.9, 0.9), [told(0.09, 0.09), told(0.9, 0.9)], 0.0, "empty half"),
        (told(0.9, 0.9), [told(0.11, 0.09), told(0.9, 0.9)], 0.0, "mixed"),
        (told(0.9, 0.9), [told(0.9, 0.9), told(0.9, 0.9)], 0.9, "rotation"),
        (told(0.9, 0.9), [told(0.9, 0.9), told(0.9, 0.9)], 0.89, "mixed"),
        (told(0.9, 0.9), [told(0.9, 0.9), told(0.9, 0.9)], math.nan, "mixed"),
        # 0.95 of the easy factor kept by both, at most 0.8 of the hard one by either
        (told(0.5, 1.0), [told(0.4, 0.95), told(0.2, 0.95)], 0.0, "dominance"),
        (told(0.5, 1.0), [told(0.41, 0.95), told(0.2, 0.95)], 0.0, "mixed"),
        (told(0.5, 1.0), [told(0.4, 0.94), told(0.2, 0.95)], 0.0, "mixed"),
        (told(1.0, 0.5), [told(0.95, 0.4), told(0.95, 0.2)], 0.0, "dominance"),
        (told(0.5, 1.0), [told(0.48, 0.09), told(0.09, 0.95)], 0.0, "separated"),
        (told(0.5, 1.0), [told(0.47, 0.09), told(0.09, 0.95)], 0.0, "mixed"),
        (told(0.5, 1.0), [told(0.48, 0.10), told(0.09, 0.95)], 0.0, "mixed"),
    ],
)
def test_the_bounds_of_each_diagnosis(
    whole: dict[str, float], halves: list[dict[str, float]], rotation: float, expected: str
) -> None:
    assert diagnose(whole, halves, rotation) == expected
    assert diagnose(whole, halves[::-1], rotation) == expected


def published(table: int, **chosen: Any) -> PublishedRun:
    rows = ACCURACY[ACCURACY["table"] == table]
    for column, value in chosen.items():
        rows = rows[rows[column] == value]
    return PublishedRun({(row.input, row.task): row.accuracy_percent for row in rows.itertuples()})


def test_the_papers_own_columns_have_the_diagnosis_that_it_gives_them() -> None:
    """Table 7's titles, Table 6 where the text speaks of repeated location, and Tables 1 and 4 as the ideal."""
    assert diagnosis(published(7, run="random"), ("DC", "DL")) == "collapse"
    assert diagnosis(published(7, run="task_difficulty"), ("DC", "DL")) == "dominance"
    assert diagnosis(published(6, method="p_ortho", lam=0.1), ("DC", "DL")) == "dominance"
    assert diagnosis(published(6, method="hessian", lam=0.1), ("DC", "DL")) == "mixed"
    assert diagnosis(published(1), ("DC", "BC"), "r") == "separated"
    assert diagnosis(published(4), ("DC", "DL"), "r") == "separated"


def test_a_run_without_accuracies_diverged() -> None:
    assert diagnosis(PublishedRun({}), ("DC", "DL")) == "diverged"
