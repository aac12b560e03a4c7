"""params.yaml, read and checked once: everything wrong with it is said here, before any job exists."""

import copy
import functools
import itertools
import math
import re
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from disentangle import registry
from disentangle.cells import Cell
from disentangle.errors import InputError, did_you_mean, nearest
from disentangle.pipeline import scales
from disentangle.pipeline.measured import check_measured
from disentangle.pipeline.study import EVALUATIONS, FRONT, Study, figure_path, module_of, report_path, studies, study_of

SCHEMA = Path(__file__).with_name("params.schema.yaml")
NO_OPTIONS = ("lam", "method", "over", "datasets", "seeds")
"""Keys of an entry under ``methods`` that are no options of its method."""
BOUNDS = {"exclusiveMinimum": ">", "minimum": ">=", "exclusiveMaximum": "<", "maximum": "<="}
NOT_TRAINING = {"datasets", "seeds", "methods", "measured", *(kind.plugins for kind in EVALUATIONS.values())}
"""Keys of a study that list its cells or say how codes are evaluated; all others, but for its own, are of training."""


LARGEST = 2**20
"""Bytes that a file may have, and characters that it may have with its aliases written out."""
DEEPEST = 32
"""Levels that may lie in each other."""
LONGEST = 1000
"""Characters of a key or a value."""
MOST_VALUES = 50_000
"""Values of all scales, with their bases laid under."""
MOST_ENTRIES = 10_000
"""Pairs of a dataset and an entry that is trained on it, of all scales."""
MOST_CELLS = 1_000_000
"""Cells of a scale."""
SAID = 280
"""Characters of a message, but for the file's name."""


