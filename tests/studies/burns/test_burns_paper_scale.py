"""The shipped scale ``paper``: the setting that the paper publishes."""

from pathlib import Path

from conftest import as_shipped

from disentangle.pipeline import params

ROOT = Path(__file__).parents[3]


def test_the_papers_scale_is_the_papers() -> None:
    """Appendix A.1 and section 4.1: 100,000 and 10,000 pairs of 64x64, undimmed, ResNet34, d = 8, six runs."""
    settings = params.load(ROOT / "params.yaml")
    as_shipped("burns" in settings.scales.get("paper", {"studies": ()})["studies"], True)
    definition = settings.dataset("paper", "DC-BC")
    as_shipped(
        definition["options"],
        {
            "held": ["DC", "BC"],
            "train_pairs": 100_000,
            "test_pairs": 10_000,
            "image_size": 64,
            "background_brightness": 1.0,
        },
    )
    sources = {role: source["name"] for role, source in definition["sources"].items()}
    as_shipped(sources, {"digits": "mnist", "backgrounds": "stl10"})
    study = settings.study("paper", "burns")
    as_shipped((study["encoder"]["blocks"], study["encoder"]["widths"]), ([3, 4, 6, 3], [64, 128, 256, 512]))
    as_shipped(study["projection"]["dim"], 8)
    as_shipped(study["seeds"], [0, 1, 2, 3, 4, 5])
    as_shipped(settings.measured("demo", "burns", "z"), ["half_similarity"])
