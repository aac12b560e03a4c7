"""What each stage of the pipeline depends on, as one digest a job: asked by the workflow and checked by the stage."""

import functools
import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from disentangle import registry
from disentangle.cells import Cell, dataset_folder
from disentangle.data.dataset_files import MANIFEST
from disentangle.pipeline import provenance, seals
from disentangle.pipeline.hashes import Hashes
from disentangle.pipeline.needs import needs
from disentangle.pipeline.outputs import (
    all_figures,
    datasets_of,
    figure_cells,
    report_cells,
    shown_reports,
    shown_studies,
)
from disentangle.pipeline.params import Params
from disentangle.pipeline.study import EVALUATIONS, study_of

STAGES = provenance.PACKAGE / "stages"
TEMPLATES = sorted((provenance.PACKAGE / "reporting").glob("*.jinja"))
MISSING = "missing"


def generate(params: Params, scale: str, dataset: str, hashes: Hashes | None = None) -> str:
    """Return the digest of a dataset: its definition, the user's own raw files, and the code that makes it.

    Where raw files are gone and nothing else changed, the dataset that was made of them stays current.
    """
    raw = raw_files(params, scale, dataset, hashes)
    seal = _seal(scale, dataset) if MISSING in raw.values() else None
    if seal and seal.told.get("sources") == params.dataset(scale, dataset)["sources"]:
        raw = {role: seal.told["raw_files"][role] if found == MISSING else found for role, found in raw.items()}
    return _generation(params, scale, dataset, raw)


def _generation(params: Params, scale: str, dataset: str, raw: dict[str, str]) -> str:
    definition = params.dataset(scale, dataset)
    code = [STAGES / "generate.py", registry.path("datasets", definition["generator"])]
    code += [registry.path("sources", source["name"]) for source in definition["sources"].values()]
    sources = dict(definition["sources"])
    for role, own in _own_sources(params, scale, dataset).items():
        # Where the user's files lie says nothing that their content does not.
        sources[role] = sources[role] | {"options": _without_places(sources[role]["options"], own.files())}
    return provenance.digest([definition | {"sources": sources}, raw], code)


def _without_places(options: dict[str, Any], paths: list[Path]) -> dict[str, Any]:
    """Return options without those whose values are files among ``paths``, or folders that hold some."""
    places = {*paths, *(parent for path in paths for parent in path.parents)} - {Path()}

    def is_place(value: Any) -> bool:
        values = value if isinstance(value, list) else [value]
        return bool(values) and all(isinstance(part, str) and Path(part) in places for part in values)

    return {key: value for key, value in options.items() if not is_place(value)}


def _seal(scale: str, dataset: str) -> seals.Seal | None:
    return seals.read((dataset_folder(scale, dataset) / MANIFEST).with_suffix(".seal"))


def raw_files(params: Params, scale: str, dataset: str, hashes: Hashes | None = None) -> dict[str, str]:
    """Return a fingerprint of the user's own raw files by source, ``missing`` where one is not there."""
    hashes, own = hashes or Hashes(), _own_sources(params, scale, dataset)
    found = {role: _fingerprint(source.files(), hashes) for role, source in own.items()}
    hashes.save()
    return found


def check_raw_files(params: Params, scale: str, dataset: str) -> None:
    """Read the user's own raw files if the dataset is about to be made of them.

    Raises InputError for one that cannot be used, while the dataset that was made of its predecessor is still there.
    """
    seal = _seal(scale, dataset)
    if seal is None or seal.digest != generate(params, scale, dataset):
        for source in _own_sources(params, scale, dataset).values():
            source.load(np.random.default_rng())


def _own_sources(params: Params, scale: str, dataset: str) -> dict[str, Any]:
    sources = {
        role: (registry.build("sources", source["name"], source["options"]), source["name"])
        for role, source in params.dataset(scale, dataset)["sources"].items()
    }
    own = {
        role: source for role, (source, name) in sources.items() if not registry.constant("sources", name, "ARCHIVES")
    }
    return {role: source for role, source in own.items() if source.files()}