# The parser in C, where PyYAML has it, is ten times as fast.
class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML that refuses a key given twice, which plain YAML readers drop silently, and keys that are no text."""

    def construct_document(self, node: yaml.Node) -> Any:
        # Checked as written: constructing a mapping adds the keys that it merges (``<<``) to its node.
        self._check_keys(node, set())
        return super().construct_document(node)

    def _check_keys(self, node: yaml.Node, checked: set[yaml.Node]) -> None:
        if isinstance(node, yaml.ScalarNode) or node in checked:  # an alias is the node that it names
            return
        checked.add(node)
        if isinstance(node, yaml.SequenceNode):
            for child in node.value:
                self._check_keys(child, checked)
            return
        seen: set[str] = set()
        for key_node, value_node in node.value:
            self._check_keys(value_node, checked)
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            key, line = self.construct_object(key_node, deep=True), key_node.start_mark.line + 1
            if not isinstance(key, str):
                raise InputError(f"line {line}: the key {key!r} is no text; write it in quotes.")
            if not key.isprintable():
                raise InputError(f"line {line}: found the key {key!r}; allowed: characters that can be printed.")
            if key in seen:
                raise InputError(f"line {line}: the key '{key}' is given twice.")
            seen.add(key)


# A date is text: numbers, truth and null are all that is read from plain words.
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in known if tag.rpartition(":")[2] not in ("timestamp", "value")]
    for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
# YAML 1.1 takes 1e-05 for text, which DVC, of YAML 1.2, writes for 0.00001.
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+$"), [*"-+0123456789"]
)


def _read(file: Path) -> Any:
    """Parse a YAML file.

    Raises OSError, and InputError, without the file's name, for what is no YAML, or would take long or much memory.
    """
    if file.exists() and not file.is_file():
        raise InputError(f"found a {'folder' if file.is_dir() else 'device'}; allowed: a file.")
    with open(file, "rb") as opened:
        content = opened.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise InputError(f"found more than {LARGEST} bytes; allowed: at most as many.")
    try:
        text = content.decode("utf-8-sig")
        _check_form(text)
        return yaml.load(text, _Loader)
    except (yaml.YAMLError, ValueError) as error:  # of a number of no digits, such as 0x_
        raise InputError(f"not valid YAML: {' '.join(str(error).split())}") from error


def _check_form(text: str) -> None:
    """Refuse tags, long values, deep nests, and aliases that stand in what they name or come to very much.

    It looks at one event of the parser after another, before anything is built of them.
    """
    sizes: dict[str, int] = {}
    """Of what each anchor names, in characters."""
    opened: list[tuple[str | None, int]] = [(None, 0)]
    """The anchor and the size of each collection that an event lies in."""
    event: Any
    for event in yaml.parse(text, _Loader):
        where, size = f"line {event.start_mark.line + 1}", 0
        anchor, tag = (getattr(event, name, None) for name in ("anchor", "tag"))
        if tag is not None:
            raise InputError(f"{where}: found the tag {tag!r}; allowed: none.")
        if isinstance(event, yaml.CollectionStartEvent):
            opened.append((anchor, 1))
            if len(opened) > DEEPEST + 1:
                raise InputError(f"{where}: found more than {DEEPEST} levels in each other; allowed: at most as many.")
            continue
        if isinstance(event, yaml.CollectionEndEvent):
            anchor, size = opened.pop()
        elif isinstance(event, yaml.ScalarEvent):
            size = 1 + len(event.value)
            if size > LONGEST + 1:
                raise InputError(f"{where}: found a text of {size - 1} characters; allowed: at most {LONGEST}.")
        elif isinstance(event, yaml.AliasEvent):
            if anchor in (name for name, _ in opened):
                raise InputError(f"{where}: '*{anchor}' stands in what it names.")
            size = sizes.get(str(anchor), 0)
        if anchor is not None:
            sizes[anchor] = size
        outer, so_far = opened.pop()
        opened.append((outer, so_far + size))
        if so_far + size > LARGEST:
            raise InputError(f"{where}: found more than {LARGEST} characters with aliases written out; allowed: less.")


def _is_integer(_: object, value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_array(_: object, value: object) -> bool:
    return isinstance(value, list | tuple)


def _twice(items: Sequence[Any]) -> list[Any]:
    """Return the items that stand before in a list; as in JSON Schema, 1 and 1.0 are one, 1 and true are not."""
    keys = [(isinstance(item, bool), item) if isinstance(item, Hashable) else repr(item) for item in items]
    first = {key: place for place, key in reversed([*enumerate(keys)])}
    return [item for place, (item, key) in enumerate(zip(items, keys, strict=True)) if first[key] < place]


def _unique(_: Any, wanted: bool, items: Any, __: Any) -> Iterator[jsonschema.ValidationError]:
    # The library's own compares each item of a list of several types with each.
    if wanted and isinstance(items, list | tuple) and _twice(items):
        yield jsonschema.ValidationError("has an item twice")


# JSON Schema takes 20.0 for an integer; a range or a folder's name does not. A constant in Python may be a tuple.
_Validator = jsonschema.validators.extend(  # type: ignore[no-untyped-call]
    jsonschema.Draft202012Validator,
    {"uniqueItems": _unique},
    type_checker=jsonschema.Draft202012Validator.TYPE_CHECKER.redefine_many(
        {"integer": _is_integer, "array": _is_array}
    ),
)


@dataclass(frozen=True)
class Params:
    """The checked content of params.yaml."""

    scale: str
    targets: tuple[str, ...]
    scales: dict[str, Any]
    """Each as if written out."""
    left_out: tuple[str, ...] = ()
    """What is written and not looked at, a sentence each: sections of studies that have no folder."""

    def dataset(self, scale: str, name: str) -> dict[str, Any]:
        """Return a dataset's definition, completed by its generator's and its sources' defaults."""
        known = self.section(scale)["datasets"]
        where = f"scales.{scale}.datasets"
        if name not in known:
            raise InputError(f"{where}: no dataset '{name}': {did_you_mean(name, known)}")
        where = f"{where}.{name}"
        given = dict(known[name])
        generator, seed = given.pop("generator"), given.pop("seed")
        try:
            roles = registry.constant("datasets", generator, "ROLES")
        except InputError as error:
            raise InputError(f"{where}: {error}") from None
        sources = {role: _source(given, role, where) for role in roles}
        options = {key: value for key, value in given.items() if key not in roles}
        options = registry.check_options("datasets", generator, options, where)
        return {"generator": generator, "seed": seed, "options": options, "sources": sources}

    def section(self, scale: str) -> dict[str, Any]:
        """Return a scale's section."""
        if scale not in self.scales:
            raise InputError(f"no scale '{scale}': {did_you_mean(scale, self.scales)}")
        return dict(self.scales[scale])

    def study(self, scale: str, study: str) -> dict[str, Any]:
        """Return a study's section."""
        known = self.section(scale)["studies"]
        if study not in known:
            raise InputError(f"scales.{scale}.studies: no study '{study}': {did_you_mean(study, known)}")
        return dict(known[study])

    def trained_on(self, scale: str, study: str, dataset: str) -> dict[str, Any]:
        """Return a study's section for the cells of a dataset: with what ``by_dataset`` has for it laid over it."""
        section, where = self.study(scale, study), f"scales.{scale}.studies.{study}"
        stated = section.pop("by_dataset", {})
        return dict(scales.laid(section, stated.get(dataset, {}), f"{where}.by_dataset.{dataset}", where))

    def trained_with(self, scale: str, study: str, dataset: str, entry: str) -> dict[str, Any]:
        """Return a study's section for the cells of a dataset and an entry: with its ``over`` laid over that, too."""
        section, where = self.trained_on(scale, study, dataset), f"scales.{scale}.studies.{study}"
        over = section["methods"][entry].get("over", {})
        return dict(scales.laid(section, over, f"{where}.methods.{entry}.over", where))

    def method(self, scale: str, study: str, dataset: str, entry: str) -> dict[str, Any]:
        """Return ``{"name": file name, "options": completed options}`` of an entry under ``methods``, for a dataset."""
        known = self.trained_on(scale, study, dataset)["methods"]
        where = f"scales.{scale}.studies.{study}.methods"
        if entry not in known:
            raise InputError(f"{where}: no method '{entry}': {did_you_mean(entry, known)}")
        return _method(entry, known[entry], f"{where}.{entry}")

    def evaluation(self, kind: str, scale: str, study: str) -> dict[str, dict[str, Any]]:
        """Return the completed options of each of a study's ``probes`` or ``metrics``, by name."""
        where = f"scales.{scale}.studies.{study}.{kind}"
        given = self.study(scale, study).get(kind, {})
        return {name: registry.check_options(kind, name, options, f"{where}.{name}") for name, options in given.items()}

    def measured(self, scale: str, study: str, code: str) -> list[str]:
        """Return which of a study's metrics score a kind of code, in the order of ``metrics``; by default all."""
        section = self.study(scale, study)
        chosen = section["measured"].get(code, ()) if "measured" in section else section["metrics"]
        return [name for name in section["metrics"] if name in chosen]

    def check_cell(self, cell: Cell) -> None:
        """Raise InputError unless a cell can be trained; its lam and seed need not be listed."""
        method = self.method(cell.scale, cell.study, cell.dataset, cell.method)["name"]
        self.dataset(cell.scale, cell.dataset)
        check_lam(method, cell.lam, "lam")
        _number("seed").check("seed", cell.seed)

    def training(self, cell: Cell) -> dict[str, Any]:
        """Return everything of params.yaml that a cell's training depends on, but for its dataset's content."""
        self.check_cell(cell)
        method = self.method(cell.scale, cell.study, cell.dataset, cell.method)
        study = study_of(cell.study)
        section = self.trained_with(cell.scale, cell.study, cell.dataset, cell.method)
        used = copy.deepcopy({key: section[key] for key in section if key not in NOT_TRAINING | {*study.not_training}})
        for key in registry.constant("families", study.family, "OPTIONAL"):
            if key not in registry.constant("methods", method["name"], "USES"):
                *outer, last = key.split(".")
                _within(used, outer).pop(last, None)
        return {
            "cell": {"scale": cell.scale, "study": cell.study, "dataset": cell.dataset, "method": cell.method}
            | {"lam": cell.lam, "seed": cell.seed},
            "method": method,
        } | used

    def cells(
        self,
        scale: str,
        study: str,
        dataset: str,
        methods: Sequence[str] = (),
        seeds: str = "seeds",
        lam: Sequence[float] = (),
        entries: Sequence[str] = (),
    ) -> list[Cell]:
        """Return the cells of all entries whose method file is in ``methods`` (none: all entries), in that order.

        ``seeds`` is the key under which the study lists them; ``lam`` keeps these strengths alone, ``entries`` those
        whose names fit one of these patterns (none: all).
        """
        section = self.trained_on(scale, study, dataset)
        if dataset not in section["datasets"]:
            raise InputError(
                f"scales.{scale}.studies.{study}.datasets: '{dataset}' is needed here and not listed: "
                f"{did_you_mean(dataset, section['datasets'])}"
            )
        every = dict.fromkeys(options.get("method", key) for key, options in section["methods"].items())
        return [
            Cell(scale, study, dataset, entry, float(strength), seed)
            for name in methods or every
            for entry, options in section["methods"].items()
            if options.get("method", entry) == name and dataset in options.get("datasets", [dataset])
            if not entries or any(fnmatch(entry, pattern) for pattern in entries)
            for strength in options["lam"]
            if not lam or strength in lam
            for seed in options.get("seeds", section[seeds])
        ]


