"""Whatever is in params.yaml, it loads, or one short message says why not, in seconds and in bounded memory."""

import json
import os
import random
import re
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import committed_params

from disentangle.errors import InputError
from disentangle.pipeline import params, scales

ROOT = Path(__file__).parent.parent
SHIPPED = committed_params()
SECONDS = 10
MEMORY = 2**30
LONGEST = 300

VALUES: list[Any] = [None, True, -5, 0, 1, 2, 0.5, 2**31, 10**9, 10**12, 10**400, 1e308, 1e-320, -0.0, -1.5]
VALUES += [float("nan"), float("inf"), "", "x", "1e-3", "0x_", "a\nb", "é", "\x1b[2J", "none", "../x", "y" * 900]
VALUES += [[], {}, [[]], [0, 0], [1, "a", None], {"a": 1}, {"lam": [0]}, {"base": "demo"}, {"source": 3}, ["x"] * 2000]
CHUNKS = ["&a", "*a", "<<: *pairs", "[", "]", "{", "}", ": ", "- ", "? ", "\n", "\t", "  ", "#", "'", '"', "|", ">"]
CHUNKS += [
    "%",
    "!!set",
    "!x",
    "---\n",
    "...\n",
    "\x00",
    "\ufeff",
    "\x85",
    "\u2028",
    "9" * 5000,
    "[" * 200,
    "2020-01-01",
]
KEYS = ["lam", "base", "method", "datasets", "seeds", "over", "by_dataset", "methods", "model", "training", "source"]


