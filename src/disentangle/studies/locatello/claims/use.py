"""Claims on downstream tasks, after Locatello 2019, key result 5, and ours on what training adds."""

from functools import partial

import pandas as pd

from disentangle.cells import format_lam
from disentangle.reporting.claim import Claim, PaperEffect, above, below
from disentangle.reporting.statistics import Interval, mean_interval, two_sample_interval
from disentangle.studies.locatello.analysis.agreement import rank_correlations
from disentangle.studies.locatello.analysis.results import SIZES, by_dataset
from disentangle.studies.locatello.analysis.seeds import average
from disentangle.studies.locatello.analysis.study import CHANCE, Study, mean_published

JUDGES = ("MIG", "DCI Disentanglement")
TREES = [f"GBT{size}" for size in SIZES]
EFFICIENCY = "Efficiency (GBT)"


def trees_do_better_on_disentangled_codes(study: Study) -> Claim:
    """MIG and DCI correlate with the accuracy of boosted trees, meaned over sizes."""
    printed = study.published("downstream_dsprites")
    effects = []
    for name, own in study.datasets.items():
        for judge in JUDGES:
            found = average([*rank_correlations(own, [(judge, task) for task in TREES]).values()], (-1, 1))
            theirs = mean_published(
                printed,
                "rank_correlation_percent",
                lambda t, judge=judge: (t["metric"] == judge) & t["downstream"].isin(TREES),  # type: ignore[misc]
            )
            effects.append(PaperEffect(f"{name}, {judge} and GBT accuracy", found.interval, above(0), "", theirs / 100))
    return Claim(
        "Boosted trees tell the factors better from codes with higher DCI and MIG, meaned over training sizes.",
        "section 5.6, Fig. 5",
        effects,
        remark="The paper's numbers are of dSprites; it finds this on dSprites and Shapes3D, and not elsewhere.",
    )


def efficiency_does_not_rise(study: Study) -> Claim:
    """The efficiency of boosted trees does not rank with the FactorVAE score on every dataset."""
    printed = study.published("downstream_dsprites")
    theirs = mean_published(
        printed,
        "rank_correlation_percent",
        lambda t: (t["metric"] == "FactorVAE Score") & (t["downstream"] == EFFICIENCY),
    )
    pair = ("FactorVAE Score", EFFICIENCY)
    return Claim(
        "A higher FactorVAE score does not go with a higher sample efficiency of boosted trees everywhere: on some "
        "dataset they are not positively correlated.",
        "section 5.6, Fig. 6",
        [
            PaperEffect(
                f"{name}, FactorVAE Score and efficiency",
                rank_correlations(own, [pair])[pair].interval,
                below(0),
                "",
                theirs / 100,
            )
            for name, own in study.datasets.items()
        ],
        holds="any",
        remark="The paper says that scores do not reliably raise it; its number is of dSprites, where its own table "
        "says that they are related.",
    )


def beta_vae_at_its_strongest_beats_untrained(study: Study) -> Claim:
    """β-VAE with the largest β has MIG and DCI above untrained encoders and above chance, on each dataset."""
    own = study.models[study.models["method"] == "beta_vae"]
    strongest = own[own["strength"] == own["strength"].max()]
    effects = [
        PaperEffect(f"{study.results.title(dataset)}, {judge} less {name}", test, above(0), "")
        for dataset, rows in by_dataset(strongest).items()
        for judge in JUDGES
        for name, test in (
            ("untrained", partial(_above_control, rows, study.control, dataset, judge)),
            ("chance", partial(mean_interval, (rows[judge] - rows[CHANCE + judge]).to_list())),
        )
    ]
    return Claim(
        "Training disentangles: β-VAE at its strongest setting has a higher MIG and DCI than an untrained encoder, and "
        "than chance.",
        "ours",
        effects,
        remark="Untrained encoders of the same seeds; chance deals a model's codes to other images.",
    )


def beta_vae_at_some_strength_beats_untrained(study: Study) -> Claim:
    """β-VAE at one of its strengths is above untrained and chance in MIG and DCI, on all datasets."""
    own = study.models[study.models["method"] == "beta_vae"]
    return Claim(
        "Training disentangles at some strength of β-VAE: in both MIG and DCI, above an untrained encoder and chance, "
        "on all datasets.",
        "ours",
        [
            PaperEffect(
                f"β = {format_lam(float(str(lam)))}, least of all margins of a seed",
                partial(mean_interval, _least_margins(rows, study.control)),
                above(0),
                "",
            )
            for lam, rows in own.groupby("lam")
        ],
        holds="any",
        remark="The least margin over scores, references and datasets, seed by seed, which is a cautious number.",
    )


def _above_control(
    rows: pd.DataFrame, control: pd.DataFrame, dataset: str, score: str, confidence: float = 0.95
) -> Interval:
    """Return the mean of a score less that of untrained encoders: seed by seed where they share seeds, else Welch's."""
    of_control = control[control["dataset"] == dataset].set_index("seed")[score].dropna()
    ours = rows.set_index("seed")[score].dropna()
    shared = ours.index.intersection(of_control.index)
    if len(shared) >= min(2, len(ours)):
        return mean_interval((ours[shared] - of_control[shared]).to_list(), confidence)
    return two_sample_interval(ours.to_list(), of_control.to_list(), confidence)


def _least_margins(rows: pd.DataFrame, control: pd.DataFrame) -> list[float]:
    """Return, a number a seed that untrained encoders have too, the least margin; NaN where one is unknown."""
    keys = ["dataset", "seed"]
    beside = rows.merge(control[[*keys, *JUDGES]], on=keys, suffixes=("", " untrained"), how="inner")
    margins = pd.concat([beside[j] - beside[other] for j in JUDGES for other in (f"{j} untrained", CHANCE + j)], axis=1)
    least = margins.min(axis=1, skipna=False).groupby(beside["seed"]).agg(lambda values: values.min(skipna=False))
    return least.to_list()


CLAIMS = (
    trees_do_better_on_disentangled_codes,
    efficiency_does_not_rise,
    beta_vae_at_its_strongest_beats_untrained,
    beta_vae_at_some_strength_beats_untrained,
)
