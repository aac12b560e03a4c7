"""What `score` returns: scores by metric as a mapping, as a table, and as what JSON holds."""

import html
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from disentangle.scoring.measuring import Measured, interval, moments
from disentangle.scoring.undefined import Found

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True, eq=False, repr=False)
class Result(Mapping[str, dict[str, float]]):
    """Scores by metric and name, as in ``result["mig"]["mig"]``; nan where a score is not defined.

    With repeats a score is the mean over them.
    """

    measured: tuple[Measured, ...]
    about: Mapping[str, Any]
    """What the scores are of: rows, dim, factors, protocol, seed, options."""
    read: tuple[str, ...] = ()
    """What was noted as the data were read."""

    def __getitem__(self, metric: str) -> dict[str, float]:
        return {score: mean(self._of(metric).draws, score) for score in self._of(metric).draws[0]}

    def __iter__(self) -> Iterator[str]:
        return (found.name for found in self.measured)

    def __len__(self) -> int:
        return len(self.measured)

    def _of(self, metric: str) -> Measured:
        return {found.name: found for found in self.measured}[metric]

    @property
    def remarks(self) -> list[str]:
        """What a reader of these scores must know, of the data, then of metrics: each sentence once."""
        said: dict[str, list[str]] = {}
        for found in self.measured:
            for remark in found.remarks:
                said.setdefault(remark, []).append(found.name)
        return [*self.read, *(f"{', '.join(names)}: {remark}" for remark, names in said.items())]

    def table(self) -> "pandas.DataFrame":
        """Return a row a score: metric, score, value, chance, ceiling, and with repeats low and high."""
        import pandas

        rows = [row for found in self.measured for row in rows_of(found)]
        columns = ["metric", "score", "value", *(["low", "high"] if self._repeated else []), "chance", "ceiling"]
        return pandas.DataFrame(rows, columns=columns)

    @property
    def _repeated(self) -> bool:
        return any(len(found.draws) > 1 for found in self.measured)

    def as_dict(self) -> dict[str, Any]:
        """Return all of it as JSON holds it: None for what is not defined."""
        content: dict[str, Any] = {**self.about, "scores": {name: _plain(self[name]) for name in self}}
        content["chance"] = {found.name: _drawn(found.chance) for found in self.measured if found.chance}
        content["ceiling"] = {found.name: found.ceiling for found in self.measured if found.ceiling is not None}
        if self._repeated:
            content["intervals"] = {found.name: _drawn(found.draws) for found in self.measured}
        return content | {"remarks": self.remarks}

    def to_json(self) -> str:
        """Return ``as_dict`` as text."""
        return json.dumps(self.as_dict(), indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)

    def __repr__(self) -> str:
        return "\n".join([self.table().to_string(index=False, float_format="{:.4f}".format), *self.remarks])

    def _repr_html_(self) -> str:
        table = self.table().to_html(index=False, float_format="{:.4f}".format)
        return table + "".join(f"<p>{html.escape(remark)}</p>" for remark in self.remarks)


def rows_of(found: Measured) -> Iterator[dict[str, Any]]:
    """Yield what a table says of each score of a metric; nan where there is nothing to say."""
    for score in found.draws[0]:
        value, low, high = interval(_values(found.draws, score))
        ceiling = (found.ceiling or {}).get(score)
        yield {
            "metric": found.name,
            "score": score,
            "value": value,
            "low": low,
            "high": high,
            "chance": mean(found.chance, score),
            "ceiling": math.nan if ceiling is None else ceiling,
        }


def mean(draws: Iterable[Found], score: str) -> float:
    """Return the mean of a score over the draws of which it is defined, nan if it is of none."""
    return interval(_values(draws, score))[0]


def _values(draws: Iterable[Found], score: str) -> list[float]:
    return [value for draw in draws if (value := draw.get(score)) is not None]


def _drawn(draws: tuple[Found, ...]) -> dict[str, dict[str, Any]]:
    """Return of each score its draws, their mean, their deviation, and the interval of the mean."""
    found = {}
    for score in draws[0]:
        values = _values(draws, score)
        middle, low, high = interval(values)
        numbers = _plain({"mean": middle, "deviation": moments(values)[1], "low": low, "high": high})
        found[score] = {**numbers, "draws": [draw.get(score) for draw in draws]}
    return found


def _plain(numbers: Mapping[str, float]) -> dict[str, float | None]:
    return {name: number if math.isfinite(number) else None for name, number in numbers.items()}
