"""Digests: every line of code that a stage can run counts, and nothing else does."""

import ast
import math
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from conftest import PARAMS, write_raw_data

from disentangle import files, registry
from disentangle.cells import Cell
from disentangle.errors import InputError
from disentangle.pipeline import outputs, params, plan, provenance, result_files

ROOT = Path(__file__).parent.parent
PACKAGE = provenance.PACKAGE
STAGES = ("generate", "train", "encode", "probe", "measure", "report", "figure", "page", "front")
"""The stages that have a digest."""
PLUGINS = {
    "generate": ("datasets", "sources"),
    "train": ("families", "methods", "datasets", "encoders", "distances"),
    "encode": ("families", "methods", "datasets", "encoders", "distances"),
    "probe": ("probes",),
    "measure": ("metrics",),
    "report": ("studies", "reports", "metrics", "claims"),
    "figure": ("studies", "figures"),
    "page": (),
    "front": (),
}
"""The kinds of plugins that a stage loads by name (an encoding reaches its method through the checkpoint)."""


# Any package: one of a few files in a temporary folder.

FILES = {
    "stages/train.py": "import torch\nfrom disentangle.training import loop\nfrom disentangle import registry\n",
    "training/loop.py": "from disentangle.losses import nce\nimport disentangle.models.net\n\nRATE = 0.5\n",
    "losses.py": "import math\n\n\ndef nce(x, tau=0.1):\n    return math.log(x / tau)\n",
    "models/net.py": "def forward(x):\n    from disentangle.models import block\n    return block.run(x)\n",
    "models/block.py": "from disentangle.models.net import forward\n\n\ndef run(x):\n    return x + 1\n",
    "registry.py": "from disentangle.hidden import value\n",
    "hidden.py": "value = 1\n",
    "unused.py": "value = 2\n",
    "methods/ortho.py": "from disentangle.losses import nce\n",
    "published/table.csv": "a,b\n1,2\n",
}


class Package:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for path, text in FILES.items():
            self.write(path, text)

    def write(self, path: str, text: str) -> None:
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_text(text)
        for cached in (
            registry.tree,
            provenance._imports,
            provenance._meaning,
            provenance._own_meaning,
            provenance._code,
        ):
            cached.cache_clear()

    def closure(self, *roots: str) -> set[str]:
        found = provenance.closure(self.folder / root for root in roots)
        return {file.relative_to(self.folder).as_posix() for file in found}

    def digest(self, parameters: object = None, *roots: str) -> str:
        return provenance.digest(parameters, [self.folder / root for root in roots or ("stages/train.py",)])


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Package:
    monkeypatch.setattr(provenance, "PACKAGE", tmp_path)
    monkeypatch.setattr(provenance, "PLUMBING", {tmp_path / "registry.py"})
    return Package(tmp_path)


def test_closure_follows_every_form_of_import_but_not_plumbing(package: Package) -> None:
    assert package.closure("stages/train.py") == {
        "stages/train.py",
        "training/loop.py",
        "losses.py",
        "models/net.py",
        "models/block.py",
    }
    assert package.closure("methods/ortho.py", "published/table.csv") == {
        "methods/ortho.py",
        "losses.py",
        "published/table.csv",
    }
    assert package.closure("registry.py") == set()


def test_what_a_package_runs_on_the_way_to_a_module_counts(package: Package) -> None:
    """An ``__init__`` of a sentence does nothing; one with code may be all that is imported."""
    package.write("training/__init__.py", '"""Loops."""\n')
    before, files = package.digest(), package.closure("stages/train.py")
    package.write("training/__init__.py", '"""All loops."""\n')
    assert package.digest() == before and "training/__init__.py" not in files
    package.write("training/__init__.py", "from disentangle.unused import value\n\nSTEPS = 3\n")
    counted = package.digest()
    assert counted != before
    assert package.closure("stages/train.py") == files | {"training/__init__.py", "unused.py"}
    package.write("training/__init__.py", "from disentangle.unused import value\n\nSTEPS = 4\n")
    changed = package.digest()
    package.write("unused.py", "value = 3\n")
    assert len({before, counted, changed, package.digest()}) == 4


