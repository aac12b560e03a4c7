"""Claims on degenerate solutions and the loss of information: Burns 2021, sections 3.3, 4.2, 5, A.2 and A.4.5."""

from disentangle.reporting.claim import MARGIN, NEAR_CHANCE, Claim, Effect, above, below
from disentangle.reporting.diagnosis import DEGENERATE
from disentangle.reporting.results import Run, diagnosis
from disentangle.reporting.runs import (
    HIGH,
    LOW,
    TASKS,
    Runs,
    above_chance,
    accuracy_of,
    best_half_less_whole,
    compare,
    count,
    mean_of,
    values,
)
from disentangle.reporting.statistics import mean_interval, odds_ratio_interval

REGULARIZED = ("ortho", "p_ortho", "hessian")


def supervision_separates(runs: Runs) -> Claim:
    """Each half of r is near chance on the factor that it is not told, and as good as r on its own."""
    effects = []
    for dataset in ("DC-BC", "DC-DL"):
        told, (first, second) = runs.of(dataset, "supervised", 0), TASKS[dataset]
        for half, own, other in (("r0", first, second), ("r1", second, first)):
            effects += [
                Effect(
                    f"{dataset}: {half} above chance on {other}",
                    values(told, above_chance(half, other)),
                    below(NEAR_CHANCE),
                ),
                Effect(
                    f"{dataset}: {half} less r on {own}",
                    compare(runs, told, told, accuracy_of(half, own), accuracy_of("r", own)),
                    above(-MARGIN),
                ),
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
                f"better half less z on {task}, {method}, λ = {HIGH:g}",
                values(runs.of("DC-BC", method, HIGH), best_half_less_whole(task)),
                below(0),
            )
            for method in REGULARIZED
            for task in ("DC", "BC")
        ],
    )


def location_is_easier_than_digit(runs: Runs) -> Claim:
    """On DC-DL, z tells location better than digits, averaged over regularizers and strengths."""
    groups = [runs.of("DC-DL", method, lam) for method in REGULARIZED for lam in (LOW, HIGH)]
    easier = mean_of(groups, lambda run: run.accuracy("z", "DL") - run.accuracy("z", "DC"))
    return Claim(
        "Digit location is more easily learned and encoded than digit class.",
        "section A.4.5, Tables 6 and 7",
        [Effect("z on DL less z on DC, averaged over regularizers and λ", mean_interval([*easier.values()]), above(0))],
    )


def dc_dl_is_more_degenerate(runs: Runs) -> Claim:
    """Degenerate solutions are more frequent on DC-DL than on DC-BC."""
    counts = {dataset: _degenerate(runs, dataset, REGULARIZED) for dataset in ("DC-DL", "DC-BC")}
    return Claim(
        "DC-DL is more prone to degenerate solutions than DC-BC.",
        "section A.4.5, Table 7",
        [
            Effect(
                "odds of a degenerate solution, "
                + " over ".join(f"{dataset} ({found} of {n})" for dataset, (found, n) in counts.items()),
                odds_ratio_interval(counts["DC-DL"], counts["DC-BC"]),
                above(1),
                "times",
            )
        ],
        remark="Of one run a setting and seed of orthogonality with and without P and the Hessian, by the diagnosis "
        "of the reports.",
    )


def p_prevents_degenerate_solutions(runs: Runs) -> Claim:
    """With P, degenerate solutions are less frequent than without."""
    with_p, without = (
        tuple(map(sum, zip(*(_degenerate(runs, dataset, (m,)) for dataset in ("DC-BC", "DC-DL")), strict=True)))
        for m in ("p_ortho", "ortho")
    )
    return Claim(
        "P should prevent degenerate solutions that rely on the order of elements.",
        "section 4.2",
        [
            Effect(
                f"odds of a degenerate solution, with P ({with_p[0]} of {with_p[1]}) over without ({without[0]} of "
                f"{without[1]})",
                odds_ratio_interval(with_p, without),  # type: ignore[arg-type]
                below(1),
                "times",
            )
        ],
    )


def _degenerate(runs: Runs, dataset: str, methods: tuple[str, ...]) -> tuple[int, int]:
    def is_degenerate(run: Run) -> bool:
        return diagnosis(run, TASKS[dataset]) in DEGENERATE

    counted = [count(runs.of(dataset, m, lam), is_degenerate) for m in methods for lam in (LOW, HIGH)]
    return sum(found for found, _ in counted), sum(n for _, n in counted)


CLAIMS = (
    supervision_separates,
    halves_lose_information,
    location_is_easier_than_digit,
    dc_dl_is_more_degenerate,
    p_prevents_degenerate_solutions,
)
