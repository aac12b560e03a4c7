"""Claims of the paper on augmentations."""

import pandas as pd

from disentangle.reporting.claim import Claim, above, below
from disentangle.reporting.seeds import effect
from disentangle.studies.dcodr.analysis.effects import attributes
from disentangle.studies.dcodr.analysis.invariance import MEASURES, averaged, found, published
from disentangle.studies.dcodr.analysis.results import DomainResults

PLACE = 2
IGNORED = ("gaussian_blur", "high_contrast", "high_saturation")
NORB = "smallnorb_by_toy"


def autoencoders_ignore_three(results: DomainResults) -> Claim:
    """Blur, contrast and saturation move a reconstruction least."""
    ours, theirs = averaged(found(results)), published(results, "Average")
    effects = []
    for measure in MEASURES:
        own = ours[ours["measure"] == measure].pivot_table(index="seed", columns="augmentation", values="value")
        printed = pd.Series({name: value for (name, of), (value, _) in theirs.items() if of == measure})
        margins = [_margin(row) for _, row in own.iterrows()]
        effects.append(
            effect(f"{measure}: largest of the three less the smallest other", margins, below(0), _margin(printed))
        )
    return Claim(
        "Autoencoders are more invariant to Gaussian blur, high contrast and high saturation than to any other of the "
        "thirteen augmentations.",
        "Table 1",
        effects,
        remark="The published f_norm of blur is the sum of its three datasets, 0.315; their mean is 0.105.",
    )


def crop_is_the_most_informative(results: DomainResults) -> Claim:
    """Of single augmentations, crop leaves most in the code."""
    names = (
        [entry for entry in results.entries(NORB) if entry.startswith("only_")] if NORB in results.datasets() else []
    )
    by_entry = pd.DataFrame({name: attributes(results, NORB, name) for name in names})
    crop = by_entry.pop("only_crop") if "only_crop" in by_entry else pd.Series(dtype=float)
    margins = [float(value) for value in (crop - by_entry.median(axis=1)).dropna()]
    best = [float(value) for value in (crop - by_entry.max(axis=1)).dropna()]
    return Claim(
        "Of single augmentations, crop gives the most informative codes of SmallNORB.",
        "section 1.2, Fig. 1",
        [
            effect("attributes told right, crop less the median of the others", margins, above(0)),
            effect("attributes told right, crop less the best of the others", best, above(0)),
        ],
        remark="The paper says extremely well, and prints no number.",
    )


def _margin(row: pd.Series) -> float:
    ignored = row.index.isin(IGNORED)
    return float(row[ignored].max() - row[~ignored].min()) if ignored.any() else float("nan")


CLAIMS = (autoencoders_ignore_three, crop_is_the_most_informative)