@pytest.mark.parametrize(
    "text",
    [
        "import math\n\n\ndef nce(x, tau=0.1):  # a comment\n    return math.log(x / tau)\n",
        '"""What this is."""\nimport math\ndef nce(x, tau=0.1):\n    """Return it."""\n    return math.log(x / tau)\n',
        "import math\ndef nce(\n    x,\n    tau=0.1,\n):\n\n    return math.log(\n        (x / tau)\n    )\n",
        "import math\n\n\ndef nce(x, tau=1e-1):\n    return math.log(x / tau)\n",
    ],
    ids=["comment", "docstrings", "layout", "spelling of a number"],
)
def test_words_and_layout_do_not_count(package: Package, text: str) -> None:
    before = package.digest()
    package.write("losses.py", text)
    assert package.digest() == before


CHECKED = """
CREDITS = "By us."
STAND_IN = "the real thing"
RATE = 0.5


def check(x):
    if x < 0:
        raise ValueError(f"found {x}; allowed: >= 0")
    return x
"""


@pytest.mark.parametrize(
    ("old", "new", "counts"),
    [
        ('f"found {x}; allowed: >= 0"', '"less than 0: " + str(x)', False),
        ("ValueError(f", "InputError(f", False),
        ('>= 0")', '>= 0") from None', False),
        ('"By us."', '"By them."', False),
        ('"the real thing"', '""', False),
        ('STAND_IN = "the real thing"\n', "", False),
        ("RATE = 0.5", "RATE = 0.25", True),
        ("RATE", "CREDIT", True),
        ("x < 0", "x < 1", True),
        ('        raise ValueError(f"found {x}; allowed: >= 0")', "        pass", True),
        ("    return x", "        raise ValueError\n    return x", True),
    ],
)
def test_messages_of_errors_and_credits_do_not_count_but_when_an_error_is_raised_does(
    package: Package, old: str, new: str, counts: bool
) -> None:
    source = "data/sources/checked.py"
    package.write(source, CHECKED)
    before = package.digest(None, source)
    assert CHECKED.count(old) == 1
    package.write(source, CHECKED.replace(old, new))
    assert (package.digest(None, source) != before) == counts


@pytest.mark.parametrize(
    ("path", "name", "counts"),
    [
        ("data/sources/photographs.py", "CREDITS", False),
        ("data/sources/photographs.py", "TITLE", True),
        ("studies/toy/study.py", "TITLE", True),
        ("data/datasets/toy.py", "STAND_IN", False),
        ("studies/toy/study.py", "CREDITS", True),
        ("studies/toy/reports/table.py", "CODES", True),
        ("methods/ortho.py", "CREDITS", True),
    ],
)
def test_words_are_words_in_their_own_kind_of_file_alone(package: Package, path: str, name: str, counts: bool) -> None:
    """Elsewhere a constant of the same name may be anything, such as what a report shows."""
    package.write(path, f'{name} = "one"\n')
    before = package.digest(None, path)
    package.write(path, f'{name} = "two"\n')
    assert (package.digest(None, path) != before) == counts


