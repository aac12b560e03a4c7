"""Claims on orthogonality, with and without the permutation P: Burns 2021, sections 4.2.1, A.4.3 and A.5.1."""

import math
from functools import partial

from disentangle.reporting.claim import MARGIN, Claim, Effect, above, below
from disentangle.reporting.statistics import paired_variance_ratio
from disentangle.studies.burns.analysis.runs import (
    BOTH,
    HIGH,
    LOW,
    PARTS,
    Measure,
    Runs,
    accuracy_of,
    best_half,
    compare,
    gap_of,
    less,
    mean_half,
    of_strength,
    values,
)

CEILING = "Where both halves tell location without error, its gap is 0 and can neither grow nor shrink."


def ortho_costs_accuracy_at_higher_lam(runs: Runs) -> Claim:
    """Without P, the higher strength lowers z and its halves on both tasks."""
    return Claim(
        "Without P, the higher λ hurts the accuracy of z and of its halves.",
        "section 4.2.1, Table 3",
        of_strength(
            runs,
            "DC-BC",
            "ortho",
            {f"{part} {t}": measure(t) for part, measure in PARTS.items() for t in BOTH},
            below(0),
        ),
    )


def p_ortho_keeps_accuracy_at_higher_lam(runs: Runs) -> Claim:
    """With P, the higher strength lowers z by less than the margin."""
    return Claim(
        f"With P, the higher λ no longer hurts: z loses less than {MARGIN:g} points.",
        "section 4.2.1, Table 3",
        of_strength(runs, "DC-BC", "p_ortho", {f"z {t}": accuracy_of("z", t) for t in BOTH}, above(-MARGIN)),
    )


def p_raises_halves(runs: Runs) -> Claim:
    """At either strength, the halves are more accurate with P than without."""
    return Claim(
        "With P, the accuracy of the halves increases, with both λ.",
        "section 4.2.1, Table 3",
        [
            Effect(
                f"mean half {t}, with P less without, λ = {lam:g}",
                compare(runs, runs.of("DC-BC", "p_ortho", lam), runs.of("DC-BC", "ortho", lam), mean_half(t)),
                above(0),
            )
            for lam in (LOW, HIGH)
            for t in BOTH
        ],
    )


def p_prevents_loss_of_information(runs: Runs) -> Claim:
    """Averaged over both strengths, z and its halves are more accurate with P than without."""
    with_p, without = ([runs.of("DC-BC", m, lam) for lam in (LOW, HIGH)] for m in ("p_ortho", "ortho"))
    return Claim(
        "P prevents loss of information: z and its halves are more accurate with it, averaged over λ.",
        "section 4.2.1, Table 3",
        [
            Effect(f"{part} {t}, with P less without", compare(runs, with_p, without, measure(t)), above(0))
            for part, measure in PARTS.items()
            for t in BOTH
        ],
    )


def p_widens_gaps(runs: Runs) -> Claim:
    """Averaged over both strengths, gaps are larger with P on both tasks."""
    with_p, without = ([runs.of("DC-BC", m, lam) for lam in (LOW, HIGH)] for m in ("p_ortho", "ortho"))
    return Claim(
        "P results in larger gaps on both tasks, averaged over λ.",
        "section 4.2.1, Table 3",
        [Effect(f"gap on {t}, with P less without", compare(runs, with_p, without, gap_of(t)), above(0)) for t in BOTH],
        remark="Read task by task. On BC, the paper's own Table 3 says otherwise.",
    )


def p_gaps_do_not_grow_with_lam(runs: Runs) -> Claim:
    """With P, the higher strength widens gaps by less than the margin."""
    return Claim(
        f"With P, the higher λ does not increase the gaps (by {MARGIN:g} points or more).",
        "section 4.2.1, Table 3",
        of_strength(runs, "DC-BC", "p_ortho", {f"gap on {t}": gap_of(t) for t in BOTH}, below(MARGIN)),
    )


def p_ortho_has_the_best_halves(runs: Runs) -> Claim:
    """With P and the higher strength, the better half is more accurate than under any other regularizer."""
    others = [(m, lam) for m in ("infomin", "ortho", "p_ortho", "hessian") for lam in (LOW, HIGH)]
    others.remove(("p_ortho", HIGH))
    own = runs.of("DC-BC", "p_ortho", HIGH)
    return Claim(
        "P(Ortho) with the higher λ has the most accurate halves over all experiments.",
        "section 4.2.1, Tables 2 and 3",
        [
            Effect(
                f"better half on {t}, P(Ortho) with λ = {HIGH:g} less {method} with λ = {lam:g}",
                compare(runs, own, runs.of("DC-BC", method, lam), best_half(t)),
                above(0),
            )
            for method, lam in others
            for t in BOTH
        ],
        remark="On BC, the paper's own Table 2 says otherwise.",
    )


