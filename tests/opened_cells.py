"""What a loaded model makes of the images that a cell was encoded of, against the cell's codes.npz."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import Project

import disentangle
from disentangle import registry
from disentangle.errors import InputError


def assert_opens_as_encoded(project: Project, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Assert that each cell of a project gives the codes and pictures that are stored; return their families."""
    monkeypatch.chdir(project.folder)
    threads, families = torch.get_num_threads(), set()
    torch.set_num_threads(1)  # as stages have it: sums of more are cut elsewhere
    for weights in sorted(Path("data/runs").rglob("checkpoint.safetensors")):
        model = disentangle.load(weights.parent)
        run, stored = model.run, np.load(weights.parent / "codes.npz")
        data = disentangle.dataset(run["cell"]["dataset"])
        for prefix, rows in _encoded(stored, data).items():
            images = data[rows][0]
            found = model.encode(images[:, 0] if data.kind == "view pairs" else images)
            told = {name for name in found if prefix + name in stored}
            assert told and all(np.array_equal(found[name], stored[prefix + name]) for name in told), weights
        families.add(registry.constant("methods", run["method"]["name"], "FAMILY"))
        _assert_decodes(model, data, stored)
    torch.set_num_threads(threads)
    return families


def _encoded(stored: Any, data: Any) -> dict[str, Any]:
    """Return which rows the arrays of codes.npz are of, by what their names begin with."""
    if data.kind == "view pairs":
        return {f"{split}_": rows for split, rows in data.uses.items()}
    return {"": stored["rows"] if "rows" in stored else slice(None)}


def _assert_decodes(model: Any, data: Any, stored: Any) -> None:
    """Assert that pictures are those that are stored, and a method without a decoder says so."""
    if "shown" in stored:
        codes = model.encode(data[stored["shown_rows"]][0])["z"]
        assert np.abs(255 * model.decode(codes).numpy() - stored["shown"]).max() < 1
    elif "swapped" in stored:
        rows, domain = stored["swapped_rows"], data.names.index(data.manifest["labelled"]["domain"])
        images, factors = data[np.tile(rows, len(rows))][0], data[np.repeat(rows, len(rows))]
        made = model.swap(images, factors[0], factors[1][:, domain])
        assert np.abs(255 * made.numpy() - stored["swapped"].reshape(made.shape)).max() < 1
    elif model.decoded == "mean":
        images = model.decode(stored["mean"][:5])
        assert images.shape[:3] == (5, *model.shape[:2]) and 0 <= float(images.min()) <= float(images.max()) <= 1
        observed = model.observed(data[:5][0])
        assert observed.shape == images.shape
        # A batch of five is summed in another order than one of hundreds.
        assert np.allclose(model.codes(observed)["mean"], stored["mean"][:5], rtol=0, atol=1e-5)
    else:
        with pytest.raises(InputError, match="^method '.*' has no decoder"):
            model.decode(torch.zeros(1, model.size if model.decoded else 1))
