"""Hours of the studies: what a step is made of, what it takes on a device, and the numbers that pages state."""

import re
from pathlib import Path
from types import ModuleType

import pytest
import torch
from torch import Tensor

from disentangle.cells import Cell
from disentangle.pipeline import outputs
from disentangle.pipeline.params import Params

ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def beside_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """Benches import each other by name."""
    monkeypatch.syspath_prepend(str(ROOT / "bench"))


@pytest.fixture
def work() -> ModuleType:
    import work

    return work


@pytest.fixture
def hours() -> ModuleType:
    import hours

    return hours


@pytest.fixture
def paper(hours: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Params:
    monkeypatch.chdir(ROOT)
    return hours.at_paper_scale()


def test_a_product_by_hand(work: ModuleType) -> None:
    """(64, 32) by (32, 16): 2 x 64 x 32 x 16 operations, 4 bytes of each element of all three matrices."""
    with work.counting("float32") as counter:
        a, b = torch.empty(64, 32), torch.empty(32, 16)
        a @ b
    assert counter.counts().tolist() == [2 * 64 * 32 * 16, 4 * (64 * 32 + 32 * 16 + 64 * 16), 0]


@pytest.mark.parametrize(
    ("operation", "elements"),
    [
        (lambda x: x.relu(), 2 * 600),
        (lambda x: x.relu_(), 2 * 600),
        (lambda x: x + x, 3 * 600),
        (lambda x: x.add_(x), 3 * 600),
        (lambda x: x.view(-1), 0),
        (lambda x: x.mT, 0),
        (lambda x: x[:, 0], 0),
        (lambda x: x.zero_(), 600),
        (lambda x: torch.zeros_like(x), 600),
        (lambda x: torch.empty_like(x), 0),
        (lambda x: x[:10].copy_(x[10:]), 2 * 300),
        (lambda x: x.sum(1), 600 + 20),
        (lambda x: x + x[:1].expand(20, 30), 600 + 30 + 600),
    ],
)
def test_what_an_operation_moves(work: ModuleType, operation: object, elements: int) -> None:
    with work.counting("float32") as counter:
        x = torch.empty(20, 30)
        before = counter.counts()
        operation(x)  # type: ignore[operator]
    assert (counter.counts() - before).tolist() == [0, 0, 4 * elements]


def test_rows_of_a_table_are_read_alone(work: ModuleType) -> None:
    """Three of 1,000 rows of 50 bytes, and their indices of 8."""
    with work.counting("float32") as counter:
        table, rows = torch.empty(1000, 50, dtype=torch.uint8), torch.empty(3, dtype=torch.int64)
        before = counter.counts()
        table.index_select(0, rows)
    assert (counter.counts() - before)[2] == 2 * 3 * 50 + 3 * 8


def test_data_keep_their_values_and_all_else_has_none(work: ModuleType) -> None:
    data = torch.arange(5).numpy()
    with work.counting("float32"):
        kept = torch.from_numpy(data).to("cpu").cpu()
        assert kept.numpy().tolist() == [0, 1, 2, 3, 4]
        assert float(torch.ones(3).sum()) == 0
    assert isinstance(torch.ones(1), Tensor) and float(torch.ones(1)) == 1


def test_seconds_by_hand(work: ModuleType, hours: ModuleType) -> None:
    """Products of 2 s and of 1 s of memory, 3 s of memory between them."""
    of = work.Work("s", "e", "d", "steps", "float32", 20.0, 5.0, 15.0)
    found = hours.seconds(of, hours.Rates({"float32": 10.0}, 5.0))
    assert found.low == 2 + 3
    assert found.high == pytest.approx((2 + 1 + 3) / hours.SUSTAINED)
    assert hours.seconds(of, hours.Rates({"float32": 100.0}, 5.0)).low == 1 + 3


def test_hours_are_seconds_times_steps(hours: ModuleType) -> None:
    kinds = ("s", "a", "d", "steps"), ("s", "b", "d", "steps")
    found = hours.hours({kinds[0]: 3600, kinds[1]: 7200}, {kinds[0]: hours.Range(1, 2), kinds[1]: hours.Range(10, 20)})
    assert (found.low, found.high) == (21, 42)


def test_steps_of_all_cells_are_those_of_their_trainings_one_by_one(
    work: ModuleType, hours: ModuleType, paper: Params
) -> None:
    """A naive sum over the cells of the study with phases of its own and numbers by dataset."""
    study = next(name for name in outputs.shown_studies(paper) if "by_dataset" in paper.study("paper", name))
    cells = [cell for cell in outputs.all_report_cells(paper, study) if cell.seed == 0]
    found = hours.steps(paper, study, {"some": cells})["some"]
    assert sum(found.values()) == sum(sum(work.phases(paper.training(cell)).values()) for cell in cells)
    alike = work.alike(paper, "paper", study)
    assert {kind[:3] for kind in found} == {(study, cell.method, alike[cell.dataset, cell.method]) for cell in cells}


def test_every_step_of_every_study_is_counted(work: ModuleType, hours: ModuleType, paper: Params) -> None:
    """`python bench/work.py` after an edit of params.yaml."""
    asked = {kind for target in hours.targets(paper) for kind in target.steps}
    assert asked == {hours.kind(part) for part in work.counted()}


def least(work: ModuleType, paper: Params) -> list[Cell]:
    """Return of each study the cell whose step has the fewest operations."""
    parts: dict[str, object] = {}
    for part in sorted(work.counted(), key=lambda part: -part.flop):
        parts[part.study] = part
    return [
        next(c for c in paper.cells("paper", part.study, part.dataset) if c.method == part.entry)  # type: ignore[attr-defined]
        for part in parts.values()
    ]


@pytest.mark.filterwarnings("ignore")  # of what fake tensors cannot say
def test_counts_are_those_of_the_code(work: ModuleType, paper: Params, tmp_path: Path) -> None:
    """`python bench/work.py` after a change of a step."""
    import random_data

    known = {(part.study, part.entry, part.dataset, part.phase): part for part in work.counted()}
    for cell in least(work, paper):
        folder = tmp_path / cell.dataset
        random_data.write(folder, paper.dataset("paper", cell.dataset))
        for part in work.count(paper, cell, folder):
            expected = known[part.study, part.entry, part.dataset, part.phase]
            assert part.flop == pytest.approx(expected.flop, rel=1e-3), part
            assert part.bytes == pytest.approx(expected.bytes, rel=0.05), part


def test_the_page_of_costs_states_what_is_computed(work: ModuleType, hours: ModuleType, paper: Params) -> None:
    computed = hours.table(hours.targets(paper), work.counted(), hours.H100).splitlines()
    page = (ROOT / "docs/gpu_and_cluster.md").read_text()
    stated = [line for line in page.splitlines() if re.match(r"\| (study|\w+ \| (everything|\w+/\w+)) \|", line)]
    assert len(stated) > len(outputs.shown_studies(paper))
    assert [line for line in stated if line not in computed] == []
    for study in outputs.shown_studies(paper):
        assert any(line.startswith(f"| {study} | {hours.EVERYTHING} |") for line in stated)


def test_no_page_states_hours_of_a_gpu_elsewhere() -> None:
    """What is measured lies in docs/measured, what is computed on one page."""
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "bench/README.md"]
    for page in pages:
        if page.name != "gpu_and_cluster.md":
            assert not re.search(r"\d[\d,.]* (GPU )?hours", page.read_text()), page
