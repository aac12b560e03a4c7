"""What each dimension of a model tells of each factor: the matrices that MIG and DCI are scores of."""

from dataclasses import dataclass

import pandas as pd
from matplotlib.figure import Figure as Drawing

from disentangle.evaluation.measured_codes import of_grid
from disentangle.reporting import code_matrices
from disentangle.reporting.layout import number
from disentangle.reporting.picked import columns_of, described
from disentangle.studies.locatello.analysis.results import method_title
from disentangle.studies.locatello.analysis.subject import Subject

SECTION = "What codes tell"
NEEDS = {"of": "every method", "files": ["run.json", "metrics.json", "codes.npz"], "seeds": None}
"""It shows the best, the median and the worst model of a method, and reads these files of each."""


@dataclass(frozen=True)
class Figure:
    """A row a model; its mutual information on the left, its importances on the right."""

    def table(self, subject: Subject) -> pd.DataFrame:
        """Return one row a (model, dimension, factor): the share of the factor's entropy, and the importance."""
        grid, tables = subject.images.grid, []
        for rank, result in subject.picked:
            population = of_grid(subject.codes[result.cell], grid.sizes, grid.nuisance)["mean"]
            known = columns_of(rank, result)
            names = [f"z{code}" for code in range(population.codes.shape[1])]
            tables.append(code_matrices.rows(population, subject.metrics, names, known))
        return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame({"model": []})

    def draw(self, subject: Subject, table: pd.DataFrame) -> Drawing:  # noqa: ARG002
        """Draw two heat maps a model."""
        return code_matrices.draw({_title(own): own for _, own in table.groupby("model", sort=False)})

    def text(self, subject: Subject) -> dict[str, str]:
        """Return title, caption and alternative text."""
        of = f"{method_title(str(subject.method))} on {subject.dataset}"
        models = described(subject.picked, subject.cells)
        return {
            "title": f"What each dimension tells, {of}",
            "caption": f"Of {models}: mutual information of each dimension of the mean code with each factor, as a "
            "share of the factor's entropy, and the dimension's importance in the trees of DCI that tell the factor. "
            "Dimensions are in the order of the factor that they tell most of. Disentangled codes have one dark cell a "
            "column, and in no row more than one.",
            "alt": f"Heat maps of dimensions by factors, of {of}: {models}.",
        }


def _title(table: pd.DataFrame) -> str:
    """Return what a model is called above its heat maps."""
    row = table.iloc[0]
    scores = f"MIG {number(row['mig'], 2)}, DCI {number(row['disentanglement'], 2)}"
    return f"{row['model']}: λ = {row['lam']}, seed {row['seed']}\n{scores}"
