"""Write the front page: a card for each study that params.yaml lists at its scale."""

import argparse
import os
from typing import get_args

from disentangle import files
from disentangle.pipeline import outputs, provenance
from disentangle.pipeline.jobs import Jobs
from disentangle.pipeline.params import Params
from disentangle.pipeline.sealed import making
from disentangle.pipeline.study import FRONT, study_of
from disentangle.reporting import page
from disentangle.reporting.claim import Verdict


def run(given: argparse.Namespace) -> None:
    """Read the cards of the studies and write the page that links to theirs."""
    settings = given.settings
    with making(Jobs(settings).front(), given.digest, given.anew) as work:
        if not work.done:
            _write(settings)


def _write(settings: Params) -> None:
    cards = []
    for study in map(study_of, outputs.shown_studies(settings)):
        card = files.read_json(study.card)
        picture = card["picture"] and os.path.relpath(card["picture"], FRONT.parent)
        verdicts = {verdict: card["verdicts"][verdict] for verdict in get_args(Verdict) if verdict in card["verdicts"]}
        page_of = os.path.relpath(study.page, FRONT.parent)
        cards.append({**card, "page": page_of, "picture": picture, "verdicts": verdicts})
    files.write_text(FRONT, page.render_front(cards, settings.scale, provenance.revision()))
