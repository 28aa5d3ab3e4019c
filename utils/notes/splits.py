"""Split notes into train, validation, test, …: by note, instrument group, pitch, velocity, source.

Every function returns positions (int64, ascending) that together hold each note once: a
list for a sequence of ratios, a dict for a mapping such as ``{"train": 0.8, "test": 0.2}``.
A score on notes of instruments that were heard in training says little, hence
:func:`group_split`; the others show what else a random split gives away (lecture 04).
"""

from collections.abc import Collection, Mapping, Sequence, Sized
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from utils.errors import ParameterError
from utils.notes.partition import Ratios, assign_groups, cut_range, exact_shares, split_sizes
from utils.notes.stratify import spread_evenly

if TYPE_CHECKING:
    from utils.notes.store_reader import NoteSet

__all__ = [
    "group_split",
    "pitch_split",
    "random_split",
    "source_split",
    "split_by_values",
    "split_sizes",
    "train_validation_test_split",
    "velocity_split",
]

Index: TypeAlias = NDArray[np.int64]
Split: TypeAlias = list[Index] | dict[str, Index]
T = TypeVar("T")


@overload
def random_split(
    n_or_set: "int | NoteSet", ratios: Mapping[str, float], *, generator: np.random.Generator
) -> dict[str, Index]: ...
@overload
def random_split(
    n_or_set: "int | NoteSet", ratios: Sequence[float], *, generator: np.random.Generator
) -> list[Index]: ...
def random_split(
    n_or_set: "int | NoteSet", ratios: Ratios, *, generator: np.random.Generator
) -> Split:
    """Return a split note by note.

    Notes of one instrument come to stand on several sides: the score will flatter.

    Parameters
    ----------
    n_or_set : int or NoteSet
        Number of notes, or the notes.
    ratios : sequence or mapping of float
        Positive, with sum 1.
    generator : numpy.random.Generator
        For example ``np.random.default_rng(0)``.

    Raises
    ------
    ParameterError
        Wrong ratios, number or generator.
    """
    n = len(n_or_set) if isinstance(n_or_set, Sized) else n_or_set
    sizes = split_sizes(n, ratios)
    order = _checked(generator).permutation(n)
    return _named(ratios, np.split(order, np.cumsum(sizes)[:-1]))


@overload
def group_split(
    notes: "NoteSet | ArrayLike",
    ratios: Mapping[str, float],
    *,
    generator: np.random.Generator,
    stratify: ArrayLike | bool = False,
) -> dict[str, Index]: ...
@overload
def group_split(
    notes: "NoteSet | ArrayLike",
    ratios: Sequence[float],
    *,
    generator: np.random.Generator,
    stratify: ArrayLike | bool = False,
) -> list[Index]: ...
def group_split(
    notes: "NoteSet | ArrayLike",
    ratios: Ratios,
    *,
    generator: np.random.Generator,
    stratify: ArrayLike | bool = False,
) -> Split:
    """Return a split that keeps every instrument group on one side.

    The numbers of notes come as close to the ratios as whole groups allow; every part gets
    a group.

    Parameters
    ----------
    notes : NoteSet or array_like of shape (n,)
        The notes, or their groups.
    ratios : sequence or mapping of float
        Positive, with sum 1; of notes, not of groups.
    generator : numpy.random.Generator
        For example ``np.random.default_rng(0)``.
    stratify : bool or array_like of shape (n,)
        The families (True: those of the NoteSet). Then the ratios hold in each family as
        well as they can, and every part gets every family that has a group for it.

    Raises
    ------
    ParameterError
        Wrong ratios or generator, or fewer groups than parts.
    """
    groups = _values(notes, "groups")
    if stratify is True:
        families = _values(notes, "families", allow_array=False)
    elif stratify is False:
        families = np.zeros(len(groups), np.int64)
    else:
        families = np.asarray(stratify)
    if families.shape != groups.shape:
        raise ParameterError(
            f"stratify: expected one family a note, {groups.shape}, got shape={families.shape}"
        )
    return _split_values(groups, families, ratios, _checked(generator), what="groups")


