"""The main job from end to end, with six submissions.

Everything is real: the notes, the release through ``otter assign``, the zips, the
grading. Only the hidden split is not secret: it is drawn from the public demo pool,
because a hidden split that ships with a repository can't be hidden.
"""

import csv
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from grader.assignment import Assignment, load_assignment
from grader.demo_submissions import EXPECTED, make_submissions
from grader.grade import grade_submissions
from grader.gradebook import GRADES
from grader.hidden_split import HiddenSplit, build_hidden
from grader.policy.binding import LOCK
from grader.publish import refuse_foreign, write_marker
from grader.release import release_assignment
from utils.errors import CourseError
from utils.notes.embedded import load_notes
from utils.notes.store import NoteStore, dequantize
from utils.notes.vocabulary import N_FAMILIES
from utils.submission.inference import choose_repeats, run_model
from utils.training.metrics import group_balanced_accuracy

__all__ = ["DemoError", "check_outcome", "rotated_scores", "run_demo"]

KIND = "demonstration"
ASSIGNMENT = "hw3_nsynth_cnn"
CHANCE = 1 / N_FAMILIES


class DemoError(CourseError, RuntimeError):
    """The demonstration did not end as announced."""


@dataclass(frozen=True)
class Demo:
    """Where the demonstration's parts lie.

    Attributes
    ----------
    folder : Path
        All of it.
    """

    folder: Path

    @property
    def hidden(self) -> Path:
        """The (public!) hidden split."""
        return self.folder / "hidden"

    @property
    def release(self) -> Path:
        """The homework release."""
        return self.folder / "release"

    @property
    def models(self) -> Path:
        """What the submissions hold."""
        return self.folder / "models"

    @property
    def submissions(self) -> Path:
        """The six zips."""
        return self.folder / "submissions"

    @property
    def results(self) -> Path:
        """The gradebook and the pages."""
        return self.folder / "results"


