"""Predictors of frozen codes: the rule that stops them, the stack against networks of torch, and what theory says."""

import dataclasses
import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from disentangle import streams
from disentangle.errors import InputError
from disentangle.evaluation.labelled_codes import LabelledCodes, unit
from disentangle.evaluation.labelled_probes import RULE, chances, results
from disentangle.evaluation.predictors import Task, kept, told
from disentangle.evaluation.probes import logistic
from disentangle.evaluation.probes.predictor import Probe

SIZES = {"shape": 4, "hue": 3, "angle": 5}
FIT, TEST = np.arange(330), np.arange(330, 480)
CURVE = [0.5, 0.4, 0.45, 0.4, 0.3, 0.35, 0.36, 0.37]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize(
    ("patience", "errors", "expected"),
    [
        (0, CURVE, (1, True)),  # stops in epoch 2, the first that is not better
        (1, CURVE, (1, True)),  # in epoch 3, whose error is as small as the smallest and not smaller
        (2, CURVE[:4], (1, False)),
        (2, CURVE[:5], (4, False)),
        (2, CURVE, (4, True)),  # in epoch 7
        (3, CURVE, (4, False)),
        (7, CURVE, (4, False)),
        (7, [0.5, 0.0, 0.1], (1, True)),  # nothing is better than no error
        (0, [0.0], (0, True)),
        (0, [0.9], (0, False)),
    ],
)
def test_a_fit_stops_so_long_after_its_best_epoch(
    patience: int, errors: list[float], expected: tuple[int, bool]
) -> None:
    assert kept(errors, patience) == expected


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30), st.integers(0, 8), st.integers(0, 8))
def test_a_longer_patience_keeps_no_worse_weights_and_what_comes_after_the_stop_is_not_seen(
    errors: list[float], one: int, other: int
) -> None:
    short, long = sorted((one, other))
    best, stopped = kept(errors, short)
    assert errors[kept(errors, long)[0]] <= errors[best] == min(errors[: best + short + 1])
    if stopped:
        assert kept([*errors, 0.0], short) == (best, True)


def example(seed: int = 0, rows: int = 480, dim: int = 4) -> tuple[np.ndarray, list[Task]]:
    """Codes, labels of two, four and seven values, the last of which they do not tell, and numbers."""
    rng = np.random.default_rng(seed)
    codes = unit(rng.normal(size=(rows, dim))).astype(np.float32)
    tasks = [
        Task("two", (codes[:, 0] > 0).astype(np.int64), 2, ()),
        Task("four", np.digitize(codes[:, 1], [-0.4, 0, 0.4]), 4, ()),
        Task("noise", rng.integers(0, 7, rows), 7, ()),
        Task("place", 2 * codes[:, :2], 2, ()),
        Task("depth", codes[:, 2:3], 1, ()),
    ]
    return codes, tasks


def answers(
    codes: np.ndarray,
    tasks: list[Task],
    patience: tuple[int, ...] = (1, 4),
    epochs: int = 8,
    seeds: int = 2,
    fit: np.ndarray = FIT,
) -> dict[int, dict[str, np.ndarray]]:
    asked = [dataclasses.replace(task, rules=patience) for task in tasks]
    return told(torch.tensor(codes), asked, fit, TEST, seeds=seeds, epochs=epochs)


def by_torch(codes: np.ndarray, task: Task, seed: int, patience: int, epochs: int) -> np.ndarray:
    """The same predictor, one network of torch's own modules."""
    widths = [codes.shape[1], *[128] * 5]
    hidden = [
        (torch.nn.Linear(a, b, bias=False), torch.nn.BatchNorm1d(b), torch.nn.LeakyReLU())
        for a, b in itertools.pairwise(widths)
    ]
    last = torch.nn.Linear(128, task.outputs)
    net = torch.nn.Sequential(*itertools.chain(*hidden), last)
    rng = streams.rng(seed, "predictor", "weights", task.name)
    with torch.no_grad():
        for linear in (*(part[0] for part in hidden), last):
            drawn = rng.uniform(-1, 1, tuple(linear.weight.shape)) / np.sqrt(linear.in_features)
            linear.weight.copy_(torch.tensor(drawn))
        last.bias.copy_(torch.tensor(rng.uniform(-1, 1, task.outputs) / np.sqrt(128)))
    optimizer = torch.optim.Adam(net.parameters(), 1e-3)
    x, y = torch.tensor(codes), torch.tensor(task.targets)
    loss = torch.nn.L1Loss() if task.numeric else torch.nn.CrossEntropyLoss()
    mixed = streams.rng(seed, "predictor", "validation").permutation(FIT)
    validation, train = mixed[:33], mixed[33:]
    best, found, since = np.inf, np.empty(0), 0
    for epoch in range(epochs):
        net.train()
        order = streams.rng(seed, "predictor", "order", epoch).permutation(train)
        for rows in (order[:128], order[128:256]):  # 297 rows: two full batches, and 41 rows that are left out
            optimizer.zero_grad()
            loss(net(x[rows]), y[rows]).backward()
            optimizer.step()
        net.eval()
        with torch.no_grad():
            said = net(x[validation])
            error = loss(said, y[validation]) if task.numeric else (said.argmax(1) != y[validation]).double().mean()
            since += 1
            if error < best:
                best, since = float(error), 0
                outputs = net(x[TEST])
                found = (outputs if task.numeric else outputs.argmax(1)).numpy()
        if since > patience:
            break
    return found


