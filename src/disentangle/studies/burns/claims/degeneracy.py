"""Claims on degenerate solutions and the loss of information: Burns 2021, sections 3.3, 4.2, 5, A.2 and A.4.5."""

import math
from functools import partial

from disentangle.reporting.claim import MARGIN, NEAR_CHANCE, Claim, Effect, above, below
from disentangle.reporting.statistics import mean_interval
from disentangle.studies.burns.analysis.diagnosis import DEGENERATE
from disentangle.studies.burns.analysis.results import Run, diagnosis
from disentangle.studies.burns.analysis.runs import (
    BOTH,
    HIGH,
    LOW,
    TASKS,
    Group,
    Runs,
    above_chance,
    accuracy_of,
    best_half,
    less,
    mean_of,
    more_often,
    values,
)

REGULARIZED = ("ortho", "p_ortho", "hessian")
SETTINGS = [(method, lam) for method in REGULARIZED for lam in (LOW, HIGH)]


def supervision_separates(runs: Runs) -> Claim:
    """Each half of r is near chance on the factor that it is not told, and as good as r on its own."""
    effects = []
    for dataset in ("DC-BC", "DC-DL"):
        told, (first, second) = runs.of(dataset, "supervised", 0), TASKS[dataset]
        for half, own, other in (("r0", first, second), ("r1", second, first)):
            chance, whole = above_chance(half, other), less(accuracy_of(half, own), accuracy_of("r", own))
            effects += [
                Effect(f"{dataset}: {half} above chance on {other}", values(told, chance), below(NEAR_CHANCE)),
                Effect(f"{dataset}: {half} less r on {own}", values(told, whole), above(-MARGIN)),
            ]
    return Claim(
        f"Supervision disentangles: each half is near chance (within {NEAR_CHANCE:g} points) on the other's task, "
        f"and no worse than r on its own (within {MARGIN:g}).",
        "sections 3.3 and A.4.1, Tables 1 and 4",
        effects,
    )


def halves_lose_information(runs: Runs) -> Claim:
    """The better half is less accurate than z, under every regularizer."""
    return Claim(
        "Information is lost: neither half performs as well as the full representation.",
        "section 5, Table 3",
        [
            Effect(
                f"better half less z on {t}, {method}, λ = {HIGH:g}",
                values(runs.of("DC-BC", method, HIGH), less(best_half(t), accuracy_of("z", t))),
                below(0),
            )
            for method in REGULARIZED
            for t in BOTH
        ],
    )


def location_is_easier_than_digit(runs: Runs) -> Claim:
    """On DC-DL, z tells location better than digits, averaged over regularizers and strengths."""
    groups = [runs.of("DC-DL", *setting) for setting in SETTINGS]
    easier = mean_of(groups, less(accuracy_of("z", "DL"), accuracy_of("z", "DC")))
    return Claim(
        "Digit location is more easily learned and encoded than digit class.",
        "section A.4.5, Tables 6 and 7",
        [
            Effect(
                "z on DL less z on DC, averaged over regularizers and λ",
                partial(mean_interval, [*easier.values()]),
                above(0),
            )
        ],
    )


def dc_dl_is_more_degenerate(runs: Runs) -> Claim:
    """Of runs of one setting and seed on both datasets, that on DC-DL is degenerate more often."""
    # On either dataset a degenerate run is so by its own tasks.
    dl, bc = ([_diagnosed(runs.of(dataset, *s), dataset) for s in SETTINGS] for dataset in ("DC-DL", "DC-BC"))
    counts, test = more_often(dl, bc, lambda diagnosed: diagnosed in DEGENERATE)
    return Claim(
        "DC-DL is more prone to degenerate solutions than DC-BC.",
        "section A.4.5, Table 7",
        [Effect(f"degenerate on DC-DL alone rather than on DC-BC alone ({counts})", test, above(50), "percent")],
        remark="Of the runs of orthogonality with and without P and of the Hessian, with each λ and seed that both "
        "datasets have; by the diagnosis of the reports.",
    )


def p_prevents_degenerate_solutions(runs: Runs) -> Claim:
    """Of runs of one strength and seed with and without P, halves are random or rotations less often with it."""
    places = [(dataset, lam) for dataset in ("DC-BC", "DC-DL") for lam in (LOW, HIGH)]
    with_p, without = (
        [_diagnosed(_with_known_rotation(runs.of(dataset, m, lam)), dataset) for dataset, lam in places]
        for m in ("p_ortho", "ortho")
    )
    counts, test = more_often(with_p, without, lambda diagnosed: diagnosed in ("rotation", "empty half"))
    return Claim(
        "P prevents degenerate solutions that rely on the order of elements: halves that are random or rotations of "
        "each other.",
        "section 4.2",
        [Effect(f"such halves with P alone rather than without P alone ({counts})", test, below(50), "percent")],
    )


def _diagnosed(group: Group, dataset: str) -> dict[int, str]:
    return {seed: diagnosis(run, TASKS[dataset]) for seed, run in group.items()}


def _with_known_rotation(group: Group) -> Group:
    """Leave out runs of which only accuracies are known, as the paper's."""

    def known(run: Run) -> bool:
        return not math.isnan(run.similarity("procrustes"))

    return {seed: run for seed, run in group.items() if known(run)}


PLACE = 4
CLAIMS = (
    supervision_separates,
    halves_lose_information,
    location_is_easier_than_digit,
    dc_dl_is_more_degenerate,
    p_prevents_degenerate_solutions,
)