class Steps:
    """Says which step runs, and how long each took."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.start = time.perf_counter()
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Announce a step and take its time."""
        self.console.rule(f"[bold]{len(self.seconds) + 1}. {title}", align="left")
        start = time.perf_counter()
        yield
        took = self.seconds[title] = time.perf_counter() - start
        self.console.print(f"[dim]{took:.1f} s, {self.total:.0f} s since the start[/dim]")

    @property
    def total(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self.start


def _fresh(out: Path) -> Demo:
    """Return an empty folder for the demonstration; an earlier one is cleared."""
    out = out.absolute()
    refuse_foreign(out, KIND)
    if out.exists():
        shutil.rmtree(out)
    demo = Demo(out)
    demo.submissions.mkdir(parents=True)
    # written first, so that a run that was interrupted can be repeated
    write_marker(out, KIND)
    return demo


def _unbound(assignment: Assignment, folder: Path) -> Assignment:
    """Return a copy of the homework whose curve is bound to no hidden split.

    An instructor who has bound it to the notes of a class can still run the demonstration.
    """
    shutil.copytree(assignment.folder, folder, ignore=shutil.ignore_patterns(LOCK))
    return load_assignment(folder)


def _rows(demo: Demo) -> list[dict[str, str]]:
    """Return the rows of the gradebook, as they stand in the file."""
    with (demo.results / GRADES).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _table(rows: Sequence[Mapping[str, str]]) -> Table:
    """Return the gradebook for the screen, narrow enough for 80 columns."""
    table = Table(title="Gradebook")
    for name in ("submission", "status", "score", "95 %", "points", "refused because"):
        table.add_column(name, justify="right" if name in ("score", "points") else "left")
    for row in rows:
        graded = row["status"] == "graded"
        table.add_row(
            row["submission"].removesuffix(".zip"),
            row["status"],
            f"{float(row['score']):.1%}" if graded else "",
            f"{float(row['ci_low']):.0%}–{float(row['ci_high']):.0%}" if graded else "",
            f"{float(row['model_points']):.1f}",
            row["code"],
        )
    return table


def check_outcome(rows: Sequence[Mapping[str, str]]) -> None:
    """Raise an error unless there are three scores and three rejections, each as announced.

    Parameters
    ----------
    rows : sequence of dict
        Of ``grades.csv``.

    Raises
    ------
    DemoError
        Names the first submission that came out differently.
    """
    found = {row["submission"].removesuffix(".zip"): row for row in rows}
    if list(found) != list(EXPECTED):
        raise DemoError(f"expected rows for {', '.join(EXPECTED)}, got {', '.join(found)}")
    for name, code in EXPECTED.items():
        row = found[name]
        status = "graded" if code is None else "rejected"
        if (row["status"], row["code"]) != (status, code or ""):
            raise DemoError(f"expected {name} to be {status} {code or ''}, got {dict(row)}")
    scores = {name: float(found[name]["score"]) for name, code in EXPECTED.items() if code is None}
    lowest = scores["2-undertrained"]
    if not CHANCE < lowest == min(scores.values()) < scores["1-reference"] - 0.1:
        raise DemoError(
            f"expected the undertrained model last, above chance and clearly below the "
            f"reference, got {scores}"
        )


def rotated_scores(demo: Demo) -> dict[str, float]:
    """Return what the scored models get when every hidden label is one family further.

    A grader that lets labels leak to a model, or mixes up notes, would be found out
    here: with wrong labels no model may do better than chance by much.
    """
    hidden = HiddenSplit.open(demo.hidden)
    inputs, rotated = dequantize(hidden.mels)[:, None], (hidden.families + 1) % N_FAMILIES
    repeats = choose_repeats(len(hidden), np.random.default_rng(0))
    scores = {}
    for name, code in EXPECTED.items():
        if code is None:
            model = (demo.models / f"{name}.onnx").read_bytes()
            answers = run_model(model, inputs, repeats).logits.argmax(axis=1)
            scores[name] = group_balanced_accuracy(rotated, answers, hidden.groups)
    return scores


def _check_rotation(demo: Demo, say: Callable[[str], None]) -> None:
    scores = rotated_scores(demo)
    say(", ".join(f"{name} {score:.1%}" for name, score in scores.items()))
    limit = CHANCE + 0.03
    if max(scores.values()) >= limit:
        raise DemoError(f"expected every model below {limit:.1%} on rotated labels, got {scores}")


def _grade(demo: Demo, assignment: Assignment, console: Console) -> None:
    """Grade the six submissions, and show what became of them."""
    grade_submissions(
        demo.submissions,
        hidden=demo.hidden,
        out=demo.results,
        assignment=assignment,
        sandbox="none",  # these labels are public, so this works on any system
    )
    rows = _rows(demo)
    console.print(_table(rows))
    for row in rows:
        if row["code"]:
            console.print(f"{row['submission']}: {row['message']}", markup=False, highlight=False)
    check_outcome(rows)


def run_demo(out: Path, *, console: Console | None = None) -> float:
    """Run the main job from end to end.

    Parameters
    ----------
    out : Path
        A free name, an empty folder, or that of an earlier demonstration, which is cleared.
    console : rich.console.Console, optional
        Where to print.

    Returns
    -------
    float
        Seconds that it took.

    Raises
    ------
    DemoError
        Something came out differently than announced.
    """
    console = console or Console()
    steps = Steps(console)
    demo = _fresh(out)
    assignment = _unbound(load_assignment(ASSIGNMENT), demo.folder / "assignment")

    def say(text: str) -> None:
        console.print(text, markup=False, highlight=False)

    with steps.step("Open the notes that come with the course"):
        notes: NoteStore = load_notes()
        for name in notes.splits:
            part = notes.split(name)
            say(f"{name:11}{len(part):6,} notes of {len(set(part.groups)):4} instrument groups")
    with steps.step("Draw a hidden split"):
        console.print(
            "[bold red]This hidden split is PUBLIC:[/] it comes from the demo pool, which ships "
            "with its labels. It shows how grading works; never grade a class with it."
        )
        build_hidden(["demo"], demo.hidden)
    with steps.step("Release homework 3 through otter assign"):
        release = release_assignment(assignment, demo.release, say=say)
    with steps.step("Make six submissions"):
        make_submissions(release, demo.models, demo.submissions, say=say)
    with steps.step("Grade them"):
        _grade(demo, assignment, console)
    with steps.step("Rotate the hidden labels by one family: every model must fall to chance"):
        _check_rotation(demo, say)
    say(f"\nThree scores, three rejections, as announced; {steps.total:.0f} s in all.")
    say(f"gradebook:  {demo.results / GRADES}")
    say(f"pages:      {demo.results / 'pages'}")
    return steps.total
