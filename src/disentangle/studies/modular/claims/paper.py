"""Claims of the paper."""

import math
from collections.abc import Iterator, Sequence

import pandas as pd

from disentangle.reporting.claim import Claim, PaperEffect, above
from disentangle.reporting.seeds import effect, less
from disentangle.studies.modular.analysis.results import (
    SCORES,
    VARIANTS,
    EditResults,
    cells_of,
    labels_of,
    printed_accuracy,
    printed_score,
    title_of,
    values,
)

PLACE = 1
OURS, BEFORE = "modular", "weak"
OTHERS = ("weak", "few_labels", "zerodim")


def labels_stay_constant(results: EditResults) -> Claim:
    """At 1,000 labels, the accuracy of a larger variant is below that of the smallest by no more than in the paper."""
    effects = []
    for family, variants in results.families().items():
        smallest, *larger = variants
        printed = {name: printed_accuracy(results, name, OURS)[0] for name in VARIANTS.values() if family in name}
        most = min(accuracy - printed[smallest] for accuracy in printed.values())
        for variant in larger:
            found = less(
                values(results, variants[variant], OURS, "published"),
                values(results, variants[smallest], OURS, "published"),
            )
            what = f"{variant} less {smallest}: published accuracy"
            effects.append(effect(what, found, above(most), printed[variant] - printed[smallest]))
    return Claim(
        "Labels can stay constant in the number of factors: with as many, M-AE is as accurate on a larger variant.",
        "Table 1, section 4",
        effects,
        remark="The bound is the largest loss that the paper's own numbers have over its variants of a data set.",
    )


def above_the_predecessor_at_equal_labels(results: EditResults) -> Claim:
    """M-AE beats the predecessor at its own number of labels, and at the predecessor's."""
    effects = []
    for dataset in results.datasets():
        theirs = values(results, dataset, BEFORE, "published")
        variant = results.variant(dataset)
        ours, before = (printed_accuracy(results, variant, entry)[0] for entry in (OURS, BEFORE))
        for entry in (OURS, *_as_many(results, dataset)):
            what = f"{results.title(dataset)}: published accuracy, {title_of(entry)} less {title_of(BEFORE)}"
            found = less(values(results, dataset, entry, "published"), theirs)
            effects.append(effect(what, found, above(0), ours - before if entry == OURS else math.nan))
    return Claim(
        "Relations are more accurate than those of the predecessor, with the labels of Table 1, or with as many.",
        "Table 1",
        effects,
        remark="Each in the form that the paper prints of it: the predecessor's component is one of all factors, and "
        "must be the right one in all.",
    )


def robust_to_the_size_of_a_variant(results: EditResults) -> Claim:
    """The accuracy varies less over variants of a data set than the predecessor's."""
    return Claim(
        "The accuracy depends less on the size of a variant than the predecessor's does.",
        "Table 1",
        [*_spreads(results)],
        remark="Largest less smallest published accuracy over the variants of a data set that there are here.",
    )


def scores_improve(results: EditResults) -> Claim:
    """DCI, MIG and SAP of decoded values are above those of the predecessor, of few labels and of ZeroDIM."""
    effects = []
    for dataset in results.datasets():
        variant = results.variant(dataset)
        for other in OTHERS:
            for metric in SCORES:
                ours = values(results, dataset, OURS, f"values_{metric}")
                found = less(ours, values(results, dataset, other, f"values_{metric}"))
                printed, theirs = (printed_score(results, variant, entry, metric) for entry in (OURS, other))
                what = f"{results.title(dataset)}: {metric.upper()}, less {title_of(other)}"
                effects.append(effect(what, found, above(0), printed - theirs))
    return Claim(
        "Scores of decoded values are better than those of the predecessor, of a few labels and of ZeroDIM.",
        "Table 2",
        effects,
        remark="The paper's numbers of the latter two are of their codes; ours are of the values that they decode.",
    )


def _spreads(results: EditResults) -> Iterator[PaperEffect]:
    for family, variants in results.families().items():
        datasets = [*variants.values()]
        if len(datasets) > 1:
            ours, theirs = (_spread(results, datasets, entry) for entry in (OURS, BEFORE))
            printed = [
                [printed_accuracy(results, variant, entry)[0] for variant in variants] for entry in (BEFORE, OURS)
            ]
            before, now = (max(found) - min(found) for found in printed)
            what = f"{family}: spread over {', '.join(variants)}, the predecessor's less M-AE's"
            yield effect(what, less(theirs, ours), above(0), before - now)


def _spread(results: EditResults, datasets: Sequence[str], entry: str) -> pd.Series:
    """Return largest less smallest over datasets, of the seeds that all have."""
    by_dataset = pd.DataFrame({name: values(results, name, entry, "published") for name in datasets}).dropna()
    return by_dataset.max(axis=1) - by_dataset.min(axis=1)


def _as_many(results: EditResults, dataset: str) -> list[str]:
    """Return the entries of the label curve that have as many labels as the predecessor has."""
    many = {entry: {*cells_of(results, dataset, entry)["labels"]} for entry in results.entries(dataset)}
    return [entry for entry in many if labels_of(entry) and many[entry] == many.get(BEFORE)]


CLAIMS = (
    labels_stay_constant,
    above_the_predecessor_at_equal_labels,
    robust_to_the_size_of_a_variant,
    scores_improve,
)
