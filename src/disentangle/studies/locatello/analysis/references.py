"""What trained models are to be compared with: an encoder that was never trained, and chance."""

import pandas as pd

from disentangle.reporting.statistics import SHARE, mean_within
from disentangle.reporting.tables import markdown_table
from disentangle.studies.locatello.analysis.drawing import short
from disentangle.studies.locatello.analysis.layout import measured
from disentangle.studies.locatello.analysis.results import SCORES, chance_of, models


def references(table: pd.DataFrame) -> str:
    """Return mean scores of one dataset's trained models, of its untrained encoders, and of permuted codes."""
    shuffled = {name: chance_of(place) for name, place in SCORES.items()}
    groups = {
        "all trained models": models(table, SCORES),
        "untrained encoder": models(table, SCORES, control=True),
        "chance (codes of other images)": models(table, shuffled),
    }
    rows: list[list[object]] = []
    for name, own in groups.items():
        found = [mean_within(own[score].to_list(), SHARE) for score in SCORES]
        entries = [measured(mean.value, mean.low, mean.high, 3) if mean.n else "–" for mean in found]
        rows.append([name, len(own), *entries])
    return markdown_table(["", "models", *map(short, SCORES)], rows)
