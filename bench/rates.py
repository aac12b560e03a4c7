"""What a device reaches: large matrix products by precision, copies in memory, and what it and its software are called.

Run as `PYTHONPATH=src python bench/rates.py --device cuda`; printed is one line of JSON.
"""

import argparse
import json
import platform
import time
from collections.abc import Callable

import numpy as np
import torch

from disentangle.training import device

SIDES = {"cuda": 8192, "cpu": 1024}
BYTES = {"cuda": 2**32, "cpu": 2**26}
TRIES = 10


def best(work: Callable[[], object], where: torch.device) -> float:
    """Return the seconds of the fastest of some tries."""
    found = float("inf")
    for _ in range(TRIES):
        start = time.perf_counter()
        work()
        if where.type == "cuda":
            torch.cuda.synchronize()
        found = min(found, time.perf_counter() - start)
    return found


def flop(where: torch.device, precision: str) -> float:
    """Return the operations a second of a large matrix product: ``float32``, ``tf32`` or ``bfloat16``."""
    side, dtype = SIDES[where.type], torch.bfloat16 if precision == "bfloat16" else torch.float32
    a, b = (torch.randn(side, side, device=where, dtype=dtype) for _ in range(2))
    if where.type == "cuda":
        torch.backends.cuda.matmul.fp32_precision = "tf32" if precision == "tf32" else "ieee"
    return 2 * side**3 / best(lambda: a @ b, where)


def copied(where: torch.device) -> float:
    """Return the bytes a second that a copy reads and writes."""
    a = torch.zeros(BYTES[where.type] // 2, dtype=torch.uint8, device=where)
    b = torch.empty_like(a)
    return 2 * a.numel() / best(lambda: b.copy_(a), where)


def main() -> None:
    """Print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="auto")
    given = parser.parse_args()
    where = device.choose(given.device, 1)
    on_gpu = where.type == "cuda"
    precisions = ("bfloat16", "tf32", "float32") if on_gpu else ("bfloat16", "float32")
    found = {
        "device": device.name_of(where),
        "memory": torch.cuda.get_device_properties(where).total_memory if on_gpu else None,
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "numpy": np.__version__,
            "cuda": torch.version.cuda,
            "cudnn": torch.backends.cudnn.version() if on_gpu else None,
        },
        "flop": {precision: flop(where, precision) for precision in precisions},
        "bytes": copied(where),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
