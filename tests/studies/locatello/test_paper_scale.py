"""The shipped scale ``paper``: the setting that the paper publishes."""

from pathlib import Path

import pytest
import yaml

from disentangle.cells import Cell
from disentangle.pipeline import params, plan

ROOT = Path(__file__).parents[3]


def test_the_scale_is_the_papers() -> None:
    """12,600 models: 7 data sets, 6 methods, 6 strengths, 50 seeds; the networks and the training of its appendix."""
    settings = params.load(ROOT / "params.yaml")
    study = settings.study("paper", "locatello")
    cells = [cell for dataset in study["datasets"] for cell in settings.cells("paper", "locatello", dataset)]
    trained = [cell for cell in cells if cell.method != "untrained"]
    assert (len(trained), len(cells) - len(trained)) == (12_600, 7 * 50)
    assert {name: entry["lam"] for name, entry in study["methods"].items() if name != "untrained"} == {
        "beta_vae": [1, 2, 4, 6, 8, 16],
        "annealed_vae": [5, 10, 25, 50, 75, 100],
        "factor_vae": [10, 20, 30, 40, 50, 100],
        "beta_tcvae": [1, 2, 4, 6, 8, 10],
        "dip_vae_i": [1, 2, 5, 10, 20, 50],
        "dip_vae_ii": [1, 2, 5, 10, 20, 50],
    }
    assert settings.method("paper", "locatello", "dsprites", "annealed_vae")["options"] == {
        "gamma": 1000.0,
        "ramp_steps": 100_000,
    }
    config = settings.training(cells[0])
    assert set(config) == {"cell", "method", "model", "training"}
    assert config["model"] == {"latent": 10, "conv": [32, 32, 64, 64], "hidden": 256}
    steps, batch, rate = (config["training"][key] for key in ("steps", "batch", "lr"))
    assert (steps, batch, rate) == (300_000, 64, 1e-4)
    assert "discriminator" not in config["training"]
    adversarial = settings.training(Cell("paper", "locatello", "dsprites", "factor_vae", 10.0, 0))["training"]
    assert adversarial["discriminator"] == {"layers": 6, "hidden": 1000, "lr": 1e-4}
    assert {**adversarial, "discriminator": {}} == {**config["training"], "discriminator": {}}
    for dataset in study["datasets"]:
        definition = settings.dataset("paper", dataset)
        assert definition["options"]["image_size"] == 64
        assert set(definition["options"]["every"]) == {1}
        assert definition["sources"]["images"]["name"].endswith("_official")
    assert settings.measured("paper", "locatello", "mean") == list(study["metrics"])


@pytest.mark.parametrize("name", ["mpi3d_toy", "mpi3d_realistic", "mpi3d_real", "mpi3d_complex"])
def test_mpi3d_is_a_line_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    written = yaml.safe_load((ROOT / "params.yaml").read_text())
    written["scales"]["robots"] = {"base": "paper", "studies": {"locatello": {"datasets": [name]}}}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(written))
    monkeypatch.chdir(tmp_path)
    settings = params.load()
    assert len(settings.cells("robots", "locatello", name)) == 37 * 50
    needed = plan.official_files(settings, "robots", name)
    assert needed == ([] if name == "mpi3d_complex" else [f"data/raw/mpi3d/{name}.npz"])
    assert plan.raw_files(settings, "robots", name) == ({"images": "missing"} if name == "mpi3d_complex" else {})
    Path("data/raw/mpi3d/repacked").mkdir(parents=True)
    Path(f"data/raw/mpi3d/repacked/{name}.npz").touch()
    if needed:
        assert plan.official_files(settings, "robots", name) == [f"data/raw/mpi3d/repacked/{name}.npz"]