@pytest.mark.parametrize(
    "text", ["from . import losses", "from .losses import nce", "from ..disentangle import losses"]
)
def test_a_relative_import_is_refused_as_the_digest_would_miss_it(package: Package, text: str) -> None:
    package.write("models/block.py", f"RATE = 1\n{text}\n")
    with pytest.raises(SyntaxError, match=r"^block\.py line 2: an import by its full name is needed here$"):
        package.digest()


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("losses.py", "tau=0.1", "tau=0.2"),
        ("losses.py", "math.log(x / tau)", "math.log(x * tau)"),
        ("losses.py", "(x, tau=0.1)", "(x, *, tau=0.1)"),
        ("losses.py", "return math.log(x / tau)", "math.log(x / tau)"),
        ("training/loop.py", "RATE = 0.5", "RATE = 0.25"),
        ("training/loop.py", "RATE = 0.5", "RATE = None"),
        ("training/loop.py", "RATE = 0.5", "RATE: float = 0.5"),
        ("models/block.py", "x + 1", "x + 1.0"),
        ("models/block.py", "x + 1", "x + '1'"),
        ("models/block.py", "def run", "@cached\ndef run"),
        ("stages/train.py", "import torch\n", "import torch\nimport disentangle.unused\n"),
    ],
)
def test_code_counts_however_far_away(package: Package, path: str, old: str, new: str) -> None:
    before = package.digest()
    assert FILES[path].count(old) == 1
    package.write(path, FILES[path].replace(old, new))
    assert package.digest() != before


def test_where_a_file_lies_does_not_count(package: Package) -> None:
    before = package.digest()
    package.write("deep/down/nce.py", FILES["losses.py"])
    package.write(
        "training/loop.py", FILES["training/loop.py"].replace("disentangle.losses", "disentangle.deep.down.nce")
    )
    (package.folder / "losses.py").unlink()
    assert package.digest() == before


def test_from_which_of_two_files_a_name_comes_counts(package: Package) -> None:
    """Both files are reached before and after: only who says what the name means differs."""
    text = FILES["training/loop.py"].replace("RATE = 0.5", "from disentangle.others import nce as other\n")
    package.write("others.py", FILES["losses.py"].replace("x / tau", "x * tau"))
    package.write("training/loop.py", text)
    before = package.digest()
    swapped = text.replace("disentangle.losses", "X").replace("disentangle.others", "disentangle.losses")
    package.write("training/loop.py", swapped.replace("X", "disentangle.others"))
    assert package.digest() != before


def test_tables_that_change_their_names_count(package: Package) -> None:
    tables = ("published/a.csv", "published/b.csv")
    for path, text in zip(tables, ("x\n1\n", "x\n2\n"), strict=True):
        package.write(path, text)
    before = package.digest(None, *tables)
    for path, text in zip(tables, ("x\n2\n", "x\n1\n"), strict=True):
        package.write(path, text)
    assert package.digest(None, *tables) != before


def test_plumbing_and_what_is_not_imported_do_not_count(package: Package) -> None:
    before = package.digest()
    for path in ("registry.py", "hidden.py", "unused.py", "methods/ortho.py", "published/table.csv"):
        package.write(path, FILES[path] + "\nvalue = 3\n")
    assert package.digest() == before


def test_parameters_roots_and_names_of_files_count(package: Package) -> None:
    roots = ("stages/train.py", "methods/ortho.py")
    table = (*roots, "published/table.csv")
    digests = [
        package.digest({"lr": 0.1, "lam": [0, 1]}, *roots),
        package.digest({"lr": 0.2, "lam": [0, 1]}, *roots),
        package.digest({"lr": 0.1, "lam": [1, 0]}, *roots),
        package.digest({"lr": 0.1, "lam": [0, 1]}),
        package.digest({"lr": 0.1, "lam": [0, 1]}, *table),
    ]
    assert package.digest({"lam": [0, 1], "lr": 0.1}, *reversed(roots)) == digests[0]
    package.write("published/table.csv", "a,b\n1,3\n")
    digests.append(package.digest({"lr": 0.1, "lam": [0, 1]}, *table))
    package.write("methods/orthogonal.py", FILES["methods/ortho.py"])
    digests.append(package.digest({"lr": 0.1, "lam": [0, 1]}, "stages/train.py", "methods/orthogonal.py"))
    assert len(set(digests)) == len(digests)
    assert all(len(digest) == 16 and int(digest, 16) >= 0 for digest in digests)