@overload
def pitch_split(
    notes: "NoteSet | ArrayLike",
    ratios: Mapping[str, float],
    *,
    generator: np.random.Generator | None = None,
) -> dict[str, Index]: ...
@overload
def pitch_split(
    notes: "NoteSet | ArrayLike",
    ratios: Sequence[float],
    *,
    generator: np.random.Generator | None = None,
) -> list[Index]: ...
def pitch_split(
    notes: "NoteSet | ArrayLike",
    ratios: Ratios,
    *,
    generator: np.random.Generator | None = None,
) -> Split:
    """Return a split by pitch: no pitch stands on two sides.

    Parameters
    ----------
    notes : NoteSet or array_like of shape (n,)
        The notes, or their pitches.
    ratios : sequence or mapping of float
        Positive, with sum 1; of notes.
    generator : numpy.random.Generator, optional
        Draws the pitches of each part. Without it, each part is a range of pitches and the
        first part is the lowest.

    Raises
    ------
    ParameterError
        Wrong ratios or generator, or fewer pitches than parts.
    """
    pitches = _values(notes, "pitches")
    if generator is not None:
        return _split_values(pitches, None, ratios, _checked(generator), what="pitches")
    shares = exact_shares(ratios)
    inverse, sizes = _unique(pitches, len(shares), "pitches")
    part_of = cut_range(sizes, np.asarray([float(share) for share in shares]))
    return _named(ratios, [np.flatnonzero(part_of[inverse] == i) for i in range(len(shares))])


@overload
def velocity_split(
    notes: "NoteSet | ArrayLike", ratios: Mapping[str, float], *, generator: np.random.Generator
) -> dict[str, Index]: ...
@overload
def velocity_split(
    notes: "NoteSet | ArrayLike", ratios: Sequence[float], *, generator: np.random.Generator
) -> list[Index]: ...
def velocity_split(
    notes: "NoteSet | ArrayLike", ratios: Ratios, *, generator: np.random.Generator
) -> Split:
    """Return a split by velocity: no velocity stands on two sides.

    Parameters and errors are those of :func:`group_split`, for velocities. There are only a
    few, so the sizes are rough; :func:`split_by_values` chooses them by hand.
    """
    values = _values(notes, "velocities")
    return _split_values(values, None, ratios, _checked(generator), what="velocities")


@overload
def source_split(
    notes: "NoteSet | ArrayLike", ratios: Mapping[str, float], *, generator: np.random.Generator
) -> dict[str, Index]: ...
@overload
def source_split(
    notes: "NoteSet | ArrayLike", ratios: Sequence[float], *, generator: np.random.Generator
) -> list[Index]: ...
def source_split(
    notes: "NoteSet | ArrayLike", ratios: Ratios, *, generator: np.random.Generator
) -> Split:
    """Return a split by source (acoustic, electronic, synthetic): none stands on two sides.

    Parameters and errors are those of :func:`group_split`, for sources. There are three at
    most; :func:`split_by_values` chooses them by hand.
    """
    values = _values(notes, "sources")
    return _split_values(values, None, ratios, _checked(generator), what="sources")


@overload
def split_by_values(
    values: ArrayLike, parts: Mapping[str, Collection[Any]]
) -> dict[str, Index]: ...
@overload
def split_by_values(values: ArrayLike, parts: Sequence[Collection[Any]]) -> list[Index]: ...
def split_by_values(
    values: ArrayLike, parts: Mapping[str, Collection[Any]] | Sequence[Collection[Any]]
) -> Split:
    """Return the notes whose value is in each part; notes in no part are left out.

    ``split_by_values(notes.sources, {"train": [0, 1], "test": [2]})`` tests on synthetic
    instruments what was trained on others.

    Raises
    ------
    ParameterError
        A value stands in two parts, or a part has no note.
    """
    column = np.asarray(values)
    collections = list(parts.values()) if isinstance(parts, Mapping) else list(parts)
    if any(isinstance(collection, str) for collection in collections):
        raise ParameterError(f"parts: expected a collection of values for each, got {parts!r}")
    listed = [value for collection in collections for value in set(collection)]
    twice = sorted({str(value) for value in listed if listed.count(value) > 1})
    if twice:
        raise ParameterError(f"parts: expected disjoint parts, got {', '.join(twice)} twice")
    indices = [np.flatnonzero(np.isin(column, list(collection))) for collection in collections]
    for collection, index in zip(collections, indices, strict=True):
        if len(index) == 0:
            raise ParameterError(f"parts: no note has a value in {list(collection)}")
    return _named(parts, indices)


