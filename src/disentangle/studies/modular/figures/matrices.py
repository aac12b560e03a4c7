"""What each dimension of a code tells of each factor: the matrices that MIG and DCI are scores of."""

from dataclasses import dataclass

import pandas as pd
from matplotlib.figure import Figure as Drawing

from disentangle.evaluation.measured_codes import of_rows
from disentangle.evaluation.population import Population
from disentangle.reporting import code_matrices
from disentangle.reporting.layout import number
from disentangle.studies.modular.analysis.subject import Subject

SECTION = "What codes tell"
NEEDS = {"of": "every method", "files": ["run.json", "metrics.json", "codes.npz"], "seeds": 1}
"""It shows the first seed of a method, and reads these files of it."""


@dataclass(frozen=True)
class Figure:
    """Mutual information on the left, importances on the right."""

    def table(self, subject: Subject) -> pd.DataFrame:
        """Return one row a (dimension, factor): the share of the factor's entropy, and the importance."""
        grid = subject.images.grid
        stored = {key: subject.codes[key] for key in ("rows", "codes")}
        population = of_rows(stored, grid.sizes, grid.nuisance, {})["raw"]
        assert isinstance(population, Population)
        names = subject.names or [f"z{place}" for place in range(population.codes.shape[1])]
        return code_matrices.rows(population, subject.metrics, names, {})

    def draw(self, subject: Subject, table: pd.DataFrame) -> Drawing:  # noqa: ARG002
        """Draw both heat maps."""
        row = table.iloc[0]
        return code_matrices.draw({f"MIG {number(row['mig'], 2)}, DCI {number(row['disentanglement'], 2)}": table})

    def text(self, subject: Subject) -> dict[str, str]:
        """Return title, caption and alternative text."""
        partitions = subject.names
        named = " Dimensions are named by the partition that they are of." if partitions else ""
        return {
            "title": f"What each dimension tells, {subject.title}",
            "caption": "Mutual information of each dimension of the codes of test images with each factor, as a share "
            "of the factor's entropy, and the dimension's importance in the trees of DCI that tell the factor."
            f"{named} They are in the order of {'partitions, and in each ' if partitions else ''}what they tell. "
            "First seed.",
            "alt": f"Two heat maps of dimensions by factors of {subject.title}.",
        }
