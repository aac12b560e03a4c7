"""Make a dataset from its sources."""

import argparse
from pathlib import Path
from typing import Any

from disentangle import registry
from disentangle.cells import dataset_folder
from disentangle.data import dataset_files
from disentangle.data.labelled import Labelled
from disentangle.pipeline import plan
from disentangle.pipeline.jobs import Jobs
from disentangle.pipeline.sealed import making
from disentangle.streams import rng


def run(given: argparse.Namespace) -> None:
    """Make what a dataset is of, of what the sources hold, and write it with its manifest."""
    settings, scale, name = given.settings, given.scale, given.dataset
    with making(Jobs(settings).generate(scale, name), given.digest, given.anew) as work:
        if work.done:
            return
        definition = settings.dataset(scale, name)
        work.told |= {"raw_files": plan.raw_files(settings, scale, name), "sources": definition["sources"]}
        _write(dataset_folder(scale, name), name, definition)
        work.names += dataset_files.read_manifest(dataset_folder(scale, name))["files"]


def _write(folder: Path, name: str, definition: dict[str, Any]) -> None:
    manifest = {"dataset": name, "definition": definition}
    dataset = registry.build("datasets", definition["generator"], definition["options"])
    sources = {
        role: registry.build("sources", source["name"], source["options"])
        for role, source in definition["sources"].items()
    }
    if registry.constant("datasets", definition["generator"], "DATA") == "view pairs":
        splits, made_of = _pairs(definition, dataset, sources)
        dataset_files.write(folder, splits, {**manifest, "made_of": made_of})
        return
    made = dataset.generate(sources, lambda *purpose: rng(definition["seed"], *purpose))
    manifest["made_of"] = {role: {"source": source["name"]} for role, source in definition["sources"].items()}
    if isinstance(made, Labelled):
        print(f"{len(made.images)} images of {dict(made.sizes())}", flush=True)
        dataset_files.write_labelled(folder, vars(made), manifest)
    else:
        print(f"{len(made.images)} images of {dict(made.sizes)}", flush=True)
        dataset_files.write_grid(folder, vars(made), manifest)


def _pairs(definition: dict[str, Any], dataset: Any, sources: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Load the sources' instance pools and compose both splits; return them and what they are made of."""
    seed, pools, made_of = definition["seed"], {}, {}
    for role, source in sources.items():
        pools[role] = source.load(rng(seed, role))
        name, instances = definition["sources"][role]["name"], [len(pool) for pool in pools[role]]
        made_of[role] = {"source": name, "classes": pools[role][0].classes, "instances": instances}
        print(f"{role}: {instances} instances for train and test from {name}", flush=True)
    splits = {}
    for k, split in enumerate(dataset_files.SPLITS):
        pairs = definition["options"][f"{split}_pairs"]
        random = rng(seed, "pairs", split)
        splits[split] = dataset.generate(pools["digits"][k], pools["backgrounds"][k], pairs, random)
    return splits, made_of
