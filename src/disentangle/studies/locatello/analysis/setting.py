"""How a report's numbers came about: scale, data and stand-ins, deviations from the paper, devices, revisions, time."""

import itertools
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from disentangle.cells import format_lam
from disentangle.reporting.layout import of_paper
from disentangle.reporting.results import CellResult, Results
from disentangle.studies.locatello.analysis.results import CONTROL, method_title, spelled

DATASETS = ("dSprites", "Color-dSprites", "Noisy-dSprites", "Scream-dSprites", "SmallNORB", "Cars3D", "Shapes3D")
TRAINING: Mapping[str, Any] = {"steps": 300000, "batch": 64, "lr": 0.0001}
MODEL: Mapping[str, Any] = {"conv": [32, 32, 64, 64], "hidden": 256, "latent": 10}
"""The published network and training, by the keys of ``run.json``."""
WORDS = {
    "steps": "training steps",
    "batch": "batch",
    "lr": "learning rate",
    "conv": "channels of the convolutions",
    "hidden": "hidden units",
    "latent": "latent dimensions",
    "final_batches": "batches of the final losses",
    "log_every": "steps a row of history",
}
SEEDS, IMAGE_SIZE = 50, 64
TRAIN_POINTS = 10_000
"""Of DCI and the largest downstream task, as published."""

SOFTWARE = (
    "- Importances in DCI are sums over all trees, as Friedman 2001 has it; until 0.20 scikit-learn made those of "
    "each tree sum to 1 first, so that late trees, which hardly lower the error, weighed as much as the first. "
    "The paper does not tell its version.",
    "- The downstream tasks' logistic regressions are one a class, each with its own penalty, as scikit-learn's "
    "were until 0.22 (`downstream_lr`; what the paper's code does today is `downstream_lr_multinomial`, which no "
    "report uses). Those of the BetaVAE score and of explicitness are one of all classes.",
    "- Adam adds epsilon after it corrects the bias, in TensorFlow 1 before: at 1e-8 steps differ only where "
    "gradients are about as small.",
    "- AnnealedVAE holds the mean divergence of a batch at its capacity, as the paper's code does, not that of an "
    "image.",
)
"""What the paper's text does not tell of its code and libraries, and what it is here."""


def setting_text(results: Results) -> str:
    """Return the closing sections of a report in Markdown; without cells there is little to tell."""
    parts = {"Setting": _setting, "Data": _data, "Differences from the paper": _differences}
    if not results.cells:
        return (
            f"## Setting\n\n- scale: {results.scale}\n- cells: none is read\n- revision: reported at {results.revision}"
        )
    return "\n\n".join(f"## {title}\n\n{part(results)}" for title, part in parts.items())


def _distinct(values: Iterable[Any]) -> str:
    return ", ".join(sorted({_text(value) for value in values}))


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return "of " + ", ".join(f"{WORDS.get(key, key)} {_text(part)}" for key, part in sorted(value.items()))
    return "-".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _setting(results: Results) -> str:
    runs, timings = [cell.run for cell in results.cells], [cell.timing for cell in results.cells]
    seconds = sum(timing.get("seconds", 0.0) for timing in timings)
    statuses = Counter(run["status"] for run in runs)
    rows: list[tuple[str, object]] = [
        ("scale", results.scale),
        ("cells", f"{len(runs)} ({', '.join(f'{count} {status}' for status, count in sorted(statuses.items()))})"),
        ("seeds of a setting", f"{_seed_counts(results)} (paper: {SEEDS})"),
        ("network", _described(runs, "model", MODEL)),
        ("training", _described(runs, "training", TRAINING)),
        ("device", _distinct(run["device"] for run in runs)),
        ("training time", f"{seconds:.0f} s summed over the cells, {seconds / len(timings):.1f} s a cell"),
        ("versions", _distinct(", ".join(f"{k} {v}" for k, v in sorted(run["versions"].items())) for run in runs)),
        (
            "revision",
            f"trained at {_distinct(t.get('revision', 'unknown') for t in timings)}; reported at {results.revision}",
        ),
    ]
    return "\n".join(f"- {what}: {value}" for what, value in rows)


def _described(runs: list[dict[str, Any]], section: str, published: Mapping[str, Any]) -> str:
    """Return what run.json tells of network or training, the paper's keys first; of several values all."""
    keys = [*published, *sorted({key for run in runs for key in run.get(section, {})} - set(published))]
    told = {key: _distinct(run[section][key] for run in runs if key in run.get(section, {})) for key in keys}
    return ", ".join(f"{WORDS.get(key, key)} {value}" for key, value in told.items() if value)


def _seed_counts(results: Results) -> str:
    counts = Counter((cell.cell.dataset, cell.cell.method, cell.cell.lam) for cell in results.cells)
    return " or ".join(map(str, sorted(set(counts.values()))))