def load(path: Path = Path("params.yaml")) -> Params:
    """Read and check params.yaml.

    Raises InputError that names the key where it is written, what was found and what is allowed.
    """
    allowed = schema()
    try:
        data = _read(path)
        try:
            return _checked(data, allowed)
        except InputError as error:
            raise InputError(_written(data, str(error))) from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}). Run from the project's folder.") from error
    except InputError as error:
        raise InputError(f"{path}: {_short(str(error))}") from None


def _short(message: str) -> str:
    """Return a message as one line that can be printed, without its middle where it is long."""
    line = "".join(char if char.isprintable() else "?" for char in message)
    return line if len(line) <= SAID else f"{line[: SAID // 2]} ... {line[5 - SAID // 2 :]}"


def schema() -> dict[str, Any]:
    """Return the schema of params.yaml: that of the pipeline with a part of each study.

    Raises InputError that names a study's file where that is no schema.
    """
    whole = _read(SCHEMA)
    for name, study in studies().items():
        file = study.home / "schema.yaml"
        try:
            part = _read(file)
            _Validator.check_schema(part)
        except OSError as error:
            raise InputError(f"{file}: cannot be read ({error.strerror}).") from error
        except InputError as error:
            raise InputError(f"{file}: {_short(str(error))}") from error
        except jsonschema.SchemaError as error:
            where = ".".join(str(key) for key in error.absolute_path) or "top level"
            raise InputError(f"{file}: {_short(f'no JSON schema: {where}: {error.message}')}") from error
        known = [f"#/$defs/{key}" for key in whole["$defs"]]
        for reference in _references(part):
            if reference not in known:
                raise InputError(f"{file}: $ref: found '{reference}': {did_you_mean(reference, known)}")
        own = part.get("properties", {}) if isinstance(part, dict) else {}
        for key in study.not_training:
            if own and key not in own:
                place = registry.path("studies", name)
                raise InputError(f"{place}: NOT_TRAINING: found '{key}': {did_you_mean(key, own)}")
        whole["$defs"]["studies"]["properties"][name] = {"allOf": [{"$ref": "#/$defs/study"}, part]}
    return dict(whole)


