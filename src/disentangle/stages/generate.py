"""Make a dataset from its sources."""

import argparse
from typing import Any

from disentangle import registry
from disentangle.cells import dataset_folder
from disentangle.data import dataset_files
from disentangle.pipeline import plan
from disentangle.streams import rng


def run(given: argparse.Namespace) -> None:
    """Make view pairs, or a factor grid, of what the sources hold, and write them with their manifest."""
    settings = given.settings
    definition = settings.dataset(given.scale, given.dataset)
    digest = plan.generate(settings, given.scale, given.dataset)
    plan.require(given.digest, digest)
    manifest = {
        "dataset": given.dataset,
        "digest": digest,
        "definition": definition,
        "raw_files": plan.raw_files(settings, given.scale, given.dataset),
    }
    folder = dataset_folder(given.scale, given.dataset)
    dataset = registry.build("datasets", definition["generator"], definition["options"])
    sources = {
        role: registry.build("sources", source["name"], source["options"])
        for role, source in definition["sources"].items()
    }
    if registry.makes_pairs(definition["generator"]):
        splits, made_of = _pairs(definition, dataset, sources)
        dataset_files.write(folder, splits, {**manifest, "made_of": made_of})
    else:
        grid = dataset.generate(sources, lambda *purpose: rng(definition["seed"], *purpose))
        print(f"{len(grid.images)} images of {dict(grid.sizes)}", flush=True)
        made_of = {role: {"source": source["name"]} for role, source in definition["sources"].items()}
        dataset_files.write_grid(folder, vars(grid), {**manifest, "made_of": made_of})


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
