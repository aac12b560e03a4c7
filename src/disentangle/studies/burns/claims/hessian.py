"""Claims on the Hessian: Burns 2021, sections 4.3.1, A.4.4 and A.5.2, and what the paper proposes beside it."""

from functools import partial

from disentangle.reporting.claim import MARGIN, Claim, Effect, above, below, within
from disentangle.reporting.statistics import variance_ratio
from disentangle.studies.burns.analysis.runs import (
    BOTH,
    HIGH,
    LOW,
    PARTS,
    Runs,
    accuracy_of,
    best_half,
    compare,
    diagonal_odds,
    gap_of,
    less,
    of_strength,
)

NAMES = {"infomin": "InfoMin", "ortho": "Ortho", "p_ortho": "P(Ortho)"}


def hessian_widens_gaps(runs: Runs) -> Claim:
    """At either strength, gaps are larger than under any other regularizer."""
    return Claim(
        "The Hessian is a stronger regularizer than InfoMin and orthogonality: with both λ, gaps grow larger.",
        "section 4.3.1, Table 3",
        [
            Effect(
                f"gap on {t}, Hessian less {name}, λ = {lam:g}",
                compare(runs, runs.of("DC-BC", "hessian", lam), runs.of("DC-BC", method, lam), gap_of(t)),
                above(0),
            )
            for lam in (LOW, HIGH)
            for method, name in NAMES.items()
            for t in BOTH
        ],
    )


def hessian_costs_accuracy(runs: Runs) -> Claim:
    """Averaged over both strengths, z and its halves are less accurate than under orthogonality."""
    hessian = [runs.of("DC-BC", "hessian", lam) for lam in (LOW, HIGH)]
    return Claim(
        "The Hessian costs accuracy: z and its halves are less accurate than under orthogonality, averaged over λ.",
        "section 4.3.1, Table 3",
        [
            Effect(
                f"{part} {t}, Hessian less {NAMES[method]}",
                compare(runs, hessian, [runs.of("DC-BC", method, lam) for lam in (LOW, HIGH)], measure(t)),
                below(0),
            )
            for method in ("ortho", "p_ortho")
            for part, measure in PARTS.items()
            for t in BOTH
        ],
    )


def hessian_strength_spares_z(runs: Runs) -> Claim:
    """Z is about as accurate at either strength, and the better half is more accurate at the higher."""
    return Claim(
        f"Under the Hessian, z is about as accurate with either λ (within {MARGIN:g} points), and the better half of "
        "each task is more accurate with the higher one.",
        "section 4.3.1, Table 3",
        of_strength(runs, "DC-BC", "hessian", {f"z {t}": accuracy_of("z", t) for t in BOTH}, within(MARGIN))
        + of_strength(runs, "DC-BC", "hessian", {f"better half {t}": best_half(t) for t in BOTH}, above(0)),
    )


def hessian_is_diagonal_at_higher_lam(runs: Runs) -> Claim:
    """Halves are diagonal more often at the higher strength."""
    high, low = (runs.of("DC-BC", "hessian", lam) for lam in (HIGH, LOW))
    return Claim(
        "The Hessian creates the diagonal trend only with the higher λ.",
        "section 4.3.1, Table 3",
        [diagonal_odds((f"λ = {HIGH:g}", high), (f"{LOW:g}", low))],
    )


def hessian_is_diagonal_more_often(runs: Runs) -> Claim:
    """Over reruns, halves are diagonal more often under the Hessian than under P(Ortho)."""
    hessian, ortho = (runs.reruns_of("DC-BC", method, HIGH) for method in ("hessian", "p_ortho"))
    return Claim(
        "The diagonal trend is significantly more frequent under the Hessian (the paper: 4 of 5 reruns) than under "
        "P(Ortho) (1 of 5).",
        "section 4.3.1, Tables 8 and 9",
        [diagonal_odds(("Hessian", hessian), ("P(Ortho)", ortho))],
    )


def hessian_gaps_vary_more(runs: Runs) -> Claim:
    """Over reruns, gaps on digits vary more under the Hessian, gaps on backgrounds less."""
    effects = []
    for task, region in (("DC", above(1)), ("BC", below(1))):
        hessian, ortho = (
            [gap_of(task)(run) for run in runs.of("DC-BC", m, HIGH).values()] for m in ("hessian", "p_ortho")
        )
        what = f"variance of gaps on {task}, Hessian over P(Ortho)"
        effects.append(Effect(what, partial(variance_ratio, hessian, ortho), region, "times"))
    return Claim(
        "Over reruns, gaps vary more under the Hessian than under P(Ortho) on DC, and less on BC.",
        "section A.5.2, Tables 8 and 9",
        effects,
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
            Effect(f"z {t}, together less Hessian", compare(runs, together, alone, accuracy_of("z", t)), above(0))
            for t in BOTH
        ]
        + [
            Effect(f"gap on {t}, together less Hessian", compare(runs, together, alone, gap_of(t)), above(-MARGIN))
            for t in BOTH
        ],
    )


def sufficient_halves_prevent_loss(runs: Runs) -> Claim:
    """With the constraint that halves suffice, z is as accurate and its better half falls less short of it."""
    constrained, alone = runs.of("DC-BC", "halves_suffice", HIGH, hessian=1.0), runs.of("DC-BC", "hessian", HIGH)
    shortfall = {t: less(best_half(t), accuracy_of("z", t)) for t in BOTH}
    return Claim(
        "A constraint that the full representation is no better than its halves may prevent the loss of information "
        f"under the Hessian: the better half falls less short of z, which is as accurate (within {MARGIN:g} points).",
        "section 5, proposed and not run",
        [
            Effect(
                f"better half less z on {t}, constrained less Hessian alone",
                compare(runs, constrained, alone, shortfall[t]),
                above(0),
            )
            for t in BOTH
        ]
        + [
            Effect(
                f"z {t}, constrained less Hessian",
                compare(runs, constrained, alone, accuracy_of("z", t)),
                above(-MARGIN),
            )
            for t in BOTH
        ],
    )


PLACE = 3
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