# This package.

PLUMBING = {file.relative_to(PACKAGE).as_posix() for file in provenance.PLUMBING}


def closure(*roots: str) -> set[str]:
    found = provenance.closure(PACKAGE / root for root in roots)
    return {file.relative_to(PACKAGE).as_posix() for file in found}


def test_what_a_training_depends_on() -> None:
    found = closure("stages/train.py", "training/families/contrastive.py", "methods/ortho.py")
    needed = {"losses/contrastive", "losses/embeddings", "streams", "models/resnet", "models/contrastive"}
    needed |= {f"training/{name}" for name in ("loop", "augment", "batches", "schedule", "plateau", "checkpoint")}
    assert {f"{name}.py" for name in needed} <= found
    assert not [path for path in found if path.startswith(("reporting", "evaluation", "studies", "data/sources"))]
    assert not [path for path in found if path.startswith("data/datasets")]
    assert [path for path in found if path.startswith("methods/")] == ["methods/ortho.py"]
    assert not found & PLUMBING


def test_what_a_dataset_depends_on() -> None:
    mnist, photographs = "data/sources/mnist.py", "data/sources/photographs.py"
    found = closure("stages/generate.py", "data/datasets/mnist_stl10.py", mnist, photographs)
    assert {"data/instances.py", "streams.py", "data/idx.py", "data/datasets/mnist_stl10.py", mnist} <= found
    assert {"data/dataset_files.py", "data/download.py"} <= PLUMBING
    assert not PLUMBING & found


def test_what_a_report_and_a_probe_depend_on() -> None:
    report = closure("stages/report.py", "studies/burns/study.py", "studies/burns/reports/table3.py")
    probe = closure("stages/probe.py", "evaluation/probes/logistic.py")
    analysis = {f"studies/burns/analysis/{name}.py" for name in ("results", "setting", "accuracy_table", "diagnosis")}
    assert {"reporting/results.py", "reporting/statistics.py", "studies/burns/reports/table3.py"} | analysis <= report
    assert {"evaluation/probe_inputs.py", "evaluation/probes/logistic.py"} <= probe
    assert not PLUMBING & (report | probe)
    assert not [path for path in report | probe if path.startswith(("training/", "models/", "methods/"))]


IMPORTED = """
import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
for name, module in sorted(sys.modules.items()):
    if name.split(".")[0] == "disentangle":
        print(module.__file__)
"""


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_cannot_run_code_that_its_digest_misses(stage: str) -> None:
    """Its module and all plugins it may load, imported in a process of their own, against the digest's files."""
    plugins = [(kind, name) for kind in PLUGINS[stage] for name in registry.names(kind)]
    names = [f"disentangle.stages.{stage}", *(registry.module(*plugin) for plugin in plugins)]
    environment = os.environ | {"PYTHONPATH": str(PACKAGE.parent)}
    command = [sys.executable, "-c", IMPORTED, *names]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    imported = {Path(line) for line in done.stdout.splitlines()}
    covered = provenance.closure([PACKAGE / f"stages/{stage}.py", *(registry.path(*plugin) for plugin in plugins)])
    missed = imported - covered - provenance.PLUMBING
    assert PACKAGE / f"stages/{stage}.py" in imported
    assert {file.name for file in missed} == {"__init__.py"}
    # what is imported on the way to a module must do nothing
    assert {provenance._canonical(registry.tree(file)) for file in missed} == {"Module()"}