def _references(node: Any) -> Iterator[str]:
    for key, value in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        if key == "$ref":
            yield str(value)
        yield from _references(value)


def _checked(data: Any, allowed: dict[str, Any]) -> Params:
    left_out: list[str] = []
    _check_finite(data, (), itertools.count())
    if isinstance(data, dict) and isinstance(data.get("scales"), dict):
        merged = scales.merged(data["scales"])
        _check_finite(merged, ("scales",), itertools.count())
        data = {**data, "scales": {name: _of_known_studies(name, part, left_out) for name, part in merged.items()}}
    if wrong := fault(allowed, data):
        raise InputError(wrong)
    params = Params(data["scale"], tuple(data["targets"]), data["scales"], tuple(dict.fromkeys(left_out)))
    sections = [section for part in params.scales.values() for section in part["studies"].values()]
    if (pairs := sum(len(section["datasets"]) * len(section["methods"]) for section in sections)) > MOST_ENTRIES:
        raise InputError(f"scales: found {pairs} pairs of a dataset and an entry; allowed: at most {MOST_ENTRIES}.")
    _check_laid_over(params, allowed)
    _check(params)
    return params


def _of_known_studies(scale: str, section: Any, left_out: list[str]) -> Any:
    """Return a scale without the sections of studies that have no folder, as of one that was taken away.

    Raises InputError for a name that is a known one misspelt.
    """
    given = section.get("studies") if isinstance(section, dict) else None
    if not isinstance(given, dict):
        return section
    for name in (name for name in given if name not in studies()):
        unknown = f"no study '{name}': {did_you_mean(name, studies())}"
        if nearest(name, studies()):
            raise InputError(f"scales.{scale}.studies: {unknown}")
        left_out.append(f"scales.{scale}.studies.{name} is left out: {unknown}")
    return {**section, "studies": {name: own for name, own in given.items() if name in studies()}}


