"""Claims on InfoMin: Burns 2021, sections 4.1.1, A.3 and A.4.2."""

import math

from disentangle.reporting.claim import MARGIN, NEAR_CHANCE, Claim, Effect, above, below
from disentangle.reporting.results import Run
from disentangle.reporting.runs import HIGH, LOW, Measure, Runs, above_chance, accuracy_of, compare, gap_of, values
from disentangle.reporting.statistics import mean_interval


def infomin_halves_perform_alike(runs: Runs) -> Claim:
    """The halves' accuracies differ by less than the margin, on each task and at each strength."""
    return Claim(
        "InfoMin does not induce disentanglement: the halves of z have nearly the same accuracy on each task "
        f"(a mean gap below {MARGIN:g} points).",
        "section 4.1.1, Table 2",
        [
            Effect(f"gap on {task}, λ = {lam:g}", values(runs.of("DC-BC", "infomin", lam), gap_of(task)), below(MARGIN))
            for lam in (LOW, HIGH)
            for task in ("DC", "BC")
        ],
    )


def infomin_is_local_to_z(runs: Runs) -> Claim:
    """From the lower to the higher strength, z loses more accuracy than r."""

    def z_less_r(task: str) -> Measure:
        return lambda run: run.accuracy("z", task) - run.accuracy("r", task)

    high, low = (runs.of("DC-BC", "infomin", lam) for lam in (HIGH, LOW))
    return Claim(
        "The effect of InfoMin is local to z, where it is applied: a higher λ costs z more accuracy than r.",
        "section 4.1.1, Table 2",
        [
            Effect(f"change of z less change of r on {t}", compare(runs, high, low, z_less_r(t)), below(0))
            for t in ("DC", "BC")
        ],
    )


def infomin_costs_accuracy(runs: Runs) -> Claim:
    """The higher strength lowers the accuracy of z."""
    high, low = (runs.of("DC-BC", "infomin", lam) for lam in (HIGH, LOW))
    return Claim(
        "A higher λ lowers the accuracy of z under InfoMin (the paper: by about 25 points).",
        "section 4.1.1, Table 2",
        [
            Effect(f"z {t}, λ = {HIGH:g} less {LOW:g}", compare(runs, high, low, accuracy_of("z", t)), below(0))
            for t in ("DC", "BC")
        ],
    )


def infomin_fights_infomax(runs: Runs) -> Claim:
    """Over the steps of a run, InfoMax falls as the regularizer rises."""
    return Claim(
        "InfoMin and InfoMax trade off directly: as the InfoMax losses fall, the term to be minimised rises.",
        "section A.3, Fig. 5",
        [
            Effect(
                f"rank correlation of InfoMax and R over the steps, λ = {lam:g}",
                mean_interval([_correlation(run) for run in runs.of("DC-BC", "infomin", lam).values()]),
                below(0),
                "",
            )
            for lam in (LOW, HIGH)
        ],
        remark="R is the term that is added to the loss; the paper's figure plots −R.",
    )


def infomin_fails_on_dc_dl(runs: Runs) -> Claim:
    """On DC-DL the representation stays near chance on both tasks."""
    return Claim(
        f"On DC-DL, InfoMin keeps both tasks near chance (less than {NEAR_CHANCE:g} points above it).",
        "section A.4.2, Table 5",
        [
            Effect(
                f"r {task} above chance, λ = {lam:g}",
                values(runs.of("DC-DL", "infomin", lam), above_chance("r", task)),
                below(NEAR_CHANCE),
            )
            for lam in (LOW, HIGH)
            for task in ("DC", "DL")
        ],
        holds="any",
        remark="The paper does not say which λ Table 5 is of: one suffices.",
    )


def infomin_turns_halves_into_rotations(runs: Runs) -> Claim:
    """The halves of z are more alike up to a rotation than the control's."""
    control = runs.of("DC-BC", "infomax", 0)
    return Claim(
        "Ours: InfoMin as printed turns the halves into rotations of one another. Its minimum is z1 = −z0, not "
        "independence.",
        "Eq. 4",
        [
            Effect(
                f"Procrustes similarity of the halves less the control's, λ = {HIGH:g}",
                compare(
                    runs, runs.of("DC-BC", "infomin", HIGH), control, lambda run: 100 * run.similarity("procrustes")
                ),
                above(0),
                "percent",
            )
        ],
    )


def _correlation(run: Run) -> float:
    """Return Spearman's correlation of InfoMax and the regularizer over a run's logged steps, NaN without a history."""
    history = run.history
    if history is None:
        return math.nan
    infomax = history.filter(like="infomax").sum(axis=1)
    return float(infomax.corr(history["regularizer"], method="spearman"))


CLAIMS = (
    infomin_halves_perform_alike,
    infomin_is_local_to_z,
    infomin_costs_accuracy,
    infomin_fights_infomax,
    infomin_fails_on_dc_dl,
    infomin_turns_halves_into_rotations,
)