def test_a_stage_loads_only_the_plugins_that_its_digest_knows() -> None:
    """``registry.build`` and ``registry.load`` are the one place that imports by a computed name."""
    for stage in STAGES:
        plugins = [(kind, name) for kind in PLUGINS[stage] for name in registry.names(kind)]
        code = provenance.closure([PACKAGE / f"stages/{stage}.py", *(registry.path(*plugin) for plugin in plugins)])
        code |= {PACKAGE / "pipeline/study.py"} if "studies" in PLUGINS[stage] else set()
        calls = [
            node
            for file in code
            for node in ast.walk(ast.parse(file.read_text()))
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("registry.build", "registry.load")
        ]
        loaded = {ast.literal_eval(call.args[0]) for call in calls}
        assert loaded <= set(PLUGINS[stage])
        assert loaded >= set(PLUGINS[stage]) - {"metrics", "claims"}  # which only some reports load
    users = [
        file.relative_to(PACKAGE).as_posix()
        for file in PACKAGE.rglob("*.py")
        if any(word in file.read_text() for word in ("import_module", "__import__", "exec(", "eval(compile"))
    ]
    # the command line and ``sweep`` import whole stages, each of which has its own digest
    assert sorted(users) == ["__main__.py", "registry.py", "stages/sweep.py"]


# The plan: which parameters reach which stage.

CELL = Cell("demo", "burns", "DC-BC", "ortho", 0.1, 0)


def digests(settings: params.Params) -> dict[str, str]:
    return {
        "generate": plan.generate(settings, "demo", "DC-BC"),
        "train": plan.train(settings, CELL),
        "encode": plan.encode(settings, CELL),
        "probe": plan.probe(settings, CELL),
        "measure": plan.measure(settings, CELL),
        "report": plan.report(settings, "burns/table3"),
        "figure": plan.figure(settings, "burns/losses", "DC-BC", "ortho"),
        "page": plan.page(settings, "burns"),
        "front": plan.front(settings),
    }


@pytest.fixture
def settings() -> params.Params:
    return params.load(ROOT / "params.yaml")


@pytest.mark.parametrize(
    ("key", "value", "changed"),
    [
        ("datasets.DC-BC.seed", 7, {"generate"}),
        ("datasets.DC-BC.background_brightness", 0.77, {"generate"}),
        ("datasets.DC-BC.backgrounds", {"source": "photographs", "jitter": 0.1}, {"generate"}),
        ("studies.burns.training.lr", 0.0123, {"train"}),
        ("studies.burns.encoder.stem", "imagenet", {"train"}),
        ("studies.burns.projection.dim", 9, {"train"}),
        ("studies.burns.methods.ortho.pairs", "all", {"train"}),
        ("studies.burns.methods.hessian.covariance", "batch", set()),
        ("studies.burns.methods.infomin.lam", [5], set()),
        ("studies.burns.probes.logistic.C", 0.123, {"probe"}),
        ("studies.burns.metrics", {}, {"measure", "report", "figure"}),  # which say what was evaluated
        ("studies.burns.methods.ortho.lam", [0.1, 0.5], {"report", "figure"}),
        ("studies.burns.methods.fresh", {"method": "ortho", "lam": [0.1]}, {"report", "page"}),
        ("studies.burns.seeds", [0, 1, 2, 9], {"report", "figure"}),
        ("studies.burns.rerun_seeds", [0, 1, 2, 9], {"figure"}),  # of the claims, which table3 is not
    ],
)
def test_a_parameter_reaches_its_own_stage_alone(
    settings: params.Params, key: str, value: object, changed: set[str]
) -> None:
    before = digests(settings)
    *keys, last = key.split(".")
    place = settings.scales["demo"]
    for part in keys:
        place = place[part]
    place[last] = value
    after = digests(settings)
    assert {stage for stage in before if before[stage] != after[stage]} == changed


def test_a_key_that_some_methods_read_reaches_these_alone(settings: params.Params) -> None:
    def trainings() -> dict[str, str]:
        methods = settings.study("demo", "burns")["methods"]
        cells = {entry: Cell("demo", "burns", "DC-BC", entry, float(of["lam"][0]), 0) for entry, of in methods.items()}
        return {entry: plan.train(settings, cell) for entry, cell in cells.items()}

    before = trainings()
    settings.scales["demo"]["studies"]["burns"]["projection"]["hidden"] = 77
    after = trainings()
    assert {entry for entry in before if before[entry] == after[entry]} == {"supervised"}
    assert len(before) > 5