def _written(data: Any, message: str) -> str:
    """Return a message that starts with a path of the merged scales with the path under which that is written."""
    prefix = "scales."
    if not message.startswith(prefix) or not isinstance(data.get("scales"), dict):
        return message
    path, rest = _path_in(scales.merged(data["scales"]), message.removeprefix(prefix))
    if not path:
        return message
    place = scales.written(data["scales"], path)
    heir = "" if place[0] == path[0] else f" It is so in scale '{path[0]}', which has it from its base."
    return prefix + ".".join(map(str, place)) + rest + heir


def _path_in(node: Any, text: str) -> tuple[list[Any], str]:
    """Return the keys, which may hold dots, that ``text`` starts with, and what follows them."""
    path: list[Any] = []
    while True:
        keys: Mapping[Any, Any] = node if isinstance(node, dict) else {}
        if isinstance(node, list):
            keys = dict(enumerate(node))
        fits = [key for key in keys if text.startswith(str(key)) and text[len(str(key)) :][:1] in (".", ":", "")]
        if not fits:
            return path, ("." if path and not text.startswith(":") else "") + text
        key = max(fits, key=lambda key: len(str(key)))
        path, node, text = [*path, key], keys[key], text[len(str(key)) :].removeprefix(".")


def _check_finite(data: Any, where: tuple[object, ...], count: Iterator[int]) -> None:
    """Refuse .nan and .inf anywhere, which slip through every bound, and more values than are checked in a moment."""
    if next(count) > MOST_VALUES:
        raise InputError(f"found more than {MOST_VALUES} values, bases laid under; allowed: at most as many.")
    if isinstance(data, float) and not math.isfinite(data):
        raise InputError(f"{'.'.join(map(str, where))}: found {data}; allowed: finite numbers.")
    if isinstance(data, dict | list):
        for key, value in data.items() if isinstance(data, dict) else enumerate(data):
            _check_finite(value, (*where, key), count)


def fault(allowed: dict[str, Any], data: Any) -> str | None:
    """Return what of some data is no such as a schema allows, in one line, None where all is."""
    return _first(_Validator(allowed), data)