def test_each_of_a_stack_is_what_a_network_of_torch_is() -> None:
    codes, tasks = example()
    found = answers(codes, tasks)
    for task, seed, patience in itertools.product(tasks, (0, 1), (1, 4)):
        expected, ours = by_torch(codes, task, seed, patience, 8), found[patience][task.name][seed]
        assert ours.shape == expected.shape
        if task.numeric:
            np.testing.assert_allclose(ours, expected, atol=0.03)  # rounding, grown in 16 steps
        else:
            assert (ours == expected).mean() > 0.98
    assert (found[4]["two"] == tasks[0].targets[TEST]).mean() > 0.85


def test_each_of_a_stack_is_what_it_is_alone_whenever_the_others_stop() -> None:
    codes, tasks = example(1)
    together = answers(codes, tasks)
    for task in tasks:
        alone = answers(codes, [task])
        for rule in (1, 4):
            difference = np.abs(alone[rule][task.name].astype(float) - together[rule][task.name])
            assert difference.max() < 1e-3 if task.numeric else (difference > 0).mean() < 0.01


def test_one_run_serves_all_rules_and_a_seed_decides() -> None:
    codes, tasks = example(2)
    tasks = tasks[:3]
    both, short = answers(codes, tasks), answers(codes, tasks, patience=(1,))
    first = answers(codes, tasks, seeds=1)
    for task in tasks:
        np.testing.assert_array_equal(both[1][task.name], short[1][task.name])
        np.testing.assert_array_equal(both[1][task.name][:1], first[1][task.name])
    assert any((both[4][task.name][0] != both[4][task.name][1]).any() for task in tasks)


def test_neither_threads_nor_torchs_own_generator_decide() -> None:
    codes, tasks = example(3)
    before = torch.get_rng_state()
    found = []
    for count in (1, 2):
        torch.set_num_threads(count)
        torch.manual_seed(count)
        found.append(answers(codes, tasks[:2], epochs=3))
    torch.set_rng_state(before)
    for task in tasks[:2]:
        np.testing.assert_array_equal(found[0][4][task.name], found[1][4][task.name])


def test_test_codes_do_not_tell_what_is_said_of_others() -> None:
    codes, tasks = example(4)
    moved = codes.copy()
    moved[TEST[1:]] = 7
    found, other = answers(codes, tasks[:2], epochs=3), answers(moved, tasks[:2], epochs=3)
    for task in tasks[:2]:
        np.testing.assert_array_equal(found[1][task.name][:, 0], other[1][task.name][:, 0])


def test_too_few_codes_are_refused_and_three_are_enough() -> None:
    codes, tasks = example()
    with pytest.raises(InputError, match="to fit a predictor on: found 2; allowed: at least 3"):
        answers(codes, tasks, fit=FIT[:2])
    assert answers(codes, tasks, fit=FIT[:3], epochs=1)[1]["two"].shape == (2, len(TEST))


def labelled(codes: np.ndarray, factors: np.ndarray, **more: np.ndarray) -> LabelledCodes:
    test = np.random.default_rng(0).random(len(codes)) < 0.3
    return LabelledCodes(
        unit(codes),
        factors,
        tuple(SIZES),
        complete=False,
        domain="shape",
        fit=~test,
        test=test,
        sizes=SIZES,
        margins={},
        numbers=more,
    )


def one_hot(factors: np.ndarray, *names: str) -> np.ndarray:
    return np.hstack([np.eye(SIZES[name])[factors[:, [*SIZES].index(name)]] for name in names])


def factors(rows: int = 1200) -> np.ndarray:
    rng = np.random.default_rng(9)
    return np.stack([rng.integers(0, size, rows) for size in SIZES.values()], axis=1)


PROBE = Probe(patience=[2, 6], seeds=2, epochs=15)


def found_by(probe: Any, population: LabelledCodes) -> tuple[dict[str, Any], dict[str, Any]]:
    return results(probe, population)


def test_codes_that_hold_all_tell_all_and_those_of_the_domain_the_domain_alone() -> None:
    found, _ = found_by(PROBE, labelled(one_hot(factors(), *SIZES), factors()))
    assert list(found) == ["patience 2", "patience 6"]
    for by_name in found.values():
        assert list(by_name) == [*SIZES]
        assert min(itertools.chain(*by_name.values())) > 95
    of_domain = labelled(one_hot(factors(), "shape"), factors())
    found, _ = found_by(PROBE, of_domain)
    assert found["patience 6"]["shape"] == [100.0, 100.0]
    for name in ("hue", "angle"):
        assert found["patience 6"][name] == pytest.approx([100 / SIZES[name]] * 2, abs=9)