def test_a_default_written_out_changes_nothing(settings: params.Params) -> None:
    before = digests(settings)
    settings.scales["demo"]["studies"]["burns"]["methods"]["ortho"]["pairs"] = "matched"
    settings.scales["demo"]["datasets"]["DC-BC"]["backgrounds"] |= {"crops_per_class": 1300, "jitter": 0.35}
    assert digests(settings) == before


def test_a_cells_own_lam_and_seed_count(settings: params.Params) -> None:
    cells = [
        Cell("demo", "burns", "DC-BC", "ortho", lam, seed) for lam in (0.1, math.nextafter(0.1, 1)) for seed in (0, 1)
    ]
    assert len({plan.train(settings, cell) for cell in cells}) == 4
    assert len({plan.encode(settings, cell) for cell in cells}) == 4


def test_a_job_refuses_another_digest_than_the_one_it_was_planned_for() -> None:
    plan.require(None, "a")
    plan.require("a", "a")
    with pytest.raises(InputError, match="changed while the pipeline was running"):
        plan.require("b", "a")


# A dataset made of the user's own files.


class Own:
    """A folder with params.yaml and raw files; the datasets of the one scale are made of these."""

    def __init__(self, folder: Path) -> None:
        self.raw, self.pictures = folder / "data/raw", folder / "data/raw/pictures"
        self.manifest = folder / "data/datasets/tiny/DC-BC/manifest.json"
        (folder / "params.yaml").write_text(yaml.safe_dump(PARAMS, sort_keys=False))
        write_raw_data(self.raw)
        for k in range(12):  # names that tell the order whatever the folder
            (self.pictures / f"green/{k:02}.png").rename(self.pictures / f"green/{k + 12}.png")
        self.settings = params.load()

    @property
    def digest(self) -> str:
        return plan.generate(self.settings, "tiny", "DC-BC")

    @property
    def raw_files(self) -> dict[str, str]:
        return plan.raw_files(self.settings, "tiny", "DC-BC")

    def make(self) -> str:
        files.write_json(self.manifest, {"digest": self.digest, "raw_files": self.raw_files})
        return self.digest

    def check(self) -> None:
        plan.check_raw_files(self.settings, "tiny", "DC-BC")

    def lose(self) -> None:
        self.pictures.rename(self.raw / "elsewhere")


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Own:
    monkeypatch.chdir(tmp_path)
    return Own(tmp_path)


def move_the_last_picture_into_the_next_class(own: Own) -> None:
    (own.pictures / "blue/11.png").rename(own.pictures / "green/11.png")


def rename_a_picture(own: Own) -> None:
    (own.pictures / "red/11.png").rename(own.pictures / "red/11.jpg")


def move_a_byte_into_the_next_file(own: Own) -> None:
    one, two = own.pictures / "red/10.png", own.pictures / "red/11.png"
    content = one.read_bytes()
    one.write_bytes(content[:-1])
    two.write_bytes(content[-1:] + two.read_bytes())


def flip_a_bit(own: Own) -> None:
    labels = own.raw / "digits/labels-idx1-ubyte"
    labels.write_bytes(labels.read_bytes()[:-1] + b"\1")


def remove_a_picture(own: Own) -> None:
    (own.pictures / "red/11.png").unlink()


CHANGES = [move_the_last_picture_into_the_next_class, rename_a_picture, move_a_byte_into_the_next_file]
CHANGES += [flip_a_bit, remove_a_picture]


