"""Seconds of every metric on one core: 15,000 rows of 10 codes and the factors of dSprites, with default options.

Run as `OMP_NUM_THREADS=1 python bench/scores.py`. The budget of all together is 60 s of the processor, which
is what they take on a core that nothing else uses. `--metrics dci,mig` picks some, `--codes 256 --rows 100000` another
size, of which there is no budget.
"""

import argparse
import time

import numpy as np

from disentangle import registry, streams
from disentangle.evaluation.population import Population
from disentangle.scoring.score import chosen_of

SIZES = {"shape": 3, "scale": 6, "orientation": 40, "x": 32, "y": 32}
BUDGET = 60


def make_population(rows: int, width: int = 10) -> Population:
    """Return codes as of an encoder: positions and scale told apart, orientation by its sine and cosine, three dead.

    Beyond ten, codes are random units of a layer on the seven that are alive.
    """
    rng = np.random.default_rng(0)
    factors = np.stack([rng.integers(size, size=rows) for size in SIZES.values()], axis=1)
    shape, scale, orientation, x, y = (factors / np.array(list(SIZES.values()))).T
    angle = 2 * np.pi * orientation
    told = [3 * x - 1.5, 3 * y - 1.5, 2 * scale + 0.3 * shape, np.cos(angle) * (1 + scale), np.sin(angle) + shape]
    mixed = [x * y + 0.4 * shape, np.tanh(shape - scale)]
    codes = np.stack([*told, *mixed, *np.zeros((3, rows))], axis=1)
    noise = rng.normal(size=codes.shape) * np.where(np.arange(10) < 7, 0.1, 0.02)
    codes += noise
    units = np.tanh(codes[:, :7] @ rng.normal(size=(7, max(0, width - 10))) + rng.normal(size=max(0, width - 10)))
    codes = np.hstack([codes, units + 0.1 * rng.normal(size=units.shape)])[:, :width]
    return Population(codes, factors, tuple(SIZES), complete=False)


def main() -> None:
    """Print seconds by metric, and their sum."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=15_000)
    options.add_argument("--codes", type=int, default=10)
    options.add_argument("--metrics", default=",".join(chosen_of(None)))
    given = options.parse_args()
    population = make_population(given.rows, given.codes)
    total = 0.0
    print(f"{'metric':26}  elapsed  processor, in seconds")
    for name in given.metrics.split(","):
        metric = registry.build("metrics", name, {})
        start, start_processor = time.perf_counter(), time.process_time()
        metric.scores(population, streams.rng(0, "measure", name))
        elapsed, processor = time.perf_counter() - start, time.process_time() - start_processor
        total += processor
        print(f"{name:26}  {elapsed:7.2f}  {processor:9.2f}", flush=True)
    budget = f"  (budget {BUDGET})" if (given.rows, given.codes) == (15_000, 10) else ""
    print(f"{'all':26}  {'':7}  {total:9.2f}{budget}")


if __name__ == "__main__":
    main()