def _first(validator: Any, data: Any) -> str | None:
    # Of a misspelt key and the one that is missing for it, the misspelt one is told.
    found = validator.iter_errors(data)
    errors = sorted(found, key=lambda e: ([str(part) for part in e.path], e.validator == "required", e.message))
    return _explain(errors[0]) if errors else None


def _explain(error: Any) -> str:
    """Turn a schema error into one line: the key, what was found, what is allowed."""
    where = ".".join(str(part) for part in error.absolute_path) or "top level"
    found, rule = error.instance, error.validator_value
    match error.validator:
        case "additionalProperties":
            known = error.schema.get("properties", {})
            patterns = error.schema.get("patternProperties", ())
            unknown = next(key for key in found if key not in known and not any(re.search(p, key) for p in patterns))
            return f"{where}: unknown key '{unknown}': {did_you_mean(str(unknown), known)}"
        case "required":
            missing = next(key for key in rule if key not in found)
            return f"{where}: the key '{missing}' is missing."
        case "uniqueItems":
            return f"{where}: {_twice(found)[0]!r} is given more than once."
        case "type" if rule != "string" and (said := registry.misread(found)):
            return f"{where}: {said}"
        case "type":
            return f"{where}: found {found!r}; allowed: {rule if isinstance(rule, str) else ' or '.join(rule)}."
        case "enum":
            return f"{where}: found {found!r}: {did_you_mean(str(found), rule)}"
        case bound if bound in BOUNDS:
            return f"{where}: found {found!r}; allowed: {_range(error.schema)}."
        case "minProperties" | "minItems":
            return f"{where}: found {len(found) or 'none'}; allowed: {rule} or more."
        case "maxProperties" | "maxItems":
            return f"{where}: found {len(found)}; allowed: at most {rule}."
    return f"{where}: {error.message}"


def _range(leaf: Mapping[str, Any]) -> str:
    """Return the range of a number of a schema as one of an option is written."""
    return ", ".join(f"{sign} {leaf[bound]}" for bound, sign in BOUNDS.items() if bound in leaf)


@functools.cache
def _number(name: str) -> registry.Option:
    """Return a number of the schema's ``$defs``, such as a seed, as an option is checked."""
    leaf = _read(SCHEMA)["$defs"][name]
    return registry.Option({"integer": "int", "number": "float"}[leaf["type"]], range=_range(leaf))


def _source(dataset: dict[str, Any], role: str, where: str) -> dict[str, Any]:
    if role not in dataset:
        raise InputError(f"{where}: the key '{role}' is missing.")
    given = dataset[role]
    if not isinstance(given, dict) or not isinstance(given.get("source"), str):
        raise InputError(f"{where}.{role}: found {given!r}; allowed: a mapping with a name under 'source'.")
    options = {key: value for key, value in given.items() if key != "source"}
    name = given["source"]
    return {"name": name, "options": registry.check_options("sources", name, options, f"{where}.{role}")}


def _check(params: Params) -> None:
    """Check what a schema cannot say: names, and numbers that must fit each other."""
    if params.scale not in params.scales:
        raise InputError(f"scale: no scale '{params.scale}': {did_you_mean(params.scale, params.scales)}")
    _check_targets(params)
    for scale, section in params.scales.items():
        definitions = {name: params.dataset(scale, name) for name in section["datasets"]}
        for name, definition in definitions.items():
            definition["built"] = _built(definition, f"scales.{scale}.datasets.{name}")
        cells = sum(_check_study(params, scale, study, definitions) for study in section["studies"])
        if cells > MOST_CELLS:
            raise InputError(f"scales.{scale}: found {cells} cells; allowed: at most {MOST_CELLS}.")


def _check_targets(params: Params) -> None:
    pages = [f"{report_path(name)}.md" for name in registry.names("reports")]
    pages += [*(str(study.page) for study in studies().values()), str(FRONT)]
    if others := [target for target in params.targets if target not in pages]:
        drawn = [*_figures(params)]
        for target in others:
            if target not in drawn:
                near = nearest(target, [*pages, *drawn])
                told = f"did you mean '{near}'?" if near else did_you_mean(target, pages)
                raise InputError(f"targets: no report, page or figure makes '{target}': {told}")