@pytest.mark.parametrize("change", CHANGES)
def test_what_raw_files_hold_and_where_they_lie_counts(own: Own, change: Callable[[Own], None]) -> None:
    made, before = own.make(), own.raw_files
    assert set(before) == {"digits", "backgrounds"}
    change(own)
    changed = {role for role in before if before[role] != own.raw_files[role]}
    assert changed == {"digits" if change is flip_a_bit else "backgrounds"}
    assert own.digest != made


def test_where_a_raw_file_ends_counts(own: Own) -> None:
    one, two = own.pictures / "red/10.png", own.pictures / "red/11.png"
    found = []
    for contents in ((b"ared/11.png\0 b", b" c"), (b"a", b" bred/11.png\0 c")):
        for file, content in zip((one, two), contents, strict=True):
            file.write_bytes(content)
        found.append(own.raw_files["backgrounds"])
    assert found[0] != found[1]


def test_times_of_raw_files_do_not_count(own: Own) -> None:
    before = own.digest, own.raw_files
    os.utime(own.pictures / "red/00.png", (0, 0))
    assert (own.digest, own.raw_files) == before


def test_a_dataset_stays_current_without_its_raw_files_until_something_else_changes(own: Own) -> None:
    made, found = own.make(), own.raw_files
    own.lose()
    assert own.raw_files == found | {"backgrounds": "missing"}
    assert own.digest == made
    own.check()
    definition = own.settings.scales["tiny"]["datasets"]["DC-BC"]
    definition["seed"] = 1
    assert own.digest != made
    with pytest.raises(InputError, match=r"data/raw/pictures: not a folder; expected one subfolder"):
        own.check()
    definition["seed"] = 0
    assert own.digest == made
    (own.raw / "elsewhere").rename(own.pictures)
    assert (own.digest, own.raw_files) == (made, found)


def test_missing_raw_files_of_a_dataset_that_was_never_made(own: Own) -> None:
    made = own.digest
    own.lose()
    assert own.digest != made
    with pytest.raises(InputError, match=r"data/raw/pictures: not a folder"):
        own.check()


def test_raw_files_are_read_before_the_dataset_of_their_predecessors_goes(own: Own) -> None:
    own.make()
    own.check()
    picture = own.pictures / "red/03.png"
    content = picture.read_bytes()
    picture.write_bytes(b"\x89PNG and no more")
    with pytest.raises(InputError, match=r"data/raw/pictures/red/03\.png: not a readable picture"):
        own.check()
    picture.write_bytes(content)
    own.check()


def test_a_manifest_without_a_digest_is_of_no_dataset_of_now(own: Own) -> None:
    files.write_json(own.manifest, {"raw_files": own.raw_files})
    own.check()
    own.lose()
    with pytest.raises(InputError, match=r"data/raw/pictures: not a folder"):
        own.check()


def test_a_training_is_of_now_if_its_record_has_the_digest_of_now(own: Own) -> None:
    cell = Cell("tiny", "burns", "DC-BC", "ortho", 0.1, 0)
    record = cell.folder / "run.json"
    digest = plan.train(own.settings, cell)
    assert digest == plan.train(own.settings, cell, own.settings.training(cell))
    assert not plan.trained_with(cell, digest)
    files.write_json(record, {"digest": digest})
    assert plan.trained_with(cell, digest) is True
    assert plan.trained_with(cell, digest, ahead=True) is False
    own.settings.scales["tiny"]["studies"]["burns"]["training"]["lr"] = 0.1
    assert plan.trained_with(cell, plan.train(own.settings, cell)) is False
    files.write_json(record, {"status": "done"})
    assert plan.trained_with(cell, digest) is False


