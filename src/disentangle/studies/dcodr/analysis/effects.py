"""What claims are tested on: numbers of cells by seed, and the paper's beside them."""

import math

import pandas as pd

from disentangle.studies.dcodr.analysis.results import (
    DOMAIN,
    OPTIMUM,
    PREDICTOR,
    DomainResults,
    longest_rule,
    predictions,
    scores,
    shortest_rule,
)


def domain(results: DomainResults, dataset: str, entry: str, rule: str = "", probe: str = PREDICTOR) -> pd.Series:
    """Return how often the domain is told right, by seed; by default at the predictor's most patient rule."""
    own = predictions(results)
    chosen = rule or (longest_rule(results) if probe == PREDICTOR else OPTIMUM)
    own = own[(own["dataset"] == dataset) & (own["entry"] == entry) & (own["label"] == DOMAIN)]
    return own[(own["probe"] == probe) & (own["rule"] == chosen)].groupby("seed")["accuracy"].mean()


def attributes(results: DomainResults, dataset: str, entry: str) -> pd.Series:
    """Return how often attributes are told right by the paper's rule, by seed, meaned over them."""
    own = predictions(results)
    own = own[(own["dataset"] == dataset) & (own["entry"] == entry) & (own["label"] != DOMAIN)]
    return own[(own["probe"] == PREDICTOR) & (own["rule"] == shortest_rule(results))].groupby("seed")["accuracy"].mean()


def score(results: DomainResults, dataset: str, entry: str, name: str, metric: str = "retrieval") -> pd.Series:
    """Return a score by seed."""
    own = scores(results)
    own = own[(own["dataset"] == dataset) & (own["entry"] == entry)]
    return own[(own["metric"] == metric) & (own["score"] == name)].groupby("seed")["value"].mean()


def chance(results: DomainResults, dataset: str) -> float:
    """Return the share of the most frequent domain among the test images."""
    own = predictions(results)
    return float(own[(own["dataset"] == dataset) & (own["label"] == DOMAIN)]["chance"].mean())


def printed(results: DomainResults, table: int, entry: str, attribute: str) -> float:
    """Return a number of the paper's Tables 3 to 7, of an entry or of "Optimal"."""
    name, column = ("representation", "score") if table in (3, 4) else ("retrieval", "accuracy")
    own = results.published[name]
    own = own[(own["table"] == table) & (own["method"] == entry) & (own["attribute"] == attribute)]
    return float(own[column].iloc[0]) if len(own) else math.nan


def printed_attributes(results: DomainResults, table: int, entry: str) -> float:
    """Return the mean over the attributes of the paper's Table 3 or 4."""
    own = results.published["representation"]
    own = own[(own["table"] == table) & (own["method"] == entry) & (own["attribute"] != DOMAIN)]
    return float(own["score"].mean())
