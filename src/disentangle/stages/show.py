"""Print the reports that params.yaml asks for, as far as their list of single cells, and where they lie."""

import argparse
from pathlib import Path

DETAILS = "\n## Every cell"


def run(given: argparse.Namespace) -> None:
    """Print each report that has been made, and where the pages lie."""
    for target in map(Path, given.settings.targets):
        if target.suffix == ".md":
            text = target.read_text() if target.exists() else "not made yet\n"
            print(text.split(DETAILS)[0].rstrip())
            print(f"\nThe whole report: {target}; its values: {target.with_suffix('.csv')}")
        else:
            print(f"{target}: {'open it in a browser' if target.exists() else 'not made yet'}")