def _data(results: Results) -> str:
    blocks = []
    for name, manifest in results.manifests.items():
        definition = manifest["definition"]
        options = ", ".join(f"{key} {_text(value)}" for key, value in sorted(definition["options"].items()))
        lines = [f"**{name}**: generator `{definition['generator']}`, seed {definition['seed']}; {options}.\n"]
        for role, made_of in manifest["made_of"].items():
            kind = f"**stand-in**: {made_of['STAND_IN']}" if made_of["STAND_IN"] else "as in the paper"
            lines.append(f"- {role}: {kind.rstrip('.')}. {made_of['CREDITS']}".rstrip())
        images = math.prod(size for _, size in manifest["grid"]["sizes"])
        seen = 1 - (1 - 1 / images) ** TRAIN_POINTS
        lines.append(
            f"- {images:,} images, of which training and test points of a score are drawn with replacement, as in the "
            f"paper: {100 * seen:.0f} % of test points are among {TRAIN_POINTS:,} training points, which raises "
            "accuracies (informativeness, downstream tasks), the more the larger this share."
        )
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def _differences(results: Results) -> str:
    """Return what differs from the paper, as far as the files of the cells and datasets tell it."""
    lines = [
        f"- {role} of {name}: {made_of['STAND_IN'].rstrip('.')}."
        for name, manifest in results.manifests.items()
        for role, made_of in manifest["made_of"].items()
        if made_of["STAND_IN"]
    ]
    for name, manifest in results.manifests.items():
        options = manifest["definition"]["options"]
        lines += _changed(f"image size of {name}", {options.get("image_size", IMAGE_SIZE)}, IMAGE_SIZE)
        every = options.get("every") or [1]
        if set(every if isinstance(every, list) else [every]) != {1}:
            strides = zip((factor for factor, _ in manifest["grid"]["sizes"]), every, strict=False)
            thinned = ", ".join(f"{factor} {stride}" for factor, stride in strides if stride > 1)
            lines.append(f"- factor values of {name}: one in so many: {thinned} (paper: all).")
    present = {spelled(name): name for name in results.manifests}
    lines += _named("datasets", {spelled(name): name for name in DATASETS}, present)
    strengths = results.published["strengths"].groupby("method", sort=False)["lam"].nunique()
    trained, others = of_paper(results)
    methods = {c.run["method"]["name"] for c in trained}
    missing = [method_title(str(name)) for name in strengths.index if name not in methods]
    lines += [f"- methods: without {', '.join(missing)} (paper: {len(strengths)})."] if missing else []
    if own := dict.fromkeys(c.cell.method for c in others if c.cell.method != CONTROL):
        lines.append(f"- not of the paper's experiments: {', '.join(map(method_title, own))}.")
    for entry, method in sorted({c.cell.method: c.run["method"]["name"] for c in trained}.items()):
        lams = {c.cell.lam for c in trained if c.cell.method == entry}
        lines += _changed(f"strengths of {method_title(entry)}", {len(lams)}, strengths[method])
    seeds = Counter((c.cell.dataset, c.cell.method, c.cell.lam) for c in trained)
    lines += _changed("seeds of a setting", set(seeds.values()), SEEDS)
    lines += _twins(trained)
    for section, published in (("training", TRAINING), ("model", MODEL)):
        for key, theirs in published.items():
            found = {_text(c.run[section][key]) for c in trained if key in c.run.get(section, {})}
            lines += _changed(WORDS[key], found, _text(theirs))
    for method in sorted({c.cell.method for c in trained}):
        readings = {
            str(k): v for c in trained if c.cell.method == method for k, v in (c.run.get("reading") or {}).items()
        }
        lines += [f"- {method}: `{key}` is {value}, not its default." for key, value in readings.items()]
    lines += SOFTWARE
    lines.append("- What the paper leaves open is settled as the text of each report and the docstrings tell.")
    return "\n".join(lines)


def _twins(trained: Sequence[CellResult]) -> list[str]:
    """Return which settings gave the same models throughout, as objectives do that coincide at a strength."""
    models: dict[tuple[str, float], dict[tuple[str, int], Any]] = {}
    for c in trained:
        if c.run.get("final") and c.run["status"] == "done":
            models.setdefault((c.cell.method, c.cell.lam), {})[c.cell.dataset, c.cell.seed] = c.run["final"]
    return [
        f"- {method_title(a)} at {format_lam(lam)} and {method_title(b)} at {format_lam(other)} are one objective, and "
        "here the same models, as they start alike; they count twice (in the paper they start from other weights)."
        for ((a, lam), one), ((b, other), two) in itertools.combinations(models.items(), 2)
        if one == two
    ]


def _named(what: str, theirs: Mapping[str, str], ours: Mapping[str, str]) -> list[str]:
    """Return which of the paper's we lack, and which of ours it lacks, by their titles."""
    missing = [title for name, title in theirs.items() if name not in ours]
    own = [title for name, title in ours.items() if name not in theirs]
    lines = [f"- {what}: without {', '.join(missing)} (paper: {len(theirs)})."] if missing else []
    return [*lines, f"- {what}: with {', '.join(own)}, which the paper does not have."] if own else lines


def _changed(what: str, ours: set[Any], theirs: Any) -> list[str]:
    if not ours or {str(value) for value in ours} == {str(theirs)}:
        return []
    return [f"- {what}: {' or '.join(sorted(map(str, ours)))} (paper: {theirs})."]
