"""A scale of params.yaml may name a ``base``: it is then that scale with what it states laid over it, key by key."""

from collections.abc import Mapping, Sequence
from typing import Any

from disentangle.errors import InputError, did_you_mean

NAMING = ("generator", "source", "method", "network")
"""Keys that name a plugin, whose options stand beside them: those of one say nothing to another."""

EXCLUSIVE = ("to", "step")
"""Keys of which a mapping has one: one that states another than the mapping below it replaces that."""


MOST = 100
"""Scales of a file."""


def merged(scales: Mapping[str, Any]) -> dict[str, Any]:
    """Return every scale as if written out: mappings are merged, but for those of other plugins; all else is replaced.

    Raises InputError that names the key for more scales than ``MOST``, an unknown base, a cycle, and a mapping laid
    over something else.
    """
    if len(scales) > MOST:
        raise InputError(f"scales: found {len(scales)}; allowed: at most {MOST}.")
    complete: dict[str, Any] = {}
    return {name: _complete(scales, name, (), complete) for name in scales}


def _complete(scales: Mapping[str, Any], name: str, above: tuple[str, ...], complete: dict[str, Any]) -> Any:
    """Return a scale as if written out, which is kept in ``complete``; ``above`` are those that it is a base of."""
    own = scales[name]
    if name in complete or not isinstance(own, dict) or "base" not in own:
        return complete.get(name, own)
    base = own["base"]
    if not isinstance(base, str) or base not in scales:
        raise InputError(f"scales.{name}.base: no scale {base!r}: {did_you_mean(str(base), {*scales} - {name})}")
    if base in (*above, name):
        raise InputError(f"scales.{name}.base: a cycle, {' -> '.join((*above, name, base))}.")
    stated = {key: value for key, value in own.items() if key != "base"}
    under = _complete(scales, base, (*above, name), complete)
    complete[name] = laid(under, stated, f"scales.{name}", f"scales.{base}")
    return complete[name]


def laid(under: Any, over: Any, where: str, base: str) -> Any:
    """Return ``under`` with ``over`` laid over it, key by key; a mapping that names another plugin replaces it.

    Raises InputError that names ``where`` ``over`` is, and ``base``, where ``under`` is, for a mapping on no mapping.
    """
    if isinstance(under, dict) and isinstance(over, dict):
        if any(over[key] != under[key] for key in NAMING if key in over and key in under):
            return over
        if {*EXCLUSIVE} <= {*over, *under} and not {*EXCLUSIVE} & {*over} & {*under}:
            return over
        both = {key: laid(under[key], over[key], f"{where}.{key}", f"{base}.{key}") for key in under if key in over}
        return {**under, **over, **both}
    if isinstance(under, dict) != isinstance(over, dict):
        allowed = "a mapping" if isinstance(under, dict) else "no mapping"
        raise InputError(f"{where}: found {over!r}; allowed: {allowed}, as it is at {base}.")
    return over


def written(scales: Mapping[str, Any], where: Sequence[Any]) -> tuple[Any, ...]:
    """Return the path in the file of what stands at a path of the merged scales, ``(scale, key, ...)``.

    It is that of the scale itself, of its base, or of its base's base, whichever first has it.
    """
    scale, *keys = where
    while not _holds(scales[scale], keys):
        scale = scales[scale].get("base") if isinstance(scales[scale], dict) else None
        if scale is None:
            return tuple(where)
    return (scale, *keys)


def _holds(node: Any, keys: Sequence[Any]) -> bool:
    for key in keys:
        if not isinstance(node, dict | list) or key not in (node if isinstance(node, dict) else range(len(node))):
            return False
        node = node[key]
    return True
