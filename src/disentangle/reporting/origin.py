"""The last section of every report: of which code, parameters, data and libraries its numbers are."""

from collections.abc import Mapping

from disentangle.reporting.layout import distinct, spelled
from disentangle.reporting.results import Results


def origin(results: Results, parameters: str, made: str, data: Mapping[str, str], libraries: Mapping[str, str]) -> str:
    """Return the section in Markdown.

    ``parameters`` is a digest of all of params.yaml that the report rests on, ``made`` one of these and of the code;
    ``data`` the SHA-256 of the manifest of each dataset, which holds those of its files; ``libraries`` are the versions
    of those that rendered it.
    """
    trained = dict.fromkeys(cell.timing["revision"] for cell in results.cells if cell.timing)
    versions = distinct(spelled(cell.run["versions"]) for cell in results.cells if cell.run)
    rows = [
        ("code", f"revision {results.revision}" + (f"; trained at {', '.join(trained)}" if trained else "")),
        ("parameters", f"scale {results.scale} of params.yaml; digest {parameters}, with the code {made}"),
        *((f"data, {name}", f"manifest.json with SHA-256 {sha256}") for name, sha256 in data.items()),
        ("libraries of this report", spelled(libraries)),
        *([("of the trainings", versions)] if versions else []),
    ]
    return "## Origin\n\n" + "\n".join(f"- {what}: {value}" for what, value in rows)