def test_words_about_sources_reach_the_report_alone(own: Own, monkeypatch: pytest.MonkeyPatch) -> None:
    def digests() -> list[str]:
        cell = outputs.report_cells(own.settings, "burns/table3")[0]
        return [own.digest, plan.train(own.settings, cell), plan.report(own.settings, "burns/table3")]

    definition = own.settings.dataset("tiny", "DC-BC")
    assert plan.credits_of(definition) == {
        "digits": {key: registry.constant("sources", "mnist_idx", key) for key in ("STAND_IN", "CREDITS")},
        "backgrounds": {key: registry.constant("sources", "image_folder", key) for key in ("STAND_IN", "CREDITS")},
    }
    dataset, training, report = digests()
    known = registry.constant
    for word in ("STAND_IN", "CREDITS"):
        monkeypatch.setattr(
            registry,
            "constant",
            lambda kind, name, key, *default, w=word: "other words" if key == w else known(kind, name, key, *default),
        )
        assert digests()[:2] == [dataset, training]
        assert digests()[2] != report
    # a report says what the sources say today, whatever they said when the dataset was made
    files.write_json(own.manifest, {"definition": definition, "made_of": {"digits": {"source": "mnist_idx"}}})
    assert result_files.read_manifest("tiny", "DC-BC")["made_of"] == {
        "digits": {
            "source": "mnist_idx",
            "STAND_IN": known("sources", "mnist_idx", "STAND_IN"),
            "CREDITS": "other words",
        }
    }


# Dependencies point one way.


def imports(file: Path) -> set[str]:
    """The modules of this package that a file imports itself, as ``kind/name`` without ``.py``."""
    return {path.relative_to(PACKAGE).with_suffix("").as_posix() for path in provenance._imports(file)}


LAYERS = ("methods", "models", "losses", "data/datasets", "data/rendering", "evaluation")
PURE = [file for layer in LAYERS for file in sorted((PACKAGE / layer).rglob("*.py"))]
PURE += [PACKAGE / f"{name}.py" for name in ("data/instances", "data/grid", "streams", "reporting/statistics")]


@pytest.mark.parametrize("file", PURE, ids=lambda file: file.relative_to(PACKAGE).as_posix())
def test_maths_knows_neither_files_nor_the_pipeline(file: Path) -> None:
    found = imports(file)
    assert not found & {"files", "registry", "cells", "data/dataset_files", "data/download"}
    assert not {
        name for name in found if name.startswith(("stages", "studies", "pipeline", "training", "data/sources"))
    }
    text = file.read_text()
    for word in ("import os", "from pathlib", "open(", "snakemake", "import dvc"):
        assert word not in text


def test_plugins_do_not_import_plugins() -> None:
    plugins = {registry.path(kind, name) for kind in registry.FILES for name in registry.names(kind)}
    for file in plugins:
        assert not plugins & {*provenance._imports(file)}, file


def test_only_the_command_line_imports_stages_and_nothing_imports_relatively() -> None:
    for file in PACKAGE.rglob("*.py"):
        assert not {found for found in imports(file) if found.startswith("stages/")}, file
        for node in ast.walk(ast.parse(file.read_text())):
            # the digest reads absolute imports alone, and a star would hide what is used
            assert not (isinstance(node, ast.ImportFrom) and (node.level or node.names[0].name == "*")), file


def test_training_reads_and_writes_checkpoints_only_and_plumbing_computes_nothing() -> None:
    users = {file.stem for file in (PACKAGE / "training").glob("*.py") if "files" in imports(file)}
    assert users == {"checkpoint"}
    for file in provenance.PLUMBING:
        assert file.exists()
        assert {PACKAGE / f"{found}.py" for found in imports(file)} <= provenance.PLUMBING, file


def test_revision(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert provenance.revision() == "unknown"
    monkeypatch.setenv("PATH", "")
    assert provenance.revision() == "unknown"
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"]
    (tmp_path / "file").write_text("1")
    for command in (["init", "-q"], ["add", "file"], ["commit", "-qm", "one"]):
        subprocess.run([*git, *command], check=True)
    clean = provenance.revision()
    assert len(clean) == 10
    assert int(clean, 16) >= 0
    (tmp_path / "file").write_text("2")
    assert provenance.revision() == f"{clean}+"