def train_validation_test_split(
    items: "int | Sized | NoteSet",
    *,
    ratios: Sequence[float] = (8, 1, 1),
    groups: ArrayLike | bool = False,
    labels: ArrayLike | bool = False,
    generator: np.random.Generator,
) -> dict[str, Index]:
    """Return the three parts of the pipeline: train on one, choose on one, report on one.

    Parameters
    ----------
    items : int, sized or NoteSet
        Number of notes, anything with that length, or the notes.
    ratios : sequence of float
        Three positive numbers, such as 8:1:1, 9:0.5:0.5 or 6:2:2; only their proportion counts.
    groups : bool or array_like of shape (n,)
        The instrument groups (True: those of the NoteSet), each kept in one part. Without
        them, the split goes note by note and the score will flatter.
    labels : bool or array_like of shape (n,)
        The families (True: those of the NoteSet), each to be shared out by the ratios.
    generator : numpy.random.Generator
        For example ``np.random.default_rng(0)``.

    Returns
    -------
    dict of str to ndarray of int64
        Ascending positions, under "train", "validation" and "test".

    Raises
    ------
    ParameterError
        Not three positive ratios, a wrong generator, a column of another length, or fewer
        than three groups.
    """
    shares = _three_shares(ratios)
    n = len(items) if isinstance(items, Sized) else items
    families = _column("labels", labels, items, "families", n)
    group_of = _column("groups", groups, items, "groups", n)
    if group_of is not None:
        stratify = False if families is None else families
        return group_split(group_of, shares, generator=generator, stratify=stratify)
    if families is None:
        return random_split(n, shares, generator=generator)
    part_of = spread_evenly(families, split_sizes(n, shares), _checked(generator))
    return {part: np.flatnonzero(part_of == i) for i, part in enumerate(shares)}


def _three_shares(ratios: Sequence[float]) -> dict[str, float]:
    """Return the shares of train, validation and test, with sum 1."""
    try:
        numbers = [float(ratio) for ratio in ratios]
    except (TypeError, ValueError) as error:
        raise ParameterError(f"ratios: expected three numbers, got {ratios!r}") from error
    if len(numbers) != 3 or not all(0 < number < float("inf") for number in numbers):
        raise ParameterError(f"ratios: expected three positive numbers, got {numbers}")
    return {
        part: number / sum(numbers)
        for part, number in zip(("train", "validation", "test"), numbers, strict=True)
    }


def _column(
    option: str, given: ArrayLike | bool, items: object, name: str, n: int
) -> NDArray | None:
    """Return one value a note: those given, those of the NoteSet (True) or None (False)."""
    if given is False or given is None:
        return None
    if given is True and not hasattr(items, name):
        raise ParameterError(f"{option}: True needs a NoteSet; give an array of {name} instead")
    values = np.asarray(getattr(items, name) if given is True else given)
    if values.shape != (n,):
        raise ParameterError(f"{option}: expected shape ({n},), got shape={values.shape}")
    return values


def _checked(generator: np.random.Generator) -> np.random.Generator:
    if not isinstance(generator, np.random.Generator):
        raise ParameterError(
            "generator: expected a numpy.random.Generator such as np.random.default_rng(0), "
            f"got {type(generator).__name__}"
        )
    return generator


def _values(notes: "NoteSet | ArrayLike", name: str, *, allow_array: bool = True) -> NDArray:
    """Return a column of a NoteSet, or the array that was given in its place."""
    if hasattr(notes, name):
        return np.asarray(getattr(notes, name))
    if not allow_array:
        raise ParameterError(f"stratify: True needs a NoteSet; give an array of {name} instead")
    values = np.asarray(notes)
    if values.ndim != 1:
        raise ParameterError(f"expected a NoteSet or {name} (n,), got shape={values.shape}")
    return values


def _unique(values: NDArray, n_parts: int, what: str) -> tuple[Index, Index]:
    """Return the position of each note's value among the unique ones, and their counts."""
    unique, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    if len(unique) < n_parts:
        raise ParameterError(f"expected at least {n_parts} {what}, one a part, got {len(unique)}")
    return inverse, counts


def _split_values(
    values: NDArray,
    families: NDArray | None,
    ratios: Ratios,
    generator: np.random.Generator,
    *,
    what: str,
) -> Split:
    """Return a split in which each value stands on one side."""
    shares = exact_shares(ratios)
    inverse, sizes = _unique(values, len(shares), what)
    if families is None:
        counts = sizes[:, None]
    else:
        names, family = np.unique(families, return_inverse=True)
        counts = np.zeros((len(sizes), len(names)), np.int64)
        np.add.at(counts, (inverse, family), 1)
    part_of = assign_groups(counts, np.asarray([float(share) for share in shares]), generator)
    return _named(ratios, [np.flatnonzero(part_of[inverse] == i) for i in range(len(shares))])


def _named(like: Mapping[str, T] | Sequence[T], indices: Sequence[NDArray]) -> Split:
    """Return sorted indices as a dict if ``like`` is a mapping, else as a list."""
    ordered = [np.sort(index).astype(np.int64) for index in indices]
    return dict(zip(like, ordered, strict=True)) if isinstance(like, Mapping) else ordered
