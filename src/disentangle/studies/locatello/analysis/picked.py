"""Which models of a method a figure shows: the best, the median and the worst one by MIG, the same in every figure."""

from collections.abc import Sequence

from disentangle.reporting.results import CellResult


def mig_of(cell: CellResult) -> float | None:
    """Return a model's MIG of mean codes, None where metrics.json has none, as of a model that diverged."""
    found: float | None = ((cell.metrics["scores"].get("mean") or {}).get("mig") or {}).get("mig")
    return found


def picked(cells: Sequence[CellResult]) -> list[tuple[str, CellResult]]:
    """Return ("best", cell), ("median", cell) and ("worst", cell) by MIG, of cells that have read metrics.json.

    Of an even number the median is the lower one, and of one MIG the first cell is the better one. Each cell is there
    once: of two cells none is the median, one is the best. Cells without a MIG are left out, so there may be none.
    """
    scored = [(mig, cell) for cell in cells if (mig := mig_of(cell)) is not None]
    ranked = [cell for _, cell in sorted(scored, key=lambda found: -found[0])]
    if len(ranked) < 3:
        return [*zip(("best", "worst"), ranked, strict=False)]
    return [("best", ranked[0]), ("median", ranked[len(ranked) // 2]), ("worst", ranked[-1])]
