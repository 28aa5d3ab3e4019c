"""Normal numbers that are the same in Python and in the browser (``kit/math/random.js``).

Widgets show noise that a seed reproduces; the static picture of a widget has to show the same.

References
----------
Box and Muller, "A note on the generation of random normal deviates", *Annals of Mathematical
Statistics* 29(2), 1958.
"""

import math
from collections.abc import Iterator

__all__ = ["normal_numbers", "uniform_numbers"]

WORD = 2**32


def uniform_numbers(seed: int) -> Iterator[float]:
    """Return numbers in [0, 1) without end, a mixed counter of 32 bits.

    Parameters
    ----------
    seed : int
        Taken modulo 2³².
    """
    state = seed % WORD
    while True:
        state = (state + 0x6D2B79F5) % WORD
        t = ((state ^ (state >> 15)) * (state | 1)) % WORD
        t ^= (t + ((t ^ (t >> 7)) * (t | 61)) % WORD) % WORD
        yield (t ^ (t >> 14)) / WORD


def normal_numbers(seed: int) -> Iterator[float]:
    """Return normal numbers with mean 0 and deviation 1 without end.

    Parameters
    ----------
    seed : int
        Taken modulo 2³².
    """
    uniform = uniform_numbers(seed)
    while True:
        radius = math.sqrt(-2 * math.log(1 - next(uniform)))
        yield radius * math.cos(2 * math.pi * next(uniform))
