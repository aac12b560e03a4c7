"""Steps of stacks that a compiler fuses: what is handed to it, and what it may not meet."""

from pathlib import Path
from typing import Any

import pytest
import torch
from test_stack import Coloured, assert_same_bits, configured, grid, strength, train
from torch._dynamo.backends.common import aot_autograd
from torch.fx.experimental.proxy_tensor import make_fx

from disentangle.models.stacked import _overlap
from disentangle.training import stack as stacking
from disentangle.training.packed import PackedGrid

__all__ = ["grid"]  # a fixture


@pytest.mark.filterwarnings("ignore")  # of the compiler's own
@pytest.mark.parametrize(("method", "at_once"), [("factor_vae", 2), ("beta_vae", 1)])
def test_a_fused_step_is_one_program_that_computes_what_the_eager_one_does(
    grid: PackedGrid, tmp_path: Path, method: str, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the bit, as traced, which fails where a value is read; kernels that a compiler makes of it differ in sums."""
    graphs: list[torch.fx.GraphModule] = []

    def noted(graph: torch.fx.GraphModule, _: Any) -> Any:
        graphs.append(graph)
        return graph

    compiler = torch.compile
    backend = aot_autograd(fw_compiler=noted, bw_compiler=noted)
    monkeypatch.setattr(torch, "compile", lambda program, **how: compiler(program, backend=backend, **how))
    monkeypatch.setattr(stacking, "AT_ONCE", {"cpu": at_once})
    configs = [configured(strength(method), 0), configured(2 * strength(method), 1)]
    given = {"method": method, "observation": Coloured()}
    eager = train(grid, tmp_path, configs, **given)
    for cell, other in zip(train(grid, tmp_path, configs, execution="compiled", **given), eager, strict=True):
        assert_same_bits(cell, other)
    assert len(graphs) == 2  # forward and backward of the autoencoders, once for cells that take turns
    products = {"bmm", "baddbmm"} if at_once > 1 else {"convolution"}
    for graph in graphs:
        targets = {str(node.target).split(".")[1] for node in graph.graph.nodes if "aten." in str(node.target)}
        assert products & targets and len(targets) > 20


@pytest.mark.filterwarnings("ignore")
def test_stacks_of_many_shapes_are_fused_one_after_another(
    grid: PackedGrid, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than the compiler keeps of one program."""
    compiler = torch.compile
    monkeypatch.setattr(torch, "compile", lambda program, **how: compiler(program, backend="eager", **how))
    monkeypatch.setattr(stacking, "AT_ONCE", {})
    with torch._dynamo.config.patch(recompile_limit=2):
        for cells in (1, 2, 3, 4):
            configs = [configured(seed=seed, steps=1) for seed in range(cells)]
            assert not any(cell.diverged for cell in train(grid, tmp_path, configs, execution="compiled"))


def test_sums_of_blocks_are_no_chain_of_writes_into_one_tensor() -> None:
    """A compiler unfolds each write twice where the next one reads it: a map of four took it minutes."""
    program = make_fx(torch.func.functionalize(_overlap))(torch.ones(2, 3, 4, 4, 2, 2, 5))
    operations = [str(node.target) for node in program.graph.nodes if node.op == "call_function"]
    assert sum("aten.add." in operation for operation in operations) == 3
    assert not [operation for operation in operations if "scatter" in operation]
