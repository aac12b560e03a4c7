"""How a report's numbers came about: scale, data and stand-ins, deviations from the paper, devices, revisions, time."""

from collections import Counter
from typing import Any

from disentangle.studies.burns.analysis.results import BurnsResults

RESNET34 = {"blocks": [3, 4, 6, 3], "widths": [64, 128, 256, 512]}


def setting_text(results: BurnsResults) -> str:
    """Return the closing sections of a Burns report in Markdown."""
    parts = {"Setting": _setting, "Data": _data, "Differences from the paper": _differences}
    return "\n\n".join(f"## {title}\n\n{part(results)}" for title, part in parts.items())


def _distinct(values: Any) -> str:
    return ", ".join(sorted({str(value) for value in values}))


def _setting(results: BurnsResults) -> str:
    runs, timings = [cell.run for cell in results.cells], [cell.timing for cell in results.cells]
    seconds = sum(timing["seconds"] for timing in timings)
    training = runs[0]["training"]
    encoder = runs[0]["encoder"]
    rows: list[tuple[str, object]] = [
        ("scale", results.scale),
        ("cells", len(runs)),
        ("seeds", _seeds(results)),
        (
            "encoder",
            f"ResNet of {_list(encoder['blocks'])} blocks, {_list(encoder['widths'])} channels, stem {encoder['stem']}",
        ),
        (
            "training",
            f"{training['steps']} steps of {training['batch']} pairs, {training['optimizer']}, "
            f"peak rate {training['lr']}, temperature {training['temperature']}, "
            f"augmentation {training['augmentation']}",
        ),
        ("device", _distinct(run["device"] for run in runs)),
        ("training time", f"{seconds:.0f} s summed over the cells, {seconds / len(timings):.0f} s a cell"),
        (
            "versions",
            _distinct("python {python}, torch {torch}, numpy {numpy}".format(**run["versions"]) for run in runs),
        ),
        ("revision", f"trained at {_distinct(t['revision'] for t in timings)}; reported at {results.revision}"),
    ]
    return "\n".join(f"- {what}: {value}" for what, value in rows)


def _seeds(results: BurnsResults) -> str:
    """Return how many seeds a setting has, and which they are."""
    by_setting: dict[tuple[str, str, float], int] = Counter(
        (result.cell.dataset, result.cell.method, result.cell.lam) for result in results.cells
    )
    counts = " or ".join(map(str, sorted(set(by_setting.values()))))
    return f"{counts}: {', '.join(map(str, sorted({result.cell.seed for result in results.cells})))}"


def _list(numbers: list[int]) -> str:
    return "-".join(map(str, numbers))


def _data(results: BurnsResults) -> str:
    blocks = []
    for name, manifest in results.manifests.items():
        options = manifest["definition"]["options"]
        size = options["image_size"]
        pairs = f"{options['train_pairs']} training and {options['test_pairs']} test pairs"
        lines = [f"**{name}**: {pairs} of {size}x{size} pixels.\n"]
        probed = next(cell.probe for cell in results.cells if cell.cell.dataset == name)
        chance = ", ".join(f"{task} {value:.1f}" for task, value in probed["chance"].items())
        lines.append(f"- always saying the most frequent class is right on the test pairs in percent: {chance}")
        for role, made_of in manifest["made_of"].items():
            train, test = made_of["instances"]
            kind = f"**stand-in**: {made_of['STAND_IN']}" if made_of["STAND_IN"] else "as in the paper"
            counts = f"{train} instances to train on, {test} others to test on"
            lines.append(f"- {role}: {kind}; {counts}. {made_of['CREDITS']}")
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def _differences(results: BurnsResults) -> str:
    theirs = [cell for cell in results.cells if cell.run["method"]["name"] in results.of_paper]
    own = dict.fromkeys(cell.cell.method for cell in results.cells if cell not in theirs)
    lines = [
        f"- {role} of {name}: {made_of['STAND_IN']}"
        for name, manifest in results.manifests.items()
        for role, made_of in manifest["made_of"].items()
        if made_of["STAND_IN"]
    ]
    for name, manifest in results.manifests.items():
        options = manifest["definition"]["options"]
        lines += _changed(f"image size of {name}", options["image_size"], 64)
        lines += _changed(f"training pairs of {name}", options["train_pairs"], 100000)
        lines += _changed(f"test pairs of {name}", options["test_pairs"], 10000)
        lines += _changed(
            f"background brightness of {name}",
            options["background_brightness"],
            1.0,
            "at full brightness a small encoder stays with the background and never learns the digits",
        )
    if any(cell.run["encoder"][key] != RESNET34[key] for cell in theirs for key in RESNET34):
        lines.append("- encoder: the small ResNet above (paper: ResNet34).")
    projections = [cell.run["projection"] for cell in theirs if "projection" in cell.run]
    if projections:
        lines += _changed(
            "batch norm on the head's output",
            projections[0]["batch_norm_output"],
            False,
            "with dimming it is what gets a small encoder off the plateau of Fig. 5",
        )
    for method, reading in {cell.cell.method: cell.run["reading"] for cell in theirs}.items():
        lines += [f"- {method}: `{key}` is {value}, not its default." for key, value in reading.items()]
    lines += [f"- not of the paper's experiments: {', '.join(own)}."] if own else []
    if any(cell.run["training"]["loss_scale"] != "none" for cell in results.cells):
        lines.append("- InfoMax terms are multiplied by the temperature, which changes the meaning of λ.")
    lines.append(
        "- The paper leaves batch size, steps, optimiser, temperature and much else open; the values are in "
        "`params.yaml`, the reading of each equation in the docstring of its method."
    )
    return "\n".join(lines)


def _changed(what: str, ours: Any, theirs: Any, why: str = "") -> list[str]:
    return [] if ours == theirs else [f"- {what}: {ours} (paper: {theirs})" + (f": {why}." if why else ".")]
