"""The last section of every report: of which code, parameters, data and libraries its numbers are."""

import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

from disentangle.reporting.results import Results

LIBRARIES = ("numpy", "pandas", "scipy", "scikit-learn", "lightgbm")
"""What numbers of reports are computed with, beside torch, which trainings tell of."""


def origin(results: Results, parameters: str, made: str, data: Mapping[str, str]) -> str:
    """Return the section in Markdown.

    ``parameters`` is a digest of all of params.yaml that the report rests on, ``made`` one of these and of the code;
    ``data`` the SHA-256 of the manifest of each dataset, which holds those of its files.
    """
    trained = dict.fromkeys(cell.timing["revision"] for cell in results.cells if cell.timing)
    versions = dict.fromkeys(_spelled(cell.run["versions"]) for cell in results.cells if cell.run)
    rows = [
        ("code", f"revision {results.revision}" + (f"; trained at {', '.join(trained)}" if trained else "")),
        ("parameters", f"scale {results.scale} of params.yaml; digest {parameters}, with the code {made}"),
        *((f"data, {name}", f"manifest.json with SHA-256 {sha256}") for name, sha256 in data.items()),
        ("libraries of this report", _spelled({"python": platform.python_version(), **installed()})),
        *([("of the trainings", "; ".join(versions))] if versions else []),
    ]
    return "## Origin\n\n" + "\n".join(f"- {what}: {value}" for what, value in rows)


def installed() -> dict[str, str]:
    """Return the versions of the libraries that are there."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _spelled(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {told}" for name, told in versions.items())