def _fingerprint(paths: list[Path], hashes: Hashes) -> str:
    """Return a digest of files and their names below the folder that holds them all: a picture's may be its class."""
    found = [hashes.of(path) for path in paths]
    if None in found:
        return MISSING
    root = os.path.commonpath([path.parent for path in paths])
    content = hashlib.sha256()
    for path, sha256 in zip(paths, found, strict=True):
        content.update(os.fsencode(path.relative_to(root)) + f"\0{sha256}\0".encode())
    return content.hexdigest()[:16]


def archives() -> dict[str, Any]:
    """Return what is known of every official file, its URL and checksum among it, by where it lies."""
    kinds = ("sources", "encoders", "distances")
    named = (registry.constant(kind, name, "ARCHIVES") for kind in kinds for name in registry.names(kind))
    return {archive["path"]: archive for group in named for archive in group}


def official_files(params: Params, scale: str, dataset: str) -> list[str]:
    """Return the official files that a dataset is made of: an archive, or the files of it that were placed instead."""
    sources = params.dataset(scale, dataset)["sources"].values()
    paths: list[str] = []
    for source in sources:
        for archive in _needed("sources", source["name"], source["options"]):
            instead = archive.get("instead", ())
            placed = instead and not Path(archive["path"]).exists() and all(Path(path).exists() for path in instead)
            paths += instead if placed else [archive["path"]]
    return paths