def p_ortho_disentangles_more_than_infomin(runs: Runs) -> Claim:
    """Gaps are larger under P(Ortho) than under InfoMin, at the higher strength."""
    p_ortho, infomin = (runs.of("DC-BC", method, HIGH) for method in ("p_ortho", "infomin"))
    return Claim(
        "P(Ortho) results in some disentanglement, unlike InfoMin: its gaps are larger.",
        "section 4.2.1, Tables 2 and 3",
        [
            Effect(
                f"gap on {t}, P(Ortho) less InfoMin, λ = {HIGH:g}", compare(runs, p_ortho, infomin, gap_of(t)), above(0)
            )
            for t in BOTH
        ],
    )


def ortho_gaps_exceed_sampling_error(runs: Runs) -> Claim:
    """Gaps are larger than those of equally good halves on as many test images."""

    def excess(task: str) -> Measure:
        # E|x| of a centred normal x is its standard deviation times sqrt(2 / pi)
        return lambda run: gap_of(task)(run) - run.gap_error(task) * math.sqrt(2 / math.pi)

    return Claim(
        "Orthogonality gives some disentanglement, as gaps are nonzero: larger than equally good halves would show on "
        "these test images.",
        "section 4.2.1, Table 3",
        [
            Effect(
                f"gap on {t} less its expectation without a difference, {method}, λ = {HIGH:g}",
                values(runs.of("DC-BC", method, HIGH), excess(t)),
                above(0),
            )
            for method in ("ortho", "p_ortho")
            for t in BOTH
        ],
    )


def ortho_gaps_fall_short_of_supervision(runs: Runs) -> Claim:
    """The gaps of P(Ortho) are smaller than those of halves that are told their factor."""
    regularized, told = runs.of("DC-BC", "p_ortho", HIGH), runs.of("DC-BC", "supervised", 0)
    return Claim(
        "The gaps of P(Ortho) are not as large as those of the supervised reference.",
        "section 4.2.1, Tables 1 and 3",
        [
            Effect(
                f"gap on {t}, P(Ortho) less supervised",
                compare(runs, regularized, told, gap_of(t), gap_of(t, "r")),
                below(0),
            )
            for t in BOTH
        ],
    )


def digit_gaps_vary_less(runs: Runs) -> Claim:
    """Over reruns of P(Ortho), gaps on DC are larger than those on BC and vary less."""
    reruns = runs.of("DC-BC", "p_ortho", HIGH)
    dc, bc = ([gap_of(task)(run) for run in reruns.values()] for task in BOTH)
    return Claim(
        "Under P(Ortho), digits are prioritised: gaps on DC are larger than on BC, with lower variance.",
        "section A.5.1, Table 8",
        [
            Effect("gap on DC less gap on BC", values(reruns, less(gap_of("DC"), gap_of("BC"))), above(0)),
            Effect("variance of gaps, DC over BC", partial(paired_variance_ratio, dc, bc), below(1), "times"),
        ],
    )


def location_gaps_stay_small(runs: Runs) -> Claim:
    """On DC-DL, halves differ little on location under orthogonality."""
    return Claim(
        f"On DC-DL, there is little difference between the halves on location (a mean gap below {MARGIN:g} points).",
        "section A.4.3, Table 6",
        [
            Effect(
                f"gap on DL, {method}, λ = {lam:g}", values(runs.of("DC-DL", method, lam), gap_of("DL")), below(MARGIN)
            )
            for method in ("ortho", "p_ortho")
            for lam in (LOW, HIGH)
        ],
    )


def location_gaps_grow_with_lam(runs: Runs) -> Claim:
    """On DC-DL without P, the gap on location is larger with the higher strength."""
    return Claim(
        "On DC-DL without P, the gap on location increases with λ.",
        "section A.4.3, Table 6",
        of_strength(runs, "DC-DL", "ortho", {"gap on DL": gap_of("DL")}, above(0)),
        remark=CEILING,
    )


def p_narrows_gaps_on_dc_dl(runs: Runs) -> Claim:
    """On DC-DL, averaged over both strengths, gaps and the accuracy of z on digits are lower with P."""
    with_p, without = ([runs.of("DC-DL", m, lam) for lam in (LOW, HIGH)] for m in ("p_ortho", "ortho"))
    measures: dict[str, Measure] = {f"gap on {t}": gap_of(t) for t in ("DC", "DL")} | {"z DC": accuracy_of("z", "DC")}
    return Claim(
        "On DC-DL, P makes the gaps smaller and z less accurate on digits, averaged over λ.",
        "section A.4.3, Table 6",
        [
            Effect(f"{what}, with P less without", compare(runs, with_p, without, measure), below(0))
            for what, measure in measures.items()
        ],
        remark=CEILING,
    )


PLACE = 2
CLAIMS = (
    ortho_costs_accuracy_at_higher_lam,
    p_ortho_keeps_accuracy_at_higher_lam,
    p_raises_halves,
    p_prevents_loss_of_information,
    p_widens_gaps,
    p_gaps_do_not_grow_with_lam,
    p_ortho_has_the_best_halves,
    p_ortho_disentangles_more_than_infomin,
    ortho_gaps_exceed_sampling_error,
    ortho_gaps_fall_short_of_supervision,
    digit_gaps_vary_less,
    location_gaps_stay_small,
    location_gaps_grow_with_lam,
    p_narrows_gaps_on_dc_dl,
)
