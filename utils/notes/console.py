"""What the commands of this package show while they work."""

import sys
from collections.abc import Callable
from typing import Any

from tqdm.auto import tqdm

__all__ = ["Say", "byte_bar", "readable", "speaker"]

Say = Callable[[str], object]


def byte_bar(total: int, text: str, *, initial: int = 0, progress: bool) -> Any:
    """Return a bar with rate and remaining time; seldom drawn where nobody watches."""
    return tqdm(
        total=total,
        initial=initial,
        desc=text,
        unit="B",
        unit_scale=True,
        disable=not progress,
        mininterval=0.2 if sys.stderr.isatty() else 10.0,
    )


def speaker(progress: bool) -> Say:
    """Return a function that prints a line above the bars, on standard error."""
    return lambda text: tqdm.write(text, file=sys.stderr) if progress else None


def readable(n_bytes: float) -> str:
    """Return a size as people write it: 1.07 GB."""
    units = ("B", "kB", "MB", "GB")
    power = 0
    while n_bytes >= 1000 and power < len(units) - 1:
        n_bytes, power = n_bytes / 1000, power + 1
    return f"{n_bytes:.3g} {units[power]}"
