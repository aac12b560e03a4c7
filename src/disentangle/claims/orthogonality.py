"""Claims on orthogonality, with and without the permutation P: Burns 2021, sections 4.2.1, A.4.3 and A.5.1."""

import math

from disentangle.reporting.claim import MARGIN, Claim, Effect, above, below
from disentangle.reporting.runs import HIGH, LOW, Runs, accuracy_of, compare, gap_of, mean_half, values
from disentangle.reporting.statistics import mean_interval, paired_variance_ratio

BOTH = ("DC", "BC")


def ortho_costs_accuracy_at_higher_lam(runs: Runs) -> Claim:
    """Without P, the higher strength lowers z and its halves on both tasks."""
    high, low = (runs.of("DC-BC", "ortho", lam) for lam in (HIGH, LOW))
    return Claim(
        "Without P, the higher λ hurts the accuracy of z and of its halves.",
        "section 4.2.1, Table 3",
        [
            Effect(f"{what} {task}, λ = {HIGH:g} less {LOW:g}", compare(runs, high, low, measure(task)), below(0))
            for what, measure in (("z", lambda t: accuracy_of("z", t)), ("mean half", mean_half))
            for task in BOTH
        ],
    )


def p_ortho_keeps_accuracy_at_higher_lam(runs: Runs) -> Claim:
    """With P, the higher strength lowers z by less than the margin."""
    high, low = (runs.of("DC-BC", "p_ortho", lam) for lam in (HIGH, LOW))
    return Claim(
        f"With P, the higher λ no longer hurts: z loses less than {MARGIN:g} points.",
        "section 4.2.1, Table 3",
        [
            Effect(f"z {t}, λ = {HIGH:g} less {LOW:g}", compare(runs, high, low, accuracy_of("z", t)), above(-MARGIN))
            for t in BOTH
        ],
    )


def p_ortho_raises_halves_at_higher_lam(runs: Runs) -> Claim:
    """With P, the higher strength raises the halves' accuracy."""
    high, low = (runs.of("DC-BC", "p_ortho", lam) for lam in (HIGH, LOW))
    return Claim(
        "With P, the accuracy of the halves rises with λ.",
        "section 4.2.1, Table 3",
        [
            Effect(f"mean half {t}, λ = {HIGH:g} less {LOW:g}", compare(runs, high, low, mean_half(t)), above(0))
            for t in BOTH
        ],
    )


def p_prevents_loss_of_information(runs: Runs) -> Claim:
    """At the higher strength z and its halves are more accurate with P than without."""
    with_p, without = (runs.of("DC-BC", method, HIGH) for method in ("p_ortho", "ortho"))
    return Claim(
        "P prevents loss of information: z and its halves are more accurate with it.",
        "section 4.2.1, Table 3",
        [
            Effect(
                f"{what} {task}, with P less without, λ = {HIGH:g}",
                compare(runs, with_p, without, measure(task)),
                above(0),
            )
            for what, measure in (("z", lambda t: accuracy_of("z", t)), ("mean half", mean_half))
            for task in BOTH
        ],
    )


def p_widens_gaps(runs: Runs) -> Claim:
    """Averaged over both strengths, gaps are larger with P on both tasks."""
    with_p, without = ([runs.of("DC-BC", m, lam) for lam in (LOW, HIGH)] for m in ("p_ortho", "ortho"))
    return Claim(
        "P results in larger gaps on both tasks, averaged over λ.",
        "section 4.2.1, Table 3",
        [Effect(f"gap on {t}, with P less without", compare(runs, with_p, without, gap_of(t)), above(0)) for t in BOTH],
        remark="The paper's own Table 3 says otherwise on BC.",
    )


def ortho_gaps_exceed_sampling_error(runs: Runs) -> Claim:
    """Gaps are larger than those of equally good halves on as many test images."""
    return Claim(
        "Orthogonality gives some disentanglement, as gaps are nonzero: larger than equally good halves would show on "
        "these test images.",
        "section 4.2.1, Table 3",
        [
            Effect(
                f"gap on {task} less its expectation without a difference, {method}, λ = {HIGH:g}",
                mean_interval(
                    [
                        # E|x| of a centred normal x is its standard deviation times sqrt(2 / pi)
                        gap_of(task)(run) - run.gap_error(task) * math.sqrt(2 / math.pi)
                        for run in runs.of("DC-BC", method, HIGH).values()
                    ]
                ),
                above(0),
            )
            for method in ("ortho", "p_ortho")
            for task in BOTH
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
            Effect("gap on DC less gap on BC", mean_interval([a - b for a, b in zip(dc, bc, strict=True)]), above(0)),
            Effect("variance of gaps, DC over BC", paired_variance_ratio(dc, bc), below(1), "times"),
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


def p_narrows_gaps_on_dc_dl(runs: Runs) -> Claim:
    """On DC-DL, averaged over both strengths, gaps on digits and the accuracy of z are lower with P."""
    with_p, without = ([runs.of("DC-DL", m, lam) for lam in (LOW, HIGH)] for m in ("p_ortho", "ortho"))
    return Claim(
        "On DC-DL, P makes the gaps smaller and the accuracy of z lower, averaged over λ.",
        "section A.4.3, Table 6",
        [
            Effect("gap on DC, with P less without", compare(runs, with_p, without, gap_of("DC")), below(0)),
            Effect("z DC, with P less without", compare(runs, with_p, without, accuracy_of("z", "DC")), below(0)),
        ],
    )


CLAIMS = (
    ortho_costs_accuracy_at_higher_lam,
    p_ortho_keeps_accuracy_at_higher_lam,
    p_ortho_raises_halves_at_higher_lam,
    p_prevents_loss_of_information,
    p_widens_gaps,
    ortho_gaps_exceed_sampling_error,
    ortho_gaps_fall_short_of_supervision,
    digit_gaps_vary_less,
    location_gaps_stay_small,
    p_narrows_gaps_on_dc_dl,
)
