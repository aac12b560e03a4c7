"""Print the reports that params.yaml asks for, as far as their list of single cells, and where they lie."""

import argparse
from pathlib import Path

from disentangle import params

DETAILS = "\n## Every cell"


def run(given: argparse.Namespace) -> None:  # noqa: ARG001 (every stage is given its arguments)
    """Print each report that has been made."""
    for target in params.load().targets:
        text = Path(target).read_text() if Path(target).exists() else "not made yet\n"
        print(text.split(DETAILS)[0].rstrip())
        print(f"\nThe whole report: {target}; its values: {Path(target).with_suffix('.csv')}")
