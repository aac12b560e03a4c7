"""The shipped scale ``paper``: the setting that the paper publishes."""

from pathlib import Path

import pytest
import yaml
from conftest import as_shipped, committed_params

from disentangle.cells import Cell
from disentangle.pipeline import params, plan
from disentangle.pipeline.result_files import read_published

ROOT = Path(__file__).parents[3]


def test_the_scale_is_the_papers() -> None:
    """12,600 models: 7 data sets, 6 methods, 6 strengths, 50 seeds; the networks and the training of its appendix."""
    settings = params.load(ROOT / "params.yaml")
    as_shipped("locatello" in settings.scales.get("paper", {"studies": ()})["studies"], True)
    study = settings.study("paper", "locatello")
    cells = [cell for dataset in study["datasets"] for cell in settings.cells("paper", "locatello", dataset)]
    trained = [cell for cell in cells if cell.method != "untrained"]
    as_shipped((len(trained), len(cells) - len(trained)), (12_600, 7 * 50))
    strengths = {name: entry["lam"] for name, entry in study["methods"].items() if name != "untrained"}
    published = read_published("locatello")["strengths"].groupby("method")["lam"].apply(list).to_dict()
    as_shipped(strengths, published)
    annealed = settings.method("paper", "locatello", "dsprites", "annealed_vae")["options"]
    as_shipped(annealed, {"gamma": 1000.0, "ramp_steps": 100_000})
    config = settings.training(cells[0])
    assert set(config) == {"cell", "method", "model", "training"}
    as_shipped(config["model"], {"latent": 10, "conv": [32, 32, 64, 64], "hidden": 256})
    steps, batch, rate = (config["training"][key] for key in ("steps", "batch", "lr"))
    as_shipped((steps, batch, rate), (300_000, 64, 1e-4))
    assert "discriminator" not in config["training"]
    adversarial = settings.training(Cell("paper", "locatello", "dsprites", "factor_vae", 10.0, 0))["training"]
    as_shipped(adversarial["discriminator"], {"layers": 6, "hidden": 1000, "lr": 1e-4})
    assert {**adversarial, "discriminator": {}} == {**config["training"], "discriminator": {}}
    for dataset in study["datasets"]:
        definition = settings.dataset("paper", dataset)
        as_shipped((definition["options"]["image_size"], set(definition["options"]["every"])), (64, {1}))
        as_shipped(definition["sources"]["images"]["name"].endswith("_official"), True)
    as_shipped(settings.measured("paper", "locatello", "mean"), list(study["metrics"]))


@pytest.mark.parametrize("name", ["mpi3d_toy", "mpi3d_realistic", "mpi3d_real", "mpi3d_complex"])
def test_mpi3d_is_a_line_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    written = yaml.safe_load(committed_params())
    as_shipped("locatello" in written["scales"].get("paper", {"studies": ()})["studies"], True)
    written["scales"]["robots"] = {"base": "paper", "studies": {"locatello": {"datasets": [name]}}}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(written))
    monkeypatch.chdir(tmp_path)
    settings = params.load()
    lams = [lam for entry in settings.study("paper", "locatello")["methods"].values() for lam in entry["lam"]]
    seeds = settings.study("paper", "locatello")["seeds"]
    assert len(settings.cells("robots", "locatello", name)) == len(lams) * len(seeds)
    needed = plan.official_files(settings, "robots", name)
    assert needed == ([] if name == "mpi3d_complex" else [f"data/raw/mpi3d/{name}.npz"])
    assert plan.raw_files(settings, "robots", name) == ({"images": "missing"} if name == "mpi3d_complex" else {})
    Path("data/raw/mpi3d/repacked").mkdir(parents=True)
    Path(f"data/raw/mpi3d/repacked/{name}.npz").touch()
    if needed:
        assert plan.official_files(settings, "robots", name) == [f"data/raw/mpi3d/repacked/{name}.npz"]