def _figures(params: Params) -> Iterator[str]:
    """Yield where figures of the datasets and entries of studies lie, at the scale that is built."""
    for name in registry.names("figures"):
        section = params.section(params.scale)["studies"].get(name.split("/")[0])
        asked = registry.constant("figures", name, "NEEDS")  # which is checked when a figure is planned
        of_entries = isinstance(asked, dict) and asked.get("of") == "every method"
        animated = registry.constant("figures", name, "ANIMATED", False)
        for dataset in section["datasets"] if section else ():
            for entry in section["methods"] if of_entries else (None,):
                place = figure_path(name, dataset, entry)
                yield from (f"{place}{suffix}" for suffix in (".svg", *([".gif"] if animated else [])))


def _built(definition: dict[str, Any], where: str) -> Any:
    """Build a dataset, which is returned, and its sources: they check their own values."""
    parts = [("datasets", definition["generator"], definition["options"], where)]
    parts += [("sources", s["name"], s["options"], f"{where}.{role}") for role, s in definition["sources"].items()]
    built = []
    for kind, name, options, place in parts:
        try:
            built.append(registry.build(kind, name, options))
        except InputError as error:
            raise InputError(f"{place}: {error}") from None
    return built[0]


def _check_study(params: Params, scale: str, name: str, definitions: dict[str, Any]) -> int:
    """Check a study's section, and return how many cells it has."""
    section, where, study = params.study(scale, name), f"scales.{scale}.studies.{name}", study_of(name)
    for dataset in section.get("by_dataset", {}):
        if dataset not in definitions:  # it need not be listed, as in a scale of fewer datasets than its base
            raise InputError(f"{where}.by_dataset: no dataset '{dataset}': {did_you_mean(dataset, definitions)}")
    trained_on = registry.constant("families", study.family, "DATA")
    for dataset in section["datasets"]:
        if dataset not in definitions:
            raise InputError(f"{where}.datasets: no dataset '{dataset}': {did_you_mean(dataset, definitions)}")
        found = registry.constant("datasets", definitions[dataset]["generator"], "DATA")
        if found != trained_on:
            raise InputError(f"{where}.datasets: '{dataset}' is of {found}; this study trains on {trained_on}.")
    for entry, options in section["methods"].items():
        method = _check_entry(entry, options, study, definitions, f"{where}.methods.{entry}")
        for key in registry.constant("methods", method, "USES"):
            *outer, last = key.split(".")
            if last not in _within(section, outer):
                raise InputError(f"{where}: the key '{key}' is missing, which method '{method}' uses.")
    cells = 0
    for dataset in section["datasets"]:
        for entry, options in params.trained_on(scale, name, dataset)["methods"].items():
            if options is not section["methods"].get(entry):
                _check_entry(entry, options, study, definitions, f"{where}.methods.{entry}")
            if dataset in options.get("datasets", [dataset]):
                cells += len(options["lam"]) * len(options.get("seeds", section["seeds"]))
    for stage, evaluation in EVALUATIONS.items():
        if stage in study.evaluated and evaluation.plugins not in section:
            raise InputError(f"{where}: the key '{evaluation.plugins}' is missing, which stage '{stage}' uses.")
        for plugin in params.evaluation(evaluation.plugins, scale, name):
            made_for = registry.constant(evaluation.plugins, plugin, "DATA", "")
            if made_for not in ("", trained_on):
                place = f"{where}.{evaluation.plugins}.{plugin}"
                raise InputError(f"{place}: made for {made_for}; this study trains on {trained_on}.")
            if stage == "probe" and not made_for:
                registry.check_defined("probes", plugin, "correct", ", as one has that names no DATA")
    for code, names in section.get("measured", {}).items():
        for metric in names:
            if metric not in section["metrics"]:
                known = did_you_mean(metric, section["metrics"])
                raise InputError(f"{where}.measured.{code}: '{metric}' is not under metrics: {known}")
        check_measured(code, names, f"{where}.measured.{code}")
    if "measured" not in section:
        check_measured("codes", [*section.get("metrics", ())], f"{where}.metrics")
    own = module_of(name)
    for function in ("results", *(["subject"] if registry.of_study("figures", name) else [])):
        if not callable(getattr(own, function, None)):
            raise InputError(f"{study.home}/study.py: defines no function {function}.")
    if (check := getattr(own, "check", None)) is not None:
        check(section, {dataset: definitions[dataset] for dataset in section["datasets"]}, where)
    return cells


