"""Print params.yaml as the pipeline reads it: every scale as if written out, whatever its base."""

import argparse

import yaml

from disentangle.errors import InputError, did_you_mean


def run(given: argparse.Namespace) -> None:
    """Print one scale, by default that which is built, as YAML."""
    settings = given.settings
    scale = given.scale or settings.scale
    if scale not in settings.scales:
        raise InputError(f"--scale: no scale '{scale}': {did_you_mean(scale, settings.scales)}")
    print(yaml.dump({"scales": {scale: settings.scales[scale]}}, Dumper=_Plain, sort_keys=False, width=120), end="")


class _Plain(yaml.SafeDumper):
    """YAML without anchors: each mapping is written out where it stands."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002
        """Return True for everything."""
        return True
