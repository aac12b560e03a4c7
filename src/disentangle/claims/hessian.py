"""Claims on the Hessian: Burns 2021, sections 4.3.1, A.4.4 and A.5.2, and what section 4.3.1 proposes beside it."""

from disentangle.reporting.claim import MARGIN, Claim, Effect, above, below, within
from disentangle.reporting.runs import (
    HIGH,
    LOW,
    Runs,
    accuracy_of,
    best_half_less_whole,
    compare,
    count,
    gap_of,
    is_diagonal,
    mean_half,
)
from disentangle.reporting.statistics import odds_ratio_interval, variance_ratio

BOTH = ("DC", "BC")
NAMES = {"infomin": "InfoMin", "ortho": "Ortho", "p_ortho": "P(Ortho)"}


def hessian_widens_gaps(runs: Runs) -> Claim:
    """At the higher strength, gaps are larger than under any other regularizer."""
    hessian = runs.of("DC-BC", "hessian", HIGH)
    return Claim(
        "The Hessian is a stronger regularizer than InfoMin and orthogonality: gaps grow larger.",
        "section 4.3.1, Table 3",
        [
            Effect(
                f"gap on {task}, Hessian less {name}, λ = {HIGH:g}",
                compare(runs, hessian, runs.of("DC-BC", method, HIGH), gap_of(task)),
                above(0),
            )
            for method, name in NAMES.items()
            for task in BOTH
        ],
    )


def hessian_costs_accuracy(runs: Runs) -> Claim:
    """Z and its halves are less accurate than under orthogonality."""
    hessian, ortho = (runs.of("DC-BC", method, HIGH) for method in ("hessian", "p_ortho"))
    return Claim(
        "The Hessian costs accuracy: z and its halves are less accurate than under P(Ortho).",
        "section 4.3.1, Table 3",
        [
            Effect(
                f"{what} {task}, Hessian less P(Ortho), λ = {HIGH:g}",
                compare(runs, hessian, ortho, measure(task)),
                below(0),
            )
            for what, measure in (("z", lambda t: accuracy_of("z", t)), ("mean half", mean_half))
            for task in BOTH
        ],
    )


def hessian_strength_spares_z(runs: Runs) -> Claim:
    """Z is about as accurate at either strength, and the halves are more accurate at the higher."""
    high, low = (runs.of("DC-BC", "hessian", lam) for lam in (HIGH, LOW))
    return Claim(
        f"Under the Hessian, z is about as accurate with either λ (within {MARGIN:g} points), and the halves are more "
        "accurate with the higher one.",
        "section 4.3.1, Table 3",
        [
            *(
                Effect(
                    f"z {t}, λ = {HIGH:g} less {LOW:g}",
                    compare(runs, high, low, accuracy_of("z", t)),
                    within(MARGIN),
                )
                for t in BOTH
            ),
            *(
                Effect(f"mean half {t}, λ = {HIGH:g} less {LOW:g}", compare(runs, high, low, mean_half(t)), above(0))
                for t in BOTH
            ),
        ],
    )


def hessian_is_diagonal_at_higher_lam(runs: Runs) -> Claim:
    """Halves are diagonal more often at the higher strength."""
    high, low = (count(runs.of("DC-BC", "hessian", lam), is_diagonal("DC-BC")) for lam in (HIGH, LOW))
    return Claim(
        "The Hessian creates the diagonal trend only with the higher λ.",
        "section 4.3.1, Table 3",
        [
            Effect(
                f"odds of diagonal halves, λ = {HIGH:g} ({_of(high)}) over {LOW:g} ({_of(low)})",
                odds_ratio_interval(high, low),
                above(1),
                "times",
            )
        ],
    )


