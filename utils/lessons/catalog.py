"""The lectures, and where their exercises are.

A key such as ``"L3.mean_squared_error"`` is a row of the syllabus and the name of the
function (or class) that the student writes; its first letter names the lecture.
"""

import difflib
import importlib
import importlib.util
from dataclasses import dataclass

from utils.errors import ParameterError
from utils.lessons.exercise import Exercise

__all__ = ["LECTURES", "Lecture", "exercises_of", "find_exercise", "lecture_of"]


@dataclass(frozen=True)
class Lecture:
    """One lecture notebook.

    Attributes
    ----------
    number : str
        Two digits.
    name : str
        The notebook's file name without ``.ipynb``.
    title : str
        In words.
    letter : str
        The first letter of its rows in the syllabus.
    modules : tuple of str
        Modules of :mod:`utils.lessons.exercises`; those that don't exist are left out.
    """

    number: str
    name: str
    title: str
    letter: str
    modules: tuple[str, ...]


LECTURES = {
    lecture.number: lecture
    for lecture in (
        Lecture("00", "00_neural_networks", "Neural networks", "N", ("neural_networks",)),
        Lecture("01", "01_losses", "Losses", "L", ("losses", "losses_of_classes")),
        Lecture(
            "02",
            "02_gradient_descent",
            "Gradient descent",
            "G",
            ("gradient_descent", "backpropagation"),
        ),
        Lecture(
            "03",
            "03_optimizers",
            "Optimizers",
            "O",
            ("surfaces_and_rates", "optimizers", "batches_and_scales"),
        ),
        Lecture("04", "04_overfitting", "Overfitting", "F", ("overfitting", "regularization")),
        Lecture("05", "05_cnns", "Convolutional networks", "C", ("cnns", "cnn_features")),
        Lecture("06", "06_nsynth", "Musical note classification", "H", ("nsynth",)),
        Lecture(
            "07",
            "07_music_classification",
            "Music classification",
            "M",
            ("music_classification", "music_models", "music_recipe"),
        ),
    )
}


def lecture_of(key: str) -> Lecture:
    """Return the lecture that a key such as ``"L3.huber"``, ``"L3"`` or ``"01"`` belongs to.

    Raises
    ------
    ParameterError
        No lecture has such a number or letter.
    """
    for lecture in LECTURES.values():
        if key in (lecture.number, lecture.name) or key[:1] == lecture.letter:
            return lecture
    letters = ", ".join(lecture.letter for lecture in LECTURES.values())
    raise ParameterError(f"expected a key that begins with one of {letters}, got {key!r}")


def exercises_of(lecture: Lecture) -> dict[str, Exercise]:
    """Return the exercises of a lecture by key, in the order of its modules."""
    found: dict[str, Exercise] = {}
    for name in lecture.modules:
        path = f"utils.lessons.exercises.{name}"
        if importlib.util.find_spec(path):
            found |= {
                exercise.key: exercise for exercise in importlib.import_module(path).EXERCISES
            }
    return found


def find_exercise(key: str) -> Exercise:
    """Return the exercise with this key.

    Raises
    ------
    ParameterError
        There is none; the message names the nearest.
    """
    exercises = exercises_of(lecture_of(key))
    if key not in exercises:
        near = difflib.get_close_matches(key, exercises, n=3, cutoff=0.3)
        raise ParameterError(f"expected the key of an exercise ({', '.join(near)} …), got {key!r}")
    return exercises[key]
