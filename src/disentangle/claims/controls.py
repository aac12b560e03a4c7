"""What the paper does not ask: against controls without a regularizer, a coin, and the test set's own error."""

from disentangle.reporting.claim import Claim, Effect, above
from disentangle.reporting.runs import HIGH, LOW, Runs, compare, count, gap_of, is_diagonal
from disentangle.reporting.statistics import proportion_interval, share_interval

BOTH = ("DC", "BC")
CONTROLS: dict[str, dict[str, int]] = {"two heads": {}, "one head": {"heads": 1}}
"""The readings of ``infomax``, by the number of heads."""
REGULARIZERS = dict.fromkeys(("infomin", "ortho", "p_ortho"), "two heads") | {"hessian": "one head"}
"""Each regularizer with its control: the model of as many heads."""


def a_regularizer_beats_none(runs: Runs) -> Claim:
    """Some regularizer at some strength gives larger gaps than the same model without one."""
    settings = [(method, lam, task) for method in REGULARIZERS for lam in (LOW, HIGH) for task in BOTH]
    return Claim(
        "Some regularizer gives larger gaps than the same model with λ = 0.",
        "ours: the paper has no run without a regularizer",
        [
            Effect(
                f"gap on {task}, {method} with λ = {lam:g} less λ = 0",
                compare(
                    runs,
                    runs.of("DC-BC", method, lam),
                    runs.of("DC-BC", "infomax", 0, **CONTROLS[REGULARIZERS[method]]),
                    gap_of(task),
                    confidence=1 - 0.05 / len(settings),
                ),
                above(0),
            )
            for method, lam, task in settings
        ],
        holds="any",
        remark=f"Intervals are simultaneous (Bonferroni over {len(settings)} comparisons).",
    )


def diagonal_beats_a_coin(runs: Runs) -> Claim:
    """Under some regularizer, halves are diagonal in more than every second run."""
    effects = []
    for method in REGULARIZERS:
        counted = [count(runs.of("DC-BC", method, lam), is_diagonal("DC-BC")) for lam in (LOW, HIGH)]
        found, n = (sum(part) for part in zip(*counted, strict=True))
        effects.append(
            Effect(
                f"diagonal runs, {method}, both λ",
                proportion_interval(found, n, 1 - 0.05 / len(REGULARIZERS)),
                above(50),
                "percent",
            )
        )
    return Claim(
        "Some regularizer makes halves diagonal more often than a coin would.",
        "ours: of halves that are alike, every second pair is diagonal",
        effects,
        holds="any",
        remark=f"Intervals are simultaneous (Bonferroni over {len(effects)} regularizers).",
    )


def gaps_are_mostly_sampling_error(runs: Runs) -> Claim:
    """More than half of the mean squared gap is what drawing other test images would change."""
    groups = {f"{method}, λ = {HIGH:g}": runs.of("DC-BC", method, HIGH) for method in REGULARIZERS}
    groups |= {f"{name}, λ = 0": runs.of("DC-BC", "infomax", 0, **heads) for name, heads in CONTROLS.items()}
    return Claim(
        "Most of the squared gap is the sampling error of the test set: other test images of the same kind would "
        "change it as much.",
        "ours",
        [
            Effect(
                f"share of the squared gap on {task}, {name}",
                share_interval(
                    [run.gap_error(task) ** 2 for run in group.values()],
                    [gap_of(task)(run) ** 2 for run in group.values()],
                ),
                above(50),
                "percent",
            )
            for name, group in groups.items()
            for task in BOTH
        ],
        remark="The error counts images that share a digit or a background instance as dependent.",
    )


CLAIMS = (a_regularizer_beats_none, diagonal_beats_a_coin, gaps_are_mostly_sampling_error)
