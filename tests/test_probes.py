"""Probes: known accuracies, the optimum of the stated objective, and the parts of the codes they are given."""

import numpy as np
import pytest
from scipy import optimize, special
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from disentangle import registry
from disentangle.errors import InputError
from disentangle.evaluation.probe_inputs import INPUTS, inputs_of
from disentangle.evaluation.sampling_error import clustered_error
from disentangle.stages.probe import accuracies, correct, gap_errors

Data = tuple[np.ndarray, np.ndarray]


def accuracy(train: Data, test: Data, **options: float) -> float:
    right = registry.build("probes", "logistic", options).correct(train, test)
    assert right.dtype == bool
    assert right.shape == test[1].shape
    return 100 * float(right.mean())


def blobs(seed: int, samples: int, distance: float, classes: int = 3, dim: int = 5) -> Data:
    """Overlapping normal clouds of unit width around corners that are ``distance`` long."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(classes, size=samples)
    corners = distance * np.eye(classes, dim)
    return (corners[labels] + rng.normal(size=(samples, dim))).astype(np.float32), labels


def test_separable_codes_are_told_perfectly_and_others_are_not() -> None:
    codes = np.repeat(np.array([[0.0, 0], [0, 1], [1, 0]], np.float32), 20, axis=0)
    labels = np.repeat([4, 7, 2], 20)
    assert accuracy((codes, labels), (codes, labels)) == 100
    # three of four test labels agree with what the codes say
    assert accuracy((codes, labels), (codes[[0, 20, 40, 41]], np.array([4, 7, 2, 4]))) == 75


def test_codes_without_information_are_at_chance() -> None:
    rng = np.random.default_rng(0)
    train, test = ((rng.normal(size=(n, 4)).astype(np.float32), rng.integers(10, size=n)) for n in (3000, 4000))
    # the standard deviation of an accuracy at chance over 4,000 samples is 0.47 points
    assert accuracy(train, test) == pytest.approx(10, abs=2)


def test_collapsed_codes_give_the_commonest_class() -> None:
    labels = np.array([1] * 6 + [0] * 3 + [2])
    assert accuracy((np.full((10, 3), 0.7, np.float32), labels), (np.full((10, 3), 0.7, np.float32), labels)) == 60


def test_a_linear_classifier_cannot_tell_exclusive_or() -> None:
    corners = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
    codes, labels = np.repeat(corners, 25, axis=0), np.repeat([0, 1, 1, 0], 25)
    assert accuracy((codes, labels), (codes, labels)) <= 75
    product = np.concatenate([codes, codes[:, :1] * codes[:, 1:]], 1)
    assert accuracy((product, labels), (product, labels), C=100.0) == 100


@pytest.mark.parametrize("penalty", [0.01, 1.0])
def test_it_is_the_optimum_of_the_stated_objective(penalty: float) -> None:
    """sum_n CE(W x_n + b, y_n) + |W|^2 / (2 C) over standardised x, minimised independently in float64."""
    (codes, labels), (test, truth) = blobs(0, 300, 1.5), blobs(1, 2000, 1.5)
    mean, std = codes.astype(float).mean(0), codes.astype(float).std(0)
    x, classes, dim = (codes - mean) / std, 3, codes.shape[1]
    one_hot = np.eye(classes)[labels]

    def objective(flat: np.ndarray) -> tuple[float, np.ndarray]:
        w, b = flat[: classes * dim].reshape(classes, dim), flat[classes * dim :]
        logits = x @ w.T + b
        loss = (special.logsumexp(logits, 1) - (logits * one_hot).sum(1)).sum() + (w**2).sum() / (2 * penalty)
        slope = special.softmax(logits, 1) - one_hot
        return loss, np.concatenate([(slope.T @ x + w / penalty).ravel(), slope.sum(0)])

    start = np.zeros(classes * (dim + 1))
    found = optimize.minimize(objective, start, jac=True, method="BFGS", options={"gtol": 1e-7})
    w, b = found.x[: classes * dim].reshape(classes, dim), found.x[classes * dim :]
    expected = 100 * ((((test - mean) / std) @ w.T + b).argmax(1) == truth).mean()
    assert accuracy((codes, labels), (test, truth), C=penalty) == pytest.approx(expected, abs=0.2)
    assert 50 < expected < 95


def test_scale_shift_and_order_of_codes_do_not_matter() -> None:
    train, test = blobs(2, 300, 1.0), blobs(3, 1000, 1.0)
    expected = accuracy(train, test)
    scale, shift = np.array([1e-3, 1, 10, 1e3, 0.1], np.float32), np.array([5, 0, -3, 1e3, 0], np.float32)
    moved = accuracy((train[0] * scale + shift, train[1]), (test[0] * scale + shift, test[1]))
    assert moved == pytest.approx(expected, abs=0.2)
    order = np.random.default_rng(0).permutation(300)
    shuffled = accuracy((train[0][order][:, ::-1], train[1][order]), (test[0][:, ::-1], test[1]))
    assert shuffled == pytest.approx(expected, abs=0.2)


def test_test_codes_are_scaled_by_the_train_codes() -> None:
    train = (np.array([[-1.0], [1.0]] * 20, np.float32), np.array([0, 1] * 20))
    assert accuracy(train, (np.array([[3.0], [5.0]], np.float32), np.array([1, 1]))) == 100
    assert accuracy(train, (np.array([[3.0], [5.0]], np.float32), np.array([0, 1]))) == 50


def test_the_halves_of_codes() -> None:
    r, z = np.arange(12).reshape(2, 6), np.arange(8).reshape(2, 4)
    found = inputs_of({"r": r, "z": z})
    assert tuple(found) == INPUTS == ("r", "r0", "r1", "z", "z0", "z1")
    assert {name: code.tolist() for name, code in found.items()} == {
        "r": r.tolist(),
        "r0": [[0, 1, 2], [6, 7, 8]],
        "r1": [[3, 4, 5], [9, 10, 11]],
        "z": z.tolist(),
        "z0": [[0, 1], [4, 5]],
        "z1": [[2, 3], [6, 7]],
    }
    assert list(inputs_of({"r": r, "z": None})) == ["r", "r0", "r1"]


def test_too_few_iterations_are_refused() -> None:
    train = blobs(0, 300, 1.5)
    with pytest.raises(InputError, match=r"logistic\.max_iterations: 2 do not reach the optimum; allow more"):
        accuracy(train, train, max_iterations=2)


def test_labels_of_one_class_are_refused() -> None:
    codes = np.arange(20, dtype=np.float32)[:, None]
    with pytest.raises(InputError, match="train_pairs: the training labels of a task are all of one class; allow more"):
        accuracy((codes, np.full(20, 3)), (codes, np.arange(20) % 2))
    # of the test labels it is no harm
    assert accuracy((codes, np.arange(20) // 10), (codes, np.full(20, 1))) == 50


def test_predictions_are_those_of_scikit_learn_at_a_tight_tolerance() -> None:
    """Labels that are no 0, 1, 2, ..., a constant column, classes that overlap."""
    (codes, labels), (test, truth) = blobs(0, 1000, 1.0, classes=5), blobs(1, 3000, 1.0, classes=5)
    names = np.array([30, -2, 7, 100, 8])
    codes, test = (np.insert(x, 2, 0.7, axis=1) for x in (codes, test))
    peer = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, tol=1e-8, solver="newton-cg", max_iter=1000))
    expected = peer.fit(codes.astype(float), names[labels]).predict(test.astype(float)) == names[truth]
    found = registry.build("probes", "logistic", {"C": 0.1}).correct((codes, names[labels]), (test, names[truth]))
    assert found.tolist() == expected.tolist()
    assert 0.3 < found.mean() < 0.9


def test_accuracies_by_input_and_task_and_none_for_codes_that_are_not_finite() -> None:
    """Probe z0 by the first factor, z1 by the second; a run that diverged has no accuracy."""
    first, second = np.arange(40) % 2, np.arange(40) // 20
    z = np.stack([first, second], 1).astype(np.float32)
    codes = {"z0": z[:, :1], "z1": z[:, 1:]}
    labels = {"DC": first, "BC": second}

    def found(train: dict[str, np.ndarray], test: dict[str, np.ndarray]) -> dict[str, dict[str, float | None]]:
        right = correct(registry.build("probes", "logistic", {}), train, test, labels, labels)
        return accuracies(right, ["DC", "BC"])

    assert found(codes, codes) == {"z0": {"DC": 100, "BC": 50}, "z1": {"DC": 50, "BC": 100}}
    for value in (np.nan, np.inf):
        broken = codes | {"z1": np.where(np.arange(40)[:, None] == 7, np.float32(value), codes["z1"])}
        for train, test in ((broken, codes), (codes, broken)):
            assert found(train, test) == {"z0": {"DC": 100, "BC": 50}, "z1": {"DC": None, "BC": None}}


def test_the_error_of_a_gap_is_that_of_the_paired_differences() -> None:
    """Four images, each of its own instances: differences 1, 0, 0, -1 have the standard error sqrt(2 / 16)."""
    right = {
        "z": {"DC": np.ones(4, bool)},
        "z0": {"DC": np.array([True, True, False, False])},
        "z1": {"DC": np.array([False, True, False, True])},
    }
    alone = [np.arange(4), np.arange(4)]
    assert gap_errors(right, ["DC"], alone) == {"z": {"DC": pytest.approx(100 * np.sqrt(2 / 16))}}
    assert gap_errors(right | {"z1": {"DC": None}}, ["DC"], alone) == {"z": {"DC": None}}
    # one digit on the first and last image: their differences cancel in every sample
    assert gap_errors(right, ["DC"], [np.array([0, 1, 2, 0])] * 2) == {"z": {"DC": 0.0}}


def test_clustered_errors_by_hand() -> None:
    x = np.array([1.0, 1.0, 0.0, 0.0])
    # e = +-1/2; alone: 4 (1/2)^2 / 16
    assert clustered_error(x, [np.arange(4)]) == pytest.approx(np.sqrt(1 / 16))
    # two clusters, sums +-1: 2 / 16
    pairs = np.array([7, 7, 3, 3])
    assert clustered_error(x, [pairs]) == pytest.approx(np.sqrt(2 / 16))
    # crossed with a clustering whose sums vanish, V_a + V_b - V_ab = 2 + 0 - 1 would be less than V_a
    assert clustered_error(x, [pairs, np.array([0, 1, 0, 1])]) == pytest.approx(np.sqrt(2 / 16))
    # both the same: V + V - V
    assert clustered_error(x, [pairs, pairs]) == pytest.approx(np.sqrt(2 / 16))


def test_crossed_clusters_give_the_spread_over_drawn_pools() -> None:
    """An effect of the digit and one of the background on each image: the error is the spread over new pools."""
    rng = np.random.default_rng(0)
    images, digits, backgrounds = 2000, 40, 60
    means, errors = [], []
    for _ in range(300):
        digit, background = rng.integers(digits, size=images), rng.integers(backgrounds, size=images)
        x = rng.normal(size=digits)[digit] + rng.normal(size=backgrounds)[background] + rng.normal(size=images)
        means.append(x.mean())
        errors.append(clustered_error(x, [digit, background]))
    assert np.sqrt(np.mean(np.square(errors))) == pytest.approx(np.std(means), rel=0.12)
    # ignoring that images share instances would tell less than a third of it
    assert np.mean(errors) > 3 * np.sqrt(3 / images)
