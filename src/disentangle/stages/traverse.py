"""Walk along the dimensions of one trained model's codes: a picture, frames that move, and the values of the walk."""

import argparse
import io
from pathlib import Path

import numpy as np
from PIL import Image

from disentangle import files
from disentangle.cells import format_lam
from disentangle.data.torch_dataset import TorchDataset
from disentangle.errors import InputError
from disentangle.pipeline.parts import load, stored
from disentangle.reporting import traversal_pictures, traversals
from disentangle.reporting.drawing import gif, png, svg
from disentangle.reporting.traversals import Traversal, Walked, traversal
from disentangle.streams import rng

STILL, MOVING = (".png", ".svg"), (".gif", ".webp")


def run(given: argparse.Namespace) -> None:
    """Write ``--output``, and beside it the other kind of picture, still or moving, and a table."""
    output = Path(given.output)
    if output.suffix not in STILL + MOVING:
        raise InputError(f"--output: found {output.name}; allowed: a name that ends in {', '.join(STILL + MOVING)}.")
    still = output if output.suffix in STILL else output.with_suffix(STILL[0])
    moving = output if output.suffix in MOVING else output.with_suffix(MOVING[0])
    table = still.with_suffix(".csv")
    found = [_traversal(Path(given.cell), given.row, given.steps)]
    for path in (still, moving, table):
        files.check_writable(path)
    figure, (frames, seconds) = traversal_pictures.draw(found), traversal_pictures.frames(found)
    files.write_bytes(still, svg(figure) if still.suffix == ".svg" else png(figure))
    files.write_bytes(moving, gif(frames, seconds) if moving.suffix == ".gif" else _webp(frames, seconds))
    files.write_text(table, traversals.rows(found).to_csv(index=False))
    print(f"{still}, {moving}, {table}", flush=True)


def _traversal(folder: Path, row: int | None, steps: int) -> Traversal:
    model = load(folder)
    data = TorchDataset(model.dataset)
    if not model.decoded:
        raise InputError(f"{folder}: {model.name} has no decoder that is given codes alone.")
    codes = stored(folder)
    rows = codes.get("rows", np.arange(len(data)))
    shown = int(rng(0, "traversals").choice(rows)) if row is None else row
    if not 0 <= shown < len(data):
        raise InputError(f"--row: found {shown}; allowed: 0 to {len(data) - 1}, the images of the dataset.")
    factors = dict(zip(data.names, data.factors.T, strict=True))
    walked = Walked.of(model, codes, lambda rows: data[rows][0].numpy(), factors)
    cell, image = model.run["cell"], data[shown][0].numpy()
    title = f"{cell['method']} on {cell['dataset']}: λ = {format_lam(cell['lam'])}, seed {cell['seed']}"
    return traversal(model, image, walked, {}, title, {"row": shown}, steps)


def _webp(frames: np.ndarray, seconds: float) -> bytes:
    buffer, (first, *rest) = io.BytesIO(), [Image.fromarray(frame) for frame in frames]
    first.save(buffer, "WEBP", save_all=True, append_images=rest, duration=round(1000 * seconds), loop=0, lossless=True)
    return buffer.getvalue()