@pytest.mark.parametrize("kind", ["shuffled", "constant", "zero"])
def test_codes_that_tell_nothing_are_at_chance(kind: str) -> None:
    given = factors()
    codes = {
        "shuffled": np.random.default_rng(1).permutation(one_hot(given, *SIZES)),
        "constant": np.full((1200, 3), 0.7),
        "zero": np.zeros((1200, 3)),
    }[kind]
    population = labelled(codes, given)
    found, _ = found_by(PROBE, population)
    for name, size in SIZES.items():
        assert found["patience 2"][name] == pytest.approx([100 / size] * 2, abs=9)
        if kind != "shuffled":  # one value is said of all
            shares = 100 * np.bincount(population.labels[name][population.test]) / population.test.sum()
            assert all(np.isclose(accuracy, shares).any() for accuracy in found["patience 2"][name])


def test_the_domain_alone_may_be_told_to_the_end() -> None:
    """All answers there are are those of a probe that asks every rule of every label."""
    population = labelled(np.random.default_rng(4).normal(size=(1200, 3)), factors())
    every, _ = found_by(PROBE, population)
    domain, _ = found_by(dataclasses.replace(PROBE, converged="domain"), population)
    assert domain["patience 2"] == every["patience 2"]
    assert domain["patience 6"] == {population.domain: every["patience 6"][population.domain]}
    turned, _ = found_by(dataclasses.replace(PROBE, patience=[6, 2], converged="domain"), population)
    assert turned == domain


def test_noise_hides_small_shifts_and_not_large_ones() -> None:
    """Codes that the domain shifts by 0.02 or by 1 along an axis of their own, beside what varies anyway."""
    given = factors()
    free = np.random.default_rng(5).uniform(-1, 1, (1200, 2))
    probe = Probe(patience=[6, 3], noise=[0.1], seeds=2, epochs=30, converged="domain")
    assert probe.rules == ("patience 6", "patience 3", "noise 0.1")
    told = {}
    for shift in (0.02, 1.0):
        population = labelled(np.column_stack([free, shift * given[:, [0]], np.full(1200, 3.0)]), given)
        told[shift], _ = found_by(probe, population)
        assert [*told[shift]["noise 0.1"]] == [population.domain]
    chance = 100 / SIZES["shape"]
    assert min(told[1.0]["patience 6"]["shape"]) > 95 and min(told[1.0]["noise 0.1"]["shape"]) > chance + 20
    assert told[0.02]["noise 0.1"]["shape"] == pytest.approx([chance] * 2, abs=10)
    assert min(told[0.02]["patience 6"]["shape"]) > chance + 20


def test_errors_of_numbers_are_in_their_unit() -> None:
    rng = np.random.default_rng(3)
    codes = unit(rng.normal(size=(1200, 3)))
    numbers = {"place": (10 * codes[:, :2]).astype(np.float32), "still": np.full((1200, 1), 3, np.float32)}
    population = labelled(codes, factors(), **numbers)
    accuracy, error = found_by(Probe(patience=[6], seeds=2, epochs=15), population)
    assert list(accuracy["patience 6"]) == list(SIZES)
    assert list(error["patience 6"]) == ["place", "still"]
    # a guess of 0 is wrong by 10 times the mean of |x| on a sphere, 1/2
    assert max(error["patience 6"]["place"]) < 3 < np.abs(numbers["place"]).mean()
    assert max(error["patience 6"]["still"]) < 1


def test_results_of_a_diverged_model_and_of_a_probe_of_single_labels() -> None:
    given = factors()
    broken = one_hot(given, *SIZES)
    for value in (np.nan, np.inf):
        broken[5, 2] = value
        population = labelled(broken, given, place=np.zeros((1200, 2), np.float32))
        nothing = dict.fromkeys(SIZES)
        assert found_by(PROBE, population) == (
            {"patience 2": nothing, "patience 6": nothing},
            {"patience 2": {"place": None}, "patience 6": {"place": None}},
        )
        assert found_by(logistic.Probe(), population) == ({RULE: nothing}, {RULE: {}})
    of_hue = labelled(one_hot(given, "hue"), given, place=np.zeros((1200, 2), np.float32))
    accuracy, error = found_by(logistic.Probe(), of_hue)
    assert accuracy[RULE]["hue"] == [100.0]
    assert accuracy[RULE]["shape"] == pytest.approx([25], abs=9)
    assert error == {RULE: {}}


def test_chance_is_the_most_frequent_value_of_the_test_images() -> None:
    given = np.array([[0, 0, 0]] * 6 + [[1, 1, 1]] * 4)
    population = labelled(np.ones((10, 2)), given)
    zeros, ones = population.test[:6].sum(), population.test[6:].sum()
    assert zeros != ones
    assert chances(population) == dict.fromkeys(SIZES, 100 * max(zeros, ones) / (zeros + ones))


def test_epochs_are_the_most_there_are() -> None:
    codes, tasks = example()
    one, two = answers(codes, tasks[1:2], epochs=1), answers(codes, tasks[1:2], patience=(0, 9), epochs=1)
    np.testing.assert_array_equal(one[1]["four"], two[9]["four"])
    np.testing.assert_array_equal(two[0]["four"], two[9]["four"])
