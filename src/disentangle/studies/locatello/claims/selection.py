"""Claims on methods, strengths, seeds and model selection: Locatello 2019, key results 3 and 4."""

import numpy as np

from disentangle.reporting.claim import Claim, Effect, PaperEffect, above, below
from disentangle.studies.locatello.analysis.agreement import rank_correlations
from disentangle.studies.locatello.analysis.results import SCORES, UNSUPERVISED
from disentangle.studies.locatello.analysis.seeds import Statistic, average, combined, difference
from disentangle.studies.locatello.analysis.selection import most_wins
from disentangle.studies.locatello.analysis.study import STRONG, Study, mean_published
from disentangle.studies.locatello.analysis.transfer import TARGETS, TIES, cube, rate, trials
from disentangle.studies.locatello.analysis.variance_explained import (
    PUBLISHED_GROUPS,
    PUBLISHED_MODELS,
    REGRESSORS,
    adjusted,
    share,
)

SEEDS_MATTER = 20.0
"""Percent of variance: half of the 41 % that the paper's settings leave to the seed."""
METHOD, SETTING = REGRESSORS
AGREEING = tuple(score for score in SCORES if score != "Modularity")
"""Scores that agree with each other; what is to correlate with Modularity as well could hardly pass."""
HALF = 50.0


def _explained(study: Study, regressors: str) -> dict[str, Statistic]:
    """Return adjusted shares in percent, meaned over the scores, by dataset."""
    found = {}
    for name, own in study.datasets.items():
        shares = [share(own, score, regressors).adjusted for score in SCORES]
        found[name] = average([Statistic(100 * s.draws, s.seeds, test=s.test) for s in shares], (-np.inf, 100))
    return found


def _published(study: Study, regressors: str) -> float:
    """Return the paper's mean share over all datasets and scores in percent, adjusted."""
    printed = mean_published(
        study.published("variance_explained"), "percent", lambda table: table["regressors"] == regressors
    )
    return 100 * adjusted(printed / 100, PUBLISHED_MODELS, PUBLISHED_GROUPS[regressors])


def strength_explains_more_than_method(study: Study) -> Claim:
    """Method and strength explain more than the method alone, adjusted for their number."""
    alone, both = _explained(study, METHOD), _explained(study, SETTING)
    return Claim(
        "The strength matters beside the method: together they explain more of the scores' variance.",
        "section 5.4, Table 1",
        [
            PaperEffect(
                f"{name}, adjusted R² of both less that of the method",
                difference(both[name], alone[name]).interval,
                above(0),
                "percent",
                _published(study, SETTING) - _published(study, METHOD),
            )
            for name in study.datasets
        ],
        remark="Unadjusted R² can only grow. The paper's number is of all its datasets and scores.",
    )


def method_explains_less_than_half(study: Study) -> Claim:
    """The method explains less of the variance than strength and seed do."""
    return Claim(
        f"Strength and seed matter more than the method, which explains less than half ({HALF:g} %) of the variance.",
        "section 5.4, Table 1",
        [
            PaperEffect(
                f"{name}, adjusted R² of the method", found.interval, below(HALF), "percent", _published(study, METHOD)
            )
            for name, found in _explained(study, METHOD).items()
        ],
    )


def seeds_matter(study: Study) -> Claim:
    """A substantial share of the variance lies between seeds of a setting."""
    return Claim(
        f"The random seed matters: it is left with more than {SEEDS_MATTER:g} % of the scores' variance.",
        "section 5.4, Table 1",
        [
            PaperEffect(
                f"{name}, 100 less adjusted R² of method and strength",
                Statistic(100 - found.draws, found.seeds, (0, np.inf), found.test).interval,
                above(SEEDS_MATTER),
                "percent",
                100 - _published(study, SETTING),
            )
            for name, found in _explained(study, SETTING).items()
        ],
        remark="The paper gives no threshold; this is half of what its own table leaves.",
    )


def no_method_dominates(study: Study) -> Claim:
    """No method has the best setting for every score on every dataset."""
    return Claim(
        "No method consistently dominates: none has the best setting on all datasets and scores.",
        "section 5.5",
        [
            Effect(
                "largest share of datasets and scores that one method wins",
                most_wins(study.models).interval,
                below(100),
                "percent",
            )
        ],
        remark="Settings are compared by their means over seeds. One method that wins everywhere would contradict it.",
    )


def no_unsupervised_score_tells(study: Study) -> Claim:
    """No unsupervised score correlates strongly, and the same way, with every score on every dataset."""
    printed = study.published("unsupervised_selection_shapes3d")
    effects = []
    for name in UNSUPERVISED:
        pairs = [(name, score) for score in AGREEING]
        found = [s for own in study.datasets.values() for s in rank_correlations(own, pairs).values()]
        theirs = printed.loc[printed["score"] == name, "rank_correlation_percent"].to_numpy() / 100
        effects.append(
            PaperEffect(
                f"{name}, weakest correlation in its better direction",
                combined(_weakest, found, (-1, 1)).interval,
                below(STRONG),
                "",
                float(_weakest(theirs[:, None])[0]),
            )
        )
    return Claim(
        "No unsupervised score is consistently correlated with the disentanglement scores: none strongly (above "
        f"{STRONG:g}) and in one direction with each of them but Modularity on each dataset.",
        "section 5.5",
        effects,
        remark="The paper's numbers are of Shapes3D, Modularity among them; the direction is free, so that signs of a "
        "loss do not matter.",
    )


def _weakest(correlations: np.ndarray) -> np.ndarray:
    """Return of correlations (k, B) the least one, all of them negated or not, whichever makes it larger."""
    found: np.ndarray = np.maximum(correlations.min(axis=0), (-correlations).min(axis=0))
    return found


def settings_transfer_worse_elsewhere(study: Study) -> Claim:
    """A picked setting beats a random one more often on the same dataset and score than on others."""
    scores, datasets, seeds = cube(study.models)
    rates = {t: rate(found, np.array(seeds)) for t, found in trials(scores, TIES["success"]).items()}
    printed = study.published("transfer_success").set_index("setting")["percent"].to_dict()
    same, other, neither = (True, True), (True, False), (False, False)

    def effect(what: str, a: tuple[bool, bool], b: tuple[bool, bool]) -> PaperEffect:
        theirs = printed[TARGETS[a]] - printed[TARGETS[b]]
        return PaperEffect(what, difference(rates[a], rates[b]).interval, above(0), "points", theirs)

    return Claim(
        "A good setting transfers less well to another dataset, and less still to another dataset and score.",
        "section 5.5",
        [
            effect("success on the same dataset less that on another, same score", same, other),
            effect("success on another dataset, same score less other score", other, neither),
        ],
        remark=f"Success against a random setting of the target seed, ties included; {len(datasets)} dataset(s).",
    )


CLAIMS = (
    strength_explains_more_than_method,
    method_explains_less_than_half,
    seeds_matter,
    no_method_dominates,
    no_unsupervised_score_tells,
    settings_transfer_worse_elsewhere,
)
