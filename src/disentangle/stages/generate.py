"""Make a dataset from its sources."""

import argparse

from disentangle import dataset_files, params, plan, registry
from disentangle.cells import dataset_folder
from disentangle.streams import rng


def run(given: argparse.Namespace) -> None:
    """Load the sources' instance pools, compose both splits, and write them with their manifest."""
    settings = params.load()
    definition = settings.dataset(given.scale, given.dataset)
    digest = plan.generate(settings, given.scale, given.dataset)
    plan.require(given.digest, digest)
    seed = definition["seed"]
    pools, made_of = {}, {}
    for role, source in definition["sources"].items():
        pools[role] = registry.build("sources", source["name"], source["options"]).load(rng(seed, role))
        instances = [len(pool) for pool in pools[role]]
        made_of[role] = {"source": source["name"], "classes": pools[role][0].classes, "instances": instances}
        print(f"{role}: {instances} instances for train and test from {source['name']}", flush=True)
    dataset = registry.build("datasets", definition["generator"], definition["options"])
    splits = {}
    for k, split in enumerate(dataset_files.SPLITS):
        pairs = definition["options"][f"{split}_pairs"]
        random = rng(seed, "pairs", split)
        splits[split] = dataset.generate(pools["digits"][k], pools["backgrounds"][k], pairs, random)
    manifest = {
        "dataset": given.dataset,
        "digest": digest,
        "definition": definition,
        "made_of": made_of,
        "raw_files": plan.raw_files(settings, given.scale, given.dataset),
    }
    dataset_files.write(dataset_folder(given.scale, given.dataset), splits, manifest)