def hessian_is_diagonal_more_often(runs: Runs) -> Claim:
    """Over reruns, halves are diagonal more often under the Hessian than under P(Ortho)."""
    # The paper counts its five reruns, without the run that made it look.
    hessian, ortho = (
        count(
            {n: run for n, run in runs.of("DC-BC", method, HIGH).items() if runs.paired or n > 0}, is_diagonal("DC-BC")
        )
        for method in ("hessian", "p_ortho")
    )
    return Claim(
        "The diagonal trend is significantly more frequent under the Hessian (the paper: 4 of 5 reruns) than under "
        "P(Ortho) (1 of 5).",
        "section 4.3.1, Tables 8 and 9",
        [
            Effect(
                f"odds of diagonal halves, Hessian ({_of(hessian)}) over P(Ortho) ({_of(ortho)})",
                odds_ratio_interval(hessian, ortho),
                above(1),
                "times",
            )
        ],
    )


def hessian_gaps_vary_more(runs: Runs) -> Claim:
    """Over reruns, gaps on digits vary more under the Hessian, gaps on backgrounds less."""
    gaps = {
        (m, t): [gap_of(t)(run) for run in runs.of("DC-BC", m, HIGH).values()]
        for m in ("hessian", "p_ortho")
        for t in BOTH
    }
    return Claim(
        "Over reruns, gaps vary more under the Hessian than under P(Ortho) on DC, and less on BC.",
        "section A.5.2, Tables 8 and 9",
        [
            Effect(
                f"variance of gaps on {task}, Hessian over P(Ortho)",
                variance_ratio(gaps["hessian", task], gaps["p_ortho", task]),
                region,
                "times",
            )
            for task, region in (("DC", above(1)), ("BC", below(1)))
        ],
    )


def hessian_parts_location(runs: Runs) -> Claim:
    """On DC-DL, averaged over both strengths, gaps on location are larger than under orthogonality."""
    hessian = [runs.of("DC-DL", "hessian", lam) for lam in (LOW, HIGH)]
    return Claim(
        "On DC-DL, the Hessian is the first to give the halves different accuracies on location.",
        "section A.4.4, Table 6",
        [
            Effect(
                f"gap on DL, Hessian less {NAMES[method]}, averaged over λ",
                compare(runs, hessian, [runs.of("DC-DL", method, lam) for lam in (LOW, HIGH)], gap_of("DL")),
                above(0),
            )
            for method in ("ortho", "p_ortho")
        ],
    )


def orthogonality_balances_the_hessian(runs: Runs) -> Claim:
    """With orthogonality beside it, the Hessian keeps its gaps and z is more accurate."""
    together, alone = (runs.of("DC-BC", method, HIGH) for method in ("hessian_ortho", "hessian"))
    return Claim(
        "The Hessian and orthogonality together may better balance disentanglement and accuracy: z is more accurate "
        f"than with the Hessian alone, and gaps are as large (within {MARGIN:g} points).",
        "section 4.3.1, proposed and not run",
        [
            *(
                Effect(f"z {t}, together less Hessian", compare(runs, together, alone, accuracy_of("z", t)), above(0))
                for t in BOTH
            ),
            *(
                Effect(f"gap on {t}, together less Hessian", compare(runs, together, alone, gap_of(t)), above(-MARGIN))
                for t in BOTH
            ),
        ],
    )


def sufficient_halves_prevent_loss(runs: Runs) -> Claim:
    """With the constraint that halves suffice, the better half falls less short of z than with the Hessian alone."""
    constrained, alone = runs.of("DC-BC", "halves_suffice", HIGH, hessian=1.0), runs.of("DC-BC", "hessian", HIGH)
    return Claim(
        "A constraint that the full representation is no better than its halves may prevent the loss of information "
        "under the Hessian.",
        "section 5, proposed and not run",
        [
            Effect(
                f"better half less z on {t}, constrained less Hessian alone",
                compare(runs, constrained, alone, best_half_less_whole(t)),
                above(0),
            )
            for t in BOTH
        ],
    )


def _of(counted: tuple[int, int]) -> str:
    return f"{counted[0]} of {counted[1]}"


CLAIMS = (
    hessian_widens_gaps,
    hessian_costs_accuracy,
    hessian_strength_spares_z,
    hessian_is_diagonal_at_higher_lam,
    hessian_is_diagonal_more_often,
    hessian_gaps_vary_more,
    hessian_parts_location,
    orthogonality_balances_the_hessian,
    sufficient_halves_prevent_loss,
)
