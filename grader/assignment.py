"""Read an assignment's description, ``assignment.toml``."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from grader.policy.keys import AttemptPolicy, attempts_from_table, late_from_table
from grader.policy.late import LatePolicy
from utils.errors import CourseError, ParameterError
from utils.notes.store_format import KINDS
from utils.submission.contract import MAX_MODEL_BYTES
from utils.submission.credit import Curve, curve_from_table
from utils.submission.practice import CPU_SECONDS

__all__ = [
    "ASSIGNMENTS",
    "Assignment",
    "AssignmentError",
    "Limits",
    "ModelQuestion",
    "TrainingData",
    "load_assignment",
]

ASSIGNMENTS = Path(__file__).resolve().parents[1] / "assignments"
FILE_NAME = "assignment.toml"
FORMAT = 1


class AssignmentError(CourseError, ValueError):
    """An assignment is missing, or its description is wrong."""


@dataclass(frozen=True)
class TrainingData:
    """The one data set for training, validation and practice.

    Attributes
    ----------
    dataset : str
        "embedded", or the dataset_id of another store.
    kind : str
        Its domain: "general-midi", "nsynth" or "private".
    """

    dataset: str
    kind: str


@dataclass(frozen=True)
class ModelQuestion:
    """The question that ``model.onnx`` answers.

    Attributes
    ----------
    name : str
        Of the otter question.
    points : float
        All its points.
    test_points : float
        Of these, what the test cases give; the rest comes from the curve.
    """

    name: str
    points: float
    test_points: float


@dataclass(frozen=True)
class Limits:
    """What running a model may cost.

    Attributes
    ----------
    cpu_seconds, wall_seconds : float
        For hidden and practice split together.
    memory_mb : float
        Memory in use, beyond what Python and onnxruntime themselves need.
    model_mb : float
        Size of ``model.onnx``.
    """

    cpu_seconds: float = CPU_SECONDS
    wall_seconds: float = 2.5 * CPU_SECONDS
    memory_mb: float = 2000
    model_mb: float = MAX_MODEL_BYTES / 1e6


@dataclass(frozen=True)
class Assignment:
    """What ``assignment.toml`` says.

    Attributes
    ----------
    name, title : str
    folder : Path
        Where the file lies.
    notebook : str
        Name of the otter master, beside the file.
    submission : tuple of str
        Names of the files in a submission's zip.
    training_data : TrainingData
    model_question : ModelQuestion
    credit : Curve
    credit_points : float
        What the end of the curve is worth.
    limits : Limits
    late : LatePolicy or None
        None: nothing is late.
    attempts : AttemptPolicy
    """

    name: str
    title: str
    folder: Path
    notebook: str
    submission: tuple[str, ...]
    training_data: TrainingData
    model_question: ModelQuestion
    credit: Curve
    credit_points: float
    limits: Limits
    late: LatePolicy | None = None
    attempts: AttemptPolicy = field(default_factory=AttemptPolicy)

    @property
    def notebook_path(self) -> Path:
        """Path of the otter master."""
        return self.folder / self.notebook


def load_assignment(where: str | Path) -> Assignment:
    """Return an assignment.

    Parameters
    ----------
    where : str or Path
        Its name (a folder of ``assignments/``), its folder, or its ``assignment.toml``.

    Raises
    ------
    AssignmentError
        If there is none, or a key is missing, unknown or wrong.
    """
    path = _find(where)
    try:
        with path.open("rb") as file:
            return _parse(tomllib.load(file), path)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, ParameterError, AssignmentError) as error:
        raise AssignmentError(f"{path.parent.name}/{path.name}: {error}") from None


def _find(where: str | Path) -> Path:
    """Return the path of an ``assignment.toml``."""
    path = Path(where)
    candidates = [path, path / FILE_NAME]
    if isinstance(where, str) and where == path.name:
        candidates.append(ASSIGNMENTS / where / FILE_NAME)
    for candidate in candidates:
        if candidate.suffix == ".toml" and candidate.is_file():
            return candidate.resolve()
    known = sorted(p.parent.name for p in ASSIGNMENTS.glob(f"*/{FILE_NAME}"))
    raise AssignmentError(
        f"expected the name or folder of an assignment, got {str(where)!r}; "
        f"known: {', '.join(known) or 'none'}"
    )


def _parse(table: dict[str, Any], path: Path) -> Assignment:
    """Return the assignment that a parsed file describes."""
    keys = ("format", "name", "title", "notebook", "submission")
    sections = ("training_data", "model_question", "credit")
    optional = ("limits", "late", "attempts")
    _check_keys("the file", table, required=(*keys, *sections), optional=optional)
    if table["format"] != FORMAT:
        raise AssignmentError(f"expected format {FORMAT}, got {table['format']!r}")
    submission = table["submission"]
    if not isinstance(submission, list) or "model.onnx" not in submission:
        raise AssignmentError(f"submission: expected a list with model.onnx, got {submission!r}")
    curve, credit_points = curve_from_table(table["credit"])
    question = _question(table["model_question"], credit_points)
    late = late_from_table(table["late"]) if "late" in table else None
    attempts = attempts_from_table(table["attempts"], late) if "attempts" in table else None
    return Assignment(
        name=_text(table, "name"),
        title=_text(table, "title"),
        folder=path.parent,
        notebook=_text(table, "notebook"),
        submission=tuple(map(str, submission)),
        training_data=_training_data(table["training_data"]),
        model_question=question,
        credit=curve,
        credit_points=credit_points,
        limits=_limits(table.get("limits", {})),
        late=late,
        attempts=attempts or AttemptPolicy(),
    )


def _check_keys(
    where: str, table: object, *, required: tuple[str, ...], optional: tuple[str, ...] = ()
) -> None:
    """Refuse missing and unknown keys: a typing mistake must not silently cost points."""
    if not isinstance(table, Mapping):
        raise AssignmentError(f"{where}: expected keys and values, got {table!r}")
    missing = sorted(set(required) - set(table))
    unknown = sorted(set(table) - set(required) - set(optional))
    if missing:
        raise AssignmentError(f"{where}: missing {', '.join(missing)}")
    if unknown:
        raise AssignmentError(
            f"{where}: unknown {', '.join(unknown)}; known: {', '.join((*required, *optional))}"
        )


def _text(table: Mapping[str, Any], key: str) -> str:
    """Return a value that must be text."""
    value = table[key]
    if not isinstance(value, str) or not value:
        raise AssignmentError(f"{key}: expected some text, got {value!r}")
    return value


def _number(table: Mapping[str, Any], key: str) -> float:
    """Return a value that must be a number >= 0."""
    value = table[key]
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        raise AssignmentError(f"{key}: expected a number >= 0, got {value!r}")
    return value


def _training_data(table: Mapping[str, Any]) -> TrainingData:
    """Return the section ``[training_data]``."""
    _check_keys("[training_data]", table, required=("dataset", "kind"))
    kind = _text(table, "kind")
    if kind not in KINDS:
        raise AssignmentError(f"kind: expected one of {', '.join(KINDS)}, got {kind!r}")
    return TrainingData(_text(table, "dataset"), kind)


def _question(table: Mapping[str, Any], credit_points: float) -> ModelQuestion:
    """Return the section ``[model_question]``; its points must add up."""
    _check_keys("[model_question]", table, required=("name", "points", "test_points"))
    points, test_points = _number(table, "points"), _number(table, "test_points")
    if abs(test_points + credit_points - points) > 1e-9:
        raise AssignmentError(
            f"[model_question] points: expected test_points + [credit] points = "
            f"{test_points + credit_points:g}, got {points:g}"
        )
    return ModelQuestion(_text(table, "name"), points, test_points)


def _limits(table: Mapping[str, Any]) -> Limits:
    """Return the section ``[limits]``."""
    _check_keys("[limits]", table, required=(), optional=tuple(f.name for f in fields(Limits)))
    return Limits(**{key: _number(table, key) for key in table})
