"""What DVC compares: which cells are one setting, what their numbers are called, and means over seeds, by hand."""

import math

from disentangle.cells import Cell
from disentangle.reporting.compared import curve, means, numbers, settings_of


def cell(method: str, lam: float, seed: int = 0, dataset: str = "d") -> Cell:
    return Cell("s", "p", dataset, method, lam, seed)


def test_the_only_strength_of_a_method_is_not_in_its_place() -> None:
    one, again, other = cell("a", 0.1), cell("a", 0.1, seed=1), cell("a", 0.1, dataset="e")
    low, high = cell("b", 0), cell("b", 10)
    assert settings_of([one, low, again, high, other]) == {
        "p/d/a": [one, again],
        "p/d/b/lam=0": [low],
        "p/d/b/lam=10": [high],
        "p/e/a": [other],
    }


def test_numbers_are_called_by_where_they_stand() -> None:
    scores = {"mean": {"mig": {"mig": 0.25, "size": 3}, "dci": None}, "sampled": {"sap": {"sap": None}}}
    accuracy = {"predictor": {"patience 7": {"shape": [10.0, 20.0], "hue": None}}}
    assert numbers([scores, accuracy]) == {
        "mean.mig.mig": 0.25,
        "mean.mig.size": 3.0,
        "predictor.patience 7.shape": 15.0,
    }


def test_means_are_of_the_cells_that_have_a_number() -> None:
    cells = [{"z.DC": 1.0, "z.BC": 2.0, "r.DC": 9.0}, {"z.DC": 2.0, "r.DC": 9.0}, {"z.DC": 2.0}]
    assert means(cells, ["z.*"]) == {"z.DC": 1.667, "z.BC": 2.0}
    assert means(cells, ["z.BC", "*.DC"]) == {"z.BC": 2.0, "z.DC": 1.667, "r.DC": 9.0}
    assert means(cells, ["q"]) == means([], ["*"]) == {}
    assert means([{"large": 123456.0, "small": 0.000123456}], ["*"]) == {"large": 123500.0, "small": 0.0001235}


def test_a_curve_is_the_mean_over_seeds_of_each_step() -> None:
    whole = [{"step": "5", "loss": "4.0", "rate": "1"}, {"step": "10", "loss": "2.0", "rate": "1"}]
    diverged = [{"step": "5", "loss": "8.0"}, {"step": "10", "loss": "nan"}]
    assert curve([whole, diverged]) == [(5, 6.0), (10, 2.0)]
    assert curve([diverged, whole, [{"step": "2", "loss": str(math.pi)}]]) == [(2, 3.142), (5, 6.0), (10, 2.0)]
    assert curve([[], []]) == []  # of what is not trained
