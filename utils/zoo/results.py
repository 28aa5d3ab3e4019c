"""The cached rows of the zoo: read, compared, written, and checked for staleness.

A row holds what each run gave for every instrument group of the practice notes, so that any two
models can be compared *pair by pair*: both were asked the same notes, and the interval of a
difference, found by drawing groups with replacement, is narrower than the two intervals suggest.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from utils.errors import ParameterError
from utils.files import write_atomically

__all__ = [
    "RESULTS",
    "Difference",
    "Row",
    "Table",
    "load_results",
    "paired_difference",
    "write_results",
]

RESULTS: Final = Path(__file__).with_name("stored") / "results.json"
N_RESAMPLES: Final = 2000
LEVEL: Final = 0.95


class Difference(NamedTuple):
    """First minus second: the mean over instrument groups, and its interval."""

    mean: float
    low: float
    high: float

    @property
    def verdict(self) -> str:
        """Whether the interval leaves out zero: "higher", "lower" or "can't tell"."""
        if self.low > 0:
            return "higher"
        return "lower" if self.high < 0 else "can't tell"


@lru_cache(maxsize=4)
def _draws(n_groups: int) -> NDArray[np.float64]:
    """Return how often each group is drawn in every resample, shape (n_resamples, n_groups)."""
    generator = np.random.default_rng(0)
    chances = np.full(n_groups, 1 / n_groups)
    return generator.multinomial(n_groups, chances, size=N_RESAMPLES) / n_groups


def paired_difference(
    first: NDArray[np.float64], second: NDArray[np.float64] | float = 0.0
) -> Difference:
    """Return the mean of first minus second over groups, with its 95 % interval.

    Parameters
    ----------
    first, second : numpy.ndarray, shape (n_groups,)
        A measurement of every instrument group; 0 in place of `second` gives the interval of
        `first` itself.

    Returns
    -------
    Difference
        Its interval holds the middle 95 % of 2000 draws of the groups.

    Notes
    -----
    Lecture: ``lectures/07_music_classification.ipynb``
    """
    per_group = np.asarray(first, dtype=float) - second
    values = _draws(len(per_group)) @ per_group
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Difference(float(per_group.mean()), float(low), float(high))


@dataclass(frozen=True)
class Row:
    """One model of the zoo, and what came out.

    Attributes
    ----------
    name, title : str
        For code, and for people.
    row : str
        Of the syllabus.
    parameters, macs : int
        Learned numbers; multiplications for one note.
    code_sha256 : str
        Of the code and settings that made it.
    runs : tuple of dict
        One a seed.
    """

    name: str
    title: str
    row: str
    parameters: int
    macs: int
    code_sha256: str
    runs: tuple[Mapping[str, Any], ...]

    def mean_by_group(self, key: str = "by_group") -> NDArray[np.float64]:
        """Return a measurement of every group, averaged over the runs.

        Parameters
        ----------
        key : {"by_group", "pitch_same", "pitch_right", "time_same", "time_right"}
            Accuracy; how often predictions stay, or are right, when notes move.
        """
        return np.mean([run[key] for run in self.runs], axis=0)

    @property
    def interval(self) -> Difference:
        """Accuracy by group on the practice notes, with its interval."""
        return paired_difference(self.mean_by_group())

    @property
    def accuracy(self) -> float:
        """Accuracy by group on the practice notes, averaged over the runs."""
        return self.interval.mean

    @property
    def low(self) -> float:
        """Lower end of the interval."""
        return self.interval.low

    @property
    def high(self) -> float:
        """Upper end of the interval."""
        return self.interval.high

    @property
    def by_seed(self) -> list[float]:
        """The accuracy of every run."""
        return [float(np.mean(run["by_group"])) for run in self.runs]

    @property
    def seconds(self) -> float:
        """CPU seconds of training, averaged over the runs."""
        return float(np.mean([run["cpu_seconds"] for run in self.runs]))

    @property
    def epochs(self) -> float | None:
        """Epochs of training, averaged over the runs; None where there are none."""
        counts = [run["epochs"] for run in self.runs if "epochs" in run]
        return float(np.mean(counts)) if counts else None


@dataclass(frozen=True)
class Table:
    """All rows, and where they come from.

    Attributes
    ----------
    rows : tuple of Row
    provenance : mapping
        ``made_by``, ``dataset_id``, ``versions``, ``threads``, ``recipe``, ``groups``.
    """

    rows: tuple[Row, ...]
    provenance: Mapping[str, Any]

    def row(self, name: str) -> Row:
        """Return the row of a model."""
        for row in self.rows:
            if row.name == name:
                return row
        known = ", ".join(row.name for row in self.rows)
        raise ParameterError(f"expected a model of {known}, got {name!r}")

    def difference(self, first: str, second: str, key: str = "by_group") -> Difference:
        """Return first minus second, paired by instrument group of the practice notes.

        Parameters
        ----------
        first, second : str
            Names of rows.
        key : str
            As for :meth:`Row.mean_by_group`.
        """
        return paired_difference(
            self.row(first).mean_by_group(key), self.row(second).mean_by_group(key)
        )

    def __str__(self) -> str:
        """Return the table as text, the best model first."""
        lines = [f"{'model':32} accuracy  95 % interval  parameters        MACs  CPU-s"]
        for row in sorted(self.rows, key=lambda row: -row.accuracy):
            lines.append(
                f"{row.title:32} {row.accuracy:8.3f}  {row.low:.3f} … {row.high:.3f}"
                f"  {row.parameters:10,} {row.macs:11,} {row.seconds:6.1f}"
            )
        return "\n".join(lines)


def load_results(path: Path = RESULTS) -> Table:
    """Return the cached table of the zoo.

    Parameters
    ----------
    path : Path
        The file that ``python -m utils.zoo run --all`` writes.

    Returns
    -------
    Table

    Notes
    -----
    Lecture: ``lectures/07_music_classification.ipynb``
    """
    document = json.loads(path.read_text(encoding="utf-8"))
    rows = tuple(
        Row(name=name, **{**row, "runs": tuple(row["runs"])})
        for name, row in document["rows"].items()
    )
    return Table(rows, document["provenance"])


def write_results(table: Table, path: Path = RESULTS) -> None:
    """Write the table, one line a run."""
    rows = {row.name: {key: getattr(row, key) for key in _KEPT} for row in table.rows}
    text = json.dumps({"provenance": dict(table.provenance), "rows": rows}, separators=(",", ":"))
    path.parent.mkdir(exist_ok=True)
    write_atomically(path, text.replace('{"seed"', '\n{"seed"') + "\n")


_KEPT = ("title", "row", "parameters", "macs", "code_sha256", "runs")