def _check_entry(entry: str, options: dict[str, Any], study: Study, definitions: dict[str, Any], where: str) -> str:
    """Check an entry under ``methods``, and return the name of its method."""
    method = str(_method(entry, options, where)["name"])
    family = registry.constant("methods", method, "FAMILY")
    if family != study.family:
        raise InputError(f"{where}: method '{method}' is {family}; this study trains {study.family} ones.")
    for own in options.get("datasets", ()):
        if own not in definitions:  # as in by_dataset
            raise InputError(f"{where}.datasets: no dataset '{own}': {did_you_mean(own, definitions)}")
    for lam in options["lam"]:
        check_lam(method, lam, f"{where}.lam")
    return method


def _method(entry: str, options: Mapping[str, Any], where: str) -> dict[str, Any]:
    given = {key: value for key, value in options.items() if key not in NO_OPTIONS}
    name = options.get("method", entry)
    return {"name": name, "options": registry.check_options("methods", name, given, where)}


def _check_laid_over(params: Params, allowed: dict[str, Any]) -> None:
    """Check what a study's section becomes for a dataset or an entry with numbers of its own."""
    known = allowed["$defs"]
    for name in {name: None for part in params.scales.values() for name in part["studies"]}:
        # Of a section that is right, what is laid over it: no key can have gone missing.
        parts = [known["study"], known["studies"]["properties"][name]["allOf"][1]]
        parts = [{key: value for key, value in part.items() if key != "required"} for part in parts]
        validator, right = _Validator({"$defs": known, "allOf": parts}), set()
        for place, found in _laid_over(params, name):
            if (text := repr(found)) not in right and (wrong := _first(validator, found)):
                raise InputError(f"{place}.{wrong}")
            right.add(text)


def _laid_over(params: Params, study: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield where, in any scale, something is laid over a study's section, and what the keys of that become.

    What is for a dataset comes before what is for an entry of it, and must be right.
    """
    for scale, part in params.scales.items():
        section, where = part["studies"].get(study, {"datasets": ()}), f"scales.{scale}.studies.{study}"
        for dataset in section["datasets"]:
            own = params.trained_on(scale, study, dataset)
            stated = section.get("by_dataset", {}).get(dataset, {})
            yield f"{where}.by_dataset.{dataset}", {key: own[key] for key in stated}
            for entry, options in own["methods"].items():
                place, over = f"{where}.methods.{entry}.over", options.get("over", {})
                whole = scales.laid(own, over, place, where)
                yield place, {key: whole[key] for key in over}


def _within(node: Any, keys: Sequence[str]) -> dict[str, Any]:
    """Return the mapping that lies at a path, an empty one where there is none."""
    return functools.reduce(lambda place, key: place.get(key, {}) if isinstance(place, dict) else {}, keys, node)


def check_lam(method: str, lam: float, where: str) -> None:
    """Raise InputError unless a method can be trained at a strength."""
    _number("lam").check(where, lam)
    if lam and not registry.constant("methods", method, "REGULARIZED"):
        raise InputError(f"{where}: found {lam}; allowed: 0, as method '{method}' has no regularizer.")
