"""Claims on InfoMin: Burns 2021, sections 4.1.1, A.3 and A.4.2."""

import math

from disentangle.reporting.claim import MARGIN, NEAR_CHANCE, Claim, Effect, above, below, within
from disentangle.studies.burns.analysis.diagnosis import ROTATED
from disentangle.studies.burns.analysis.results import Run
from disentangle.studies.burns.analysis.runs import (
    BOTH,
    HIGH,
    LOW,
    Measure,
    Runs,
    above_chance,
    accuracy_of,
    compare,
    gap_of,
    less,
    of_strength,
    values,
)


def infomin_halves_perform_alike(runs: Runs) -> Claim:
    """The halves' accuracies differ by less than the margin, on each task and at each strength."""
    return Claim(
        "InfoMin does not induce disentanglement: the halves of z have nearly the same accuracy on each task "
        f"(a mean gap below {MARGIN:g} points).",
        "section 4.1.1, Table 2",
        [
            Effect(f"gap on {t}, λ = {lam:g}", values(runs.of("DC-BC", "infomin", lam), gap_of(t)), below(MARGIN))
            for lam in (LOW, HIGH)
            for t in BOTH
        ],
    )


def infomin_is_local_to_z(runs: Runs) -> Claim:
    """From the lower to the higher strength, r keeps its accuracy and z loses more than r."""
    high, low = (runs.of("DC-BC", "infomin", lam) for lam in (HIGH, LOW))
    changes = {t: (accuracy_of("r", t), less(accuracy_of("z", t), accuracy_of("r", t))) for t in BOTH}
    return Claim(
        "The effect of InfoMin is local to z, where it is applied: with a higher λ, r performs nearly the same (within "
        f"{MARGIN:g} points), and z loses more than r.",
        "section 4.1.1, Table 2",
        [
            Effect(f"change of r on {t}", compare(runs, high, low, of_r), within(MARGIN))
            for t, (of_r, _) in changes.items()
        ]
        + [
            Effect(f"change of z less change of r on {t}", compare(runs, high, low, z_less_r), below(0))
            for t, (_, z_less_r) in changes.items()
        ],
    )


def infomin_costs_accuracy(runs: Runs) -> Claim:
    """The higher strength lowers the accuracy of z."""
    return Claim(
        "A higher λ lowers the accuracy of z under InfoMin (the paper: by about 25 points).",
        "section 4.1.1, Table 2",
        of_strength(runs, "DC-BC", "infomin", {f"z {t}": accuracy_of("z", t) for t in BOTH}, below(0)),
    )


def infomin_rises_as_infomax_falls(runs: Runs) -> Claim:
    """Over the steps of a run, InfoMax falls as the regularizer rises."""
    return Claim(
        "InfoMin and InfoMax trade off: as the InfoMax losses fall, the term to be minimised rises.",
        "section A.3, Fig. 5",
        [
            Effect(
                f"rank correlation of InfoMax and R over the steps, λ = {lam:g}",
                values(runs.of("DC-BC", "infomin", lam), _correlation),
                below(0),
                "",
            )
            for lam in (LOW, HIGH)
        ],
        remark="R is the term that is added to the loss; the paper's figure plots −R. Part of this is no competition: "
        "R divides by similarities within a head, which InfoMax lowers whatever λ is.",
    )


def infomin_hurts_infomax(runs: Runs) -> Claim:
    """With the higher strength InfoMax ends higher."""
    return Claim(
        "The higher λ hurts the optimization of InfoMax: its losses end higher.",
        "section A.3",
        of_strength(runs, "DC-BC", "infomin", {"InfoMax at the end": _last_infomax}, above(0), "nats"),
    )


def infomin_fails_on_dc_dl(runs: Runs) -> Claim:
    """On DC-DL the representation stays near chance on both tasks."""

    def better_task(run: Run) -> float:
        return max(above_chance("r", task)(run) for task in ("DC", "DL"))

    return Claim(
        f"On DC-DL, InfoMin keeps both tasks near chance (less than {NEAR_CHANCE:g} points above it).",
        "section A.4.2, Table 5",
        [
            Effect(
                f"r above chance on the better task, λ = {lam:g}",
                values(runs.of("DC-DL", "infomin", lam), better_task),
                below(NEAR_CHANCE),
            )
            for lam in (LOW, HIGH)
        ],
        holds="any",
        remark="The paper does not say which λ Table 5 is of: one suffices.",
    )


def infomin_turns_halves_into_rotations(runs: Runs) -> Claim:
    """The halves of z are rotations of one another, more than the control's."""
    similarity: Measure = lambda run: 100 * run.similarity("procrustes")  # noqa: E731
    high, control = runs.of("DC-BC", "infomin", HIGH), runs.of("DC-BC", "infomax", 0)
    return Claim(
        "InfoMin as printed turns the halves into rotations of one another, where the control's are not.",
        "ours, on Eq. 4",
        [
            Effect(f"Procrustes similarity, λ = {HIGH:g}", values(high, similarity), above(100 * ROTATED), "percent"),
            Effect("the same less the control's", compare(runs, high, control, similarity), above(0), "percent"),
        ],
        remark="The least value of Eq. 4 is at z1 = −z0 with all z0 alike, not at independence.",
    )


def _correlation(run: Run) -> float:
    """Return Spearman's correlation of InfoMax and the regularizer over a run's logged steps, NaN without a history."""
    if run.history is None:
        return math.nan
    infomax = run.history.filter(like="infomax").sum(axis=1)
    return float(infomax.corr(run.history["regularizer"], method="spearman"))


def _last_infomax(run: Run) -> float:
    """Return the sum of the InfoMax terms in the last logged window, NaN without a history."""
    return math.nan if run.history is None else float(run.history.filter(like="infomax").sum(axis=1).to_list()[-1])


PLACE = 1
CLAIMS = (
    infomin_halves_perform_alike,
    infomin_is_local_to_z,
    infomin_costs_accuracy,
    infomin_rises_as_infomax_falls,
    infomin_hurts_infomax,
    infomin_fails_on_dc_dl,
    infomin_turns_halves_into_rotations,
)
