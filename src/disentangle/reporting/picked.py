"""Which models of a method figures show: the best, the median and the worst by MIG."""

from collections.abc import Sequence

from disentangle.cells import format_lam
from disentangle.reporting.drawing import listed
from disentangle.reporting.layout import number
from disentangle.reporting.results import CellResult

BY_MIG, BY_SEED = ("best", "median", "worst"), ("first", "middle", "last")


def mig_of(cell: CellResult, code: str) -> float | None:
    """Return a model's MIG of a code, None where metrics.json has none, as of a model that diverged."""
    found = (cell.metrics["scores"].get(code) or {}).get("mig")
    return None if found is None else found["mig"]


def picked(cells: Sequence[CellResult], code: str) -> list[tuple[str, CellResult]]:
    """Return the models of the highest, the median and the lowest MIG of a ``code``, each with what it is.

    Of an even number the median is the lower one, and of one MIG the first cell is the better one. Each cell is there
    once: of two cells none is the median, one is the best. Cells without a MIG are left out, so there may be none.
    Where MIG is not measured they are the "first", the "middle" and the "last" in the order of strengths and seeds, of
    those that did not diverge.
    """
    if any("mig" in (cell.metrics["scores"].get(code) or {}) for cell in cells):
        scored = [(mig, cell) for cell in cells if (mig := mig_of(cell, code)) is not None]
        names, ranked = BY_MIG, [cell for _, cell in sorted(scored, key=lambda found: -found[0])]
    else:
        trained = [cell for cell in cells if cell.run["status"] != "diverged"]
        names, ranked = BY_SEED, sorted(trained, key=lambda found: (found.cell.lam, found.cell.seed))
    if len(ranked) < 3:
        return [*zip(names[::2], ranked, strict=False)]
    return [(names[0], ranked[0]), (names[1], ranked[len(ranked) // 2]), (names[2], ranked[-1])]


def columns_of(rank: str, result: CellResult) -> dict[str, object]:
    """Return what tables say of a model that is picked: which it is, its strength and its seed."""
    return {"model": rank, "lam": format_lam(result.cell.lam), "seed": result.cell.seed}


def title_of(rank: str, result: CellResult, code: str) -> str:
    """Return what a model that is picked is called."""
    mig = mig_of(result, code)
    told = f"{rank}: λ = {format_lam(result.cell.lam)}, seed {result.cell.seed}"
    return told if mig is None else f"{told}, MIG {number(mig, 2)}"


def described(shown: Sequence[tuple[str, CellResult]], cells: Sequence[CellResult]) -> str:
    """Return which of the cells are picked and how, in words, and how many diverged."""
    ranks = [rank for rank, _ in shown]
    which = f"{listed([f'the {rank}' for rank in ranks])} model" if len(ranks) > 1 else "the one model"
    how = "in the order of strengths and seeds, as MIG is not measured," if {*ranks} & {*BY_SEED} else "by MIG,"
    lost = sum(cell.run["status"] == "diverged" for cell in cells)
    diverged = f", of which {lost} diverged" if lost else ""
    return f"{which} {how} of {len(cells)}{diverged}" if ranks else f"no model, of {len(cells)}{diverged}"
