"""Claims on total correlation and on the agreement of scores: Locatello 2019, key results 1 and 2."""

from functools import partial

from disentangle.reporting.claim import Claim, Effect, above, below
from disentangle.studies.locatello.analysis.agreement import agreement, rank_correlations
from disentangle.studies.locatello.analysis.results import method_title
from disentangle.studies.locatello.analysis.seeds import difference
from disentangle.studies.locatello.analysis.study import STRONG, Study
from disentangle.studies.locatello.analysis.trend import trend

PENALISED = ("beta_vae", "factor_vae", "beta_tcvae", "dip_vae_i", "dip_vae_ii")
"""Methods whose strength multiplies a regularizer."""
MEANS_FREE = tuple(method for method in PENALISED if method != "dip_vae_i")
ON_TREND = "Rank correlation of strength and total correlation within a seed, meaned over datasets."


def sampled_total_correlation_falls(study: Study) -> Claim:
    """The total correlation of sampled codes ranks against strength, for each method."""
    return Claim(
        "A stronger regularizer lowers the total correlation of the sampled codes.",
        "section 5.2, Fig. 1",
        [
            Effect(f"{method_title(m)}, sampled", partial(trend, study.models, m, "TC (sampled)"), below(0), "")
            for m in PENALISED
        ],
        remark=ON_TREND,
    )


def mean_total_correlation_rises(study: Study) -> Claim:
    """The total correlation of mean codes ranks with strength, for each method but DIP-VAE-I."""
    return Claim(
        "A stronger regularizer raises the total correlation of the mean codes, for all methods but DIP-VAE-I.",
        "section 5.2, Fig. 1",
        [
            Effect(f"{method_title(m)}, mean", partial(trend, study.models, m, "TC (mean)"), above(0), "")
            for m in MEANS_FREE
        ],
        remark=ON_TREND,
    )


def dip_vae_i_is_the_exception(study: Study) -> Claim:
    """Under DIP-VAE-I the total correlation of mean codes falls."""
    return Claim(
        "DIP-VAE-I, which penalises the covariance of the means, is the exception: there it falls.",
        "section 5.2",
        [Effect("DIP-VAE-I, mean", partial(trend, study.models, "dip_vae_i", "TC (mean)"), below(0), "")],
        remark=ON_TREND,
    )


def scores_agree(study: Study) -> Claim:
    """The scores without Modularity correlate positively in the mean, on each dataset."""
    return Claim(
        "All scores except Modularity are positively correlated with each other: the mean over their pairs.",
        "section 5.3, Fig. 2",
        [
            Effect(f"{name}, mean of ten pairs", agreement(own)["without Modularity"].interval, above(0), "")
            for name, own in study.datasets.items()
        ],
    )


def modularity_agrees_less(study: Study) -> Claim:
    """Pairs with Modularity correlate less than pairs without, on each dataset."""
    return Claim(
        "Modularity is the exception: its pairs correlate less than those of the other scores, in the mean.",
        "section 5.3, Fig. 2",
        [
            Effect(
                f"{name}, pairs with less pairs without Modularity",
                difference(found["with Modularity"], found["without Modularity"]).interval,
                below(0),
                "",
            )
            for name, found in ((name, agreement(own)) for name, own in study.datasets.items())
        ],
    )


def two_pairs_agree_strongly(study: Study) -> Claim:
    """BetaVAE and FactorVAE scores, and MIG and DCI, correlate strongly on each dataset."""
    pairs = [("BetaVAE Score", "FactorVAE Score"), ("MIG", "DCI Disentanglement")]
    return Claim(
        f"The pairs BetaVAE–FactorVAE and MIG–DCI are strongly correlated (above {STRONG:g}).",
        "section 5.3, Fig. 2",
        [
            Effect(f"{name}, {a} – {b}", statistic.interval, above(STRONG), "")
            for name, own in study.datasets.items()
            for (a, b), statistic in rank_correlations(own, pairs).items()
        ],
        remark="The paper gives no threshold; this is where a correlation is called large by convention (Cohen).",
    )


CLAIMS = (
    sampled_total_correlation_falls,
    mean_total_correlation_rises,
    dip_vae_i_is_the_exception,
    scores_agree,
    modularity_agrees_less,
    two_pairs_agree_strongly,
)