def _needed(kind: str, name: str, options: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the official files that a plugin reads with these options: ``when`` says with which."""
    known = registry.constant(kind, name, "ARCHIVES")
    return [it for it in known if all(options.get(key) == value for key, value in it.get("when", {}).items())]


def train(params: Params, cell: Cell) -> str:
    """Return the digest of a cell's training."""
    config = params.training(cell)
    return provenance.digest(config, [STAGES / "train.py", *_model_code(params, cell, config)])


def weight_files(params: Params, cell: Cell) -> list[str]:
    """Return the files of pre-trained weights that a cell's training reads."""
    named = _named_plugins(cell, params.training(cell))
    return [archive["path"] for plugin in named for archive in _needed(*plugin)]


def _named_plugins(cell: Cell, config: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """Return kind, name and completed options of the plugins that a training's parameters name, beside its method."""
    places = registry.constant("families", study_of(cell.study).family, "PLUGINS", {})
    found = []
    for kind, key in ((kind, key) for kind, keys in places.items() for key in keys):
        *outer, last = key.split(".")
        beside = dict(_at(config, outer) or {})
        if name := beside.pop(last, None):
            options = beside if last == "network" else {}
            found.append((kind, name, registry.check_options(kind, name, options, key)))
    return found


def _at(node: Any, keys: list[str]) -> Any:
    """Return what lies at a path of mappings, None where nothing does."""
    return functools.reduce(lambda place, key: place.get(key) if isinstance(place, dict) else None, keys, node)


def _model_code(params: Params, cell: Cell, config: dict[str, Any]) -> list[Path]:
    """Return the code that trains and encodes a cell: of its method, its family and the plugins that are named.

    Of a grid, that of what is made of it on the device, too.
    """
    generator = params.dataset(cell.scale, cell.dataset)["generator"]
    code = [registry.path("methods", config["method"]["name"]), registry.path("families", study_of(cell.study).family)]
    code += [registry.path(kind, name) for kind, name, _ in _named_plugins(cell, config)]
    observed = registry.constant("datasets", generator, "DATA") == "a grid of factors"
    return [*code, registry.path("datasets", generator)] if observed else code


def encode(params: Params, cell: Cell) -> str:
    """Return the digest of a cell's encoding; its parameters are those of the training, which it reads from there."""
    code = _model_code(params, cell, params.training(cell))
    return provenance.digest(str(cell), [STAGES / "encode.py", *code])


def probe(params: Params, cell: Cell) -> str:
    """Return the digest of a cell's probes."""
    options = params.evaluation("probes", cell.scale, cell.study)
    return provenance.digest(options, [STAGES / "probe.py", *(registry.path("probes", name) for name in options)])


def measure(params: Params, cell: Cell) -> str:
    """Return the digest of a cell's metrics, and of which codes each of them scores."""
    options = params.evaluation("metrics", cell.scale, cell.study)
    code = [STAGES / "measure.py", *(registry.path("metrics", name) for name in options)]
    return provenance.digest([options, _measured(params, cell)], code)


def _measured(params: Params, cell: Cell) -> dict[str, list[str]] | None:
    """Return which metrics score each kind of code; in which order they are named says nothing."""
    named = params.study(cell.scale, cell.study).get("measured")
    return named and {code: sorted(metrics) for code, metrics in named.items()}


def parts(params: Params, stage: str, cell: Cell) -> dict[str, str]:
    """Return, by its name, the digest of each probe or metric of a stage, which another one says nothing of."""
    kind = EVALUATIONS[stage].plugins
    options = params.evaluation(kind, cell.scale, cell.study)
    code = {name: [STAGES / f"{stage}.py", registry.path(kind, name)] for name in options}
    return {name: provenance.digest(chosen, code[name]) for name, chosen in options.items()}


def report(params: Params, name: str) -> str:
    """Return the digest of a report: its code, the published numbers, and which cells it shows."""
    asked, cells = needs("reports", name), report_cells(params, name)
    of = study_of(name.split("/")[0])
    words = [credits_of(params.dataset(scale, dataset)) for scale, dataset in datasets_of(cells)]
    code = [STAGES / "report.py", registry.path("studies", of.name), registry.path("reports", name)]
    code += of.published
    code += [registry.path("metrics", metric) for metric in asked.get("metrics", ())]
    if asked.get("claims"):
        code += [registry.path("claims", claims) for claims in registry.of_study("claims", of.name)]
    listed = evaluated_with(params, of.name)
    return provenance.digest([params.scale, [str(cell) for cell in cells], words, listed], code)


def evaluated_with(params: Params, study: str) -> dict[str, list[str]]:
    """Return the names under ``probes`` and ``metrics`` of a study, in the order of params.yaml."""
    section = params.study(params.scale, study)
    return {kind.plugins: [*section.get(kind.plugins, ())] for kind in EVALUATIONS.values()}


def parameters(params: Params, study: str, cells: Iterable[Cell]) -> str:
    """Return a digest of all of params.yaml that some cells of a study, and the scores of them, rest on."""
    cells = tuple(cells)
    used = {
        "datasets": [params.dataset(scale, dataset) for scale, dataset in datasets_of(cells)],
        "cells": [params.training(cell) for cell in cells],
        "evaluations": {e.plugins: params.evaluation(e.plugins, params.scale, study) for e in EVALUATIONS.values()},
    }
    return hashlib.sha256(json.dumps(used, sort_keys=True).encode()).hexdigest()[:16]


def figure(params: Params, name: str, dataset: str, method: str | None) -> str:
    """Return the digest of a figure: its code, and which cells it shows."""
    cells = [str(cell) for cell in figure_cells(params, name, dataset, method)]
    words = credits_of(params.dataset(params.scale, dataset))
    study = name.split("/")[0]
    code = [STAGES / "figure.py", registry.path("studies", study), registry.path("figures", name)]
    return provenance.digest([params.scale, dataset, cells, words, evaluated_with(params, study)], code)


def page(params: Params, study: str) -> str:
    """Return the digest of a study's page: its code and template, its words, and which reports and figures it shows."""
    of = study_of(study)
    words = [of.paper, of.title, of.lead, of.codes, of.picture]
    shown = [params.scale, shown_reports(params, study), all_figures(params, study)]
    return provenance.digest([*shown, words], [STAGES / "page.py", *TEMPLATES])


def front(params: Params) -> str:
    """Return the digest of the page of all studies: its code and template, and which studies it shows."""
    return provenance.digest([params.scale, shown_studies(params)], [STAGES / "front.py", *TEMPLATES])


def credits_of(definition: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Return what the sources of a dataset stand in for, and whom to credit, by role.

    A dataset that composes what is of none of its sources says itself what that stands in for, as its ``composition``.
    """
    own = registry.constant("datasets", definition["generator"], "STAND_IN", "")
    composed = {"composition": {"STAND_IN": own, "CREDITS": ""}} if own else {}
    return composed | {
        role: {key: registry.constant("sources", source["name"], key) for key in ("STAND_IN", "CREDITS")}
        for role, source in definition["sources"].items()
    }