def places(node: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every (mapping or list, key) of a tree."""
    for key, value in [*node.items()] if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield node, key
        yield from places(value)


def of_structure(text: str, chance: random.Random) -> str:
    """Return a file in which keys and values of another have been replaced, renamed, moved and taken out."""
    data = yaml.load(text, yaml.CSafeLoader)
    for _ in range(chance.choice([1, 1, 1, 2, 5])):
        found = [*places(data)]
        if not found:
            break
        (node, key), (other, theirs) = chance.choice(found), chance.choice(found)
        match chance.choice(["value", "value", "value", "move", "rename", "remove", "wrap", "repeat"]):
            case "value":
                node[key] = chance.choice(VALUES)
            case "move" if other is not node[key]:
                node[key] = json.loads(json.dumps(other[theirs]))
            case "rename" if isinstance(node, dict):
                node[chance.choice([*KEYS, theirs, f"{key}x", str(key)[1:]])] = node.pop(key)
            case "remove":
                del node[key]
            case "wrap":
                node[key] = chance.choice([[node[key]], {"a": node[key]}])
            case "repeat" if isinstance(node[key], list | str):
                node[key] = node[key] * chance.choice([2, 100, 3000])
    return yaml.dump(data, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True)


def of_text(text: str, chance: random.Random) -> str:
    """Return a file in which characters and lines of another have been put in, moved and taken out."""
    for _ in range(chance.choice([1, 1, 1, 2, 10])):
        start = chance.randrange(len(text) + 1)
        end = start + chance.choice([0, 1, 1, 2, 10, 200])
        new = chance.choice([*CHUNKS, *CHUNKS, chr(chance.randrange(0x3000)), text[end : end + 40], ""])
        if chance.random() < 0.3:  # a word or a number
            start = text.rfind(" ", 0, start) + 1
            end = min(place for place in (text.find(char, start) for char in ",]}\n") if place >= 0) if text else 0
            new = chance.choice([*map(str, VALUES), *CHUNKS])
        text = text[:start] + new + text[end:]
    return text


def of_bytes(text: str, chance: random.Random) -> bytes:
    """Return a file in which bytes of another are others, or one of another encoding."""
    content = bytearray(text.encode(chance.choice(["utf-8"] * 6 + ["utf-16", "utf-32", "utf-8-sig"])))
    for _ in range(chance.choice([1, 3, 30])):
        content[chance.randrange(len(content))] = chance.randrange(256)
    return bytes(content[: chance.choice([None, None, chance.randrange(len(content))])])


def mutant(seed: int) -> bytes:
    """Return the mutant of the shipped file of a seed."""
    chance, text = random.Random(seed), SHIPPED
    try:
        made = chance.choice([of_structure, of_structure, of_structure, of_text, of_text, of_bytes])(text, chance)
    except ValueError:  # nothing to choose from is left of it
        made = ""
    return made if isinstance(made, bytes) else made.encode(errors="replace")


class Late(BaseException):
    """Raised by the alarm: no handler of errors takes it for one."""


def _late(*_: object) -> None:
    raise Late


def wrong(content: bytes) -> str:
    """Return how loading a file as params.yaml ends, where that is neither well nor in one short message."""
    file = Path("params.yaml")
    file.write_bytes(content)
    signal.signal(signal.SIGALRM, _late)
    signal.alarm(SECONDS)
    try:
        params.load(file)
    except InputError as error:
        said = str(error)
        good = said.startswith("params.yaml: ") and said.isprintable() and len(said) <= LONGEST
        return "" if good else f"{len(said)} characters: {said}"
    except BaseException as error:
        return f"{type(error).__name__}: {error}"[:1000]
    finally:
        signal.alarm(0)
    return ""


def main(first: int, last: int) -> None:
    """Print how each mutant of some seeds ends that does not end well, in a process of bounded memory."""
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    for seed in range(first, last):
        if ending := wrong(mutant(seed)):
            print(json.dumps([seed, ending]), flush=True)


def test_a_mutated_file_loads_or_gets_one_short_message(tmp_path: Path) -> None:
    """Of the first mutants; ``PARAMS_MUTANTS=3000 python -m pytest tests/test_params_fuzz.py`` tries as many."""
    count = int(os.environ.get("PARAMS_MUTANTS", "50"))
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, str(Path(__file__)), "0", str(count)]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=count * SECONDS, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout == ""


SCALES = yaml.safe_load(SHIPPED)["scales"]
LARGEST = max(SCALES, key=lambda name: len(yaml.safe_dump(scales.merged(SCALES)[name])))


def bomb(link: str, levels: int = 12) -> str:
    """Return a file of anchors, each of which is ten aliases of the one before it."""
    lines = [link.format(", ".join([f"*a{level - 1}"] * 10)) for level in range(1, levels)]
    return "a0: &a0 {k: x}\n" + "".join(f"a{level}: &a{level} {line}\n" for level, line in enumerate(lines, 1))


def with_scales(count: int, base: str) -> str:
    """Return the shipped file with more scales, each like one of it."""
    return SHIPPED + "".join(f"\n  more{number}: {{base: {base.format(number - 1)}}}" for number in range(count))


def with_targets(items: str) -> str:
    """Return the shipped file with other targets."""
    return re.sub(r"^targets:.*?(?=^\w)", f"targets: [{items}]\n", SHIPPED, count=1, flags=re.MULTILINE | re.DOTALL)


ATTACKS: dict[str, tuple[str | bytes, str]] = {
    "deep lists": ("[" * 10_000, "line 1: found more than 32 levels in each other"),
    "deep mappings": ("{a: " * 10_000, "line 1: found more than 32 levels"),
    "deep block": ("- " * 10_000 + "x", "line 1: found more than 32 levels"),
    "a deep value": (f"scale: {'[' * 10_000}{']' * 10_000}", "line 1: found more than 32 levels"),
    "a list of itself": ("&a [*a]", "line 1: '*a' stands in what it names"),
    "a mapping of itself": ("&a {b: *a}", "line 1: '*a' stands in"),
    "merged with itself": ("&a {<<: *a}", "line 1: '*a' stands in"),
    "merged with what holds it": ("a: &a\n  b: &b\n    <<: *a\n", "line 3: '*a' stands in"),
    "a billion laughs": (bomb("[{}]"), "found more than 1048576 characters with aliases written out"),
    "a billion merges": (bomb("{{<<: [{}]}}"), "found more than 1048576 characters with aliases"),
    "a huge integer": (f"scale: {'9' * 100_000}", "line 1: found a text of 100000 characters; allowed: at most 1000"),
    "a huge key": (f"{'k' * 500_000}: 1", "line 1: found a text of 500000 characters"),
    "a large file": ("x" * 3 * 2**20, "found more than 1048576 bytes; allowed: at most as many"),
    "many values": (f"a: [{', '.join('1' for _ in range(200_000))}]", "found more than 50000 values"),
    "items of two types": (with_targets("a, 1, " * 20_000), "targets: found 40000; allowed: at most 1000."),
    "Python": ("scale: !!python/object/apply:os.system [ls]", "line 1: found the tag 'tag:yaml.org,2002:python/object"),
    "bytes": ("scale: !!binary aGVsbG8=", "line 1: found the tag 'tag:yaml.org,2002:binary'; allowed: none."),
    "a set": ("scale: !!set {a, b}", "line 1: found the tag 'tag:yaml.org,2002:set'"),
    "a date": ("scale: 2020-01-01", "top level: the key 'targets' is missing."),
    "a date for a mapping": ("2020-01-01", "top level: found '2020-01-01'; allowed: object."),
    "no digits": ("scale: 0x_", "not valid YAML: invalid literal for int()"),
    "a character of none": ("scale: \x00", "not valid YAML: unacceptable character #x0000"),
    "UTF-16": ("scale: s".encode("utf-16"), "not valid YAML: 'utf-8' codec can't decode byte 0xff"),
    "Latin": ("scale: é".encode("latin-1"), "not valid YAML: 'utf-8' codec can't decode byte 0xe9"),
    "two documents": ("scale: s\n---\nscale: t\n", "not valid YAML: expected a single document"),
    "nothing": ("", "top level: found None; allowed: object."),
    "a key of two lines": ('"a\\nb": 1', "line 1: found the key 'a\\nb'; allowed: characters that can be printed."),
    "a long unknown key": (f"{'k' * 900}: 1", "top level: unknown key 'kkkkk"),
    "a list for a number's key": ("[a, b]: 1", "line 1: the key ['a', 'b'] is no text"),
    "many scales": (with_scales(200, LARGEST), f"scales: found {200 + len(SCALES)}; allowed: at most 100."),
    "large scales": (with_scales(90, LARGEST), "found more than 50000 values, bases laid under"),
    "a long chain of bases": (
        with_scales(5000, "more{}"),
        f"scales: found {5000 + len(SCALES)}; allowed: at most 100.",
    ),
}


@pytest.mark.parametrize(("content", "said"), ATTACKS.values(), ids=ATTACKS)
def test_what_would_take_long_or_much_memory_is_refused(tmp_path: Path, content: str | bytes, said: str) -> None:
    """In a process of its own: what is not refused would take this one's memory, or end it."""
    (tmp_path / "params.yaml").write_bytes(content if isinstance(content, bytes) else content.encode())
    code = (
        f"import resource; resource.setrlimit(resource.RLIMIT_DATA, ({MEMORY}, {MEMORY}))\n"
        "from disentangle.__main__ import main; raise SystemExit(main(['params']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=6 * SECONDS,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: params.yaml: ") and done.stderr.count("\n") == 1
    assert said in done.stderr
    assert len(done.stderr) <= LONGEST + len("error: \n")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
