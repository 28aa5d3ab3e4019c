"""The leaderboard, and an attacker who has all that students see."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from grader.assignment import Assignment, load_assignment
from grader.autograder.reports import Shown, gradescope_report
from grader.policy.attempts import Attempt, next_value, shown_value
from grader.policy.keys import AttemptPolicy
from grader.policy.leaderboard import Place, ladder_values, leaderboard, render_leaderboard
from grader.policy.pseudonyms import SECRET, pseudonyms, read_secret
from grader.policy.settle import Inputs, Settled, settle
from grader.report import Standing, render_page
from grader.results import Result
from tests.grader.test_report import graded
from utils.errors import StoreError
from utils.submission.score import ModelScore

STEPS = AttemptPolicy()


@pytest.fixture
def assignment() -> Assignment:
    return load_assignment("hw3_nsynth_cnn")


def scored(name: str, public: float, private: float = 0.5, **changes: object) -> Result:
    """Return a submission with scores on both halves."""
    return graded(
        submission=f"{name}.zip",
        student=name.partition("-")[0],
        sha256=f"{hash(name):x}",
        score=ModelScore(private, private - 0.1, private + 0.1, 400, 33, "hidden", ""),
        public_score=public,
        **changes,
    )


def test_the_ladder_runs_over_the_tries_up_to_the_limit() -> None:
    assert shown_value([], STEPS) is None
    assert shown_value([0.613], STEPS) == 0.62
    assert shown_value([0.613, 0.63, 0.5, 0.641], STEPS) == 0.64
    assert shown_value([0.5] * 5 + [0.9], STEPS) == 0.5
    assert shown_value([0.5] * 5 + [0.9], replace(STEPS, limit=6)) == 0.9
    assert shown_value([0.613], replace(STEPS, step=0.05)) == 0.6


def test_a_service_that_remembers_shows_the_same() -> None:
    tries = np.random.default_rng(0).uniform(0.4, 0.8, 9)
    shown: list[float] = []
    for accuracy in tries:
        shown.append(next_value(float(accuracy), shown, STEPS))
    assert [shown_value(tries[: i + 1].tolist(), STEPS) for i in range(9)] == shown


def test_values_by_student(assignment: Assignment) -> None:
    results = [scored("ada-1", 0.61), scored("ada-2", 0.72), scored("bob", 0.55)]
    # the same bytes again, and one that was not scored
    results += [replace(results[0], submission="ada-3.zip"), graded(student="carl", score=None)]
    settled = settle(results, assignment, Inputs())
    assert ladder_values(settled, STEPS) == {"ada": 0.72, "bob": 0.56}


def test_the_open_board_depends_on_the_public_half_alone(assignment: Assignment) -> None:
    def board(private: float, *, closed: bool) -> list[Place]:
        results = [scored("ada", 0.61, private), scored("bob", 0.7, 0.5), scored("carl", 0.61, 0.9)]
        settled = settle(results, assignment, Inputs())
        values = ladder_values(settled, STEPS)
        names = pseudonyms(values, b"s" * 16, "hw3")
        return leaderboard(settled, values, names, closed=closed)

    assert board(0.1, closed=False) == board(0.95, closed=False)
    assert [place.shown for place in board(0.1, closed=False)] == [0.7, 0.62, 0.62]
    assert [place.final for place in board(0.95, closed=True)] == [0.95, 0.9, 0.5]
    page = render_leaderboard(board(0.95, closed=True), "Homework 3", STEPS, closed=True)
    assert "95.0%" in page
    assert "95" not in render_leaderboard(board(0.95, closed=False), "Homework 3", STEPS)


def test_equal_values_share_a_place() -> None:
    places = [Place(name, value, None) for name, value in (("A", 0.7), ("B", 0.7), ("C", 0.6))]
    page = render_leaderboard(places, "Homework 3", STEPS)
    assert re.findall(r'<tr><td class="number">(\d)</td>', page) == ["1", "1", "3"]


def test_pseudonyms_need_the_secret(tmp_path: Path) -> None:
    students = [f"student{i}" for i in range(2000)]
    secret = read_secret(tmp_path)
    assert secret == read_secret(tmp_path)
    assert (tmp_path / SECRET).stat().st_mode & 0o077 == 0
    names = pseudonyms(students, secret, "hw3")
    assert len(set(names.values())) == 2000
    assert not any(student in name for student, name in names.items())
    assert pseudonyms(students[:1], secret, "hw3")[students[0]][:-8] in names[students[0]]
    other = pseudonyms(students, b"another secret!!", "hw3")
    assert sum(names[s] == other[s] for s in students) < 3
    assert pseudonyms(students, secret, "hw2") != names
    (tmp_path / SECRET).write_text("short")
    with pytest.raises(StoreError, match="at least 16 bytes"):
        read_secret(tmp_path)


# --- an attacker with 500 uploads ---------------------------------------------------------------

UPLOADS = 500
GROUPS, NOTES = 66, 1056
GROUP = np.arange(NOTES) % GROUPS
FAMILIES = GROUP % 11
PUBLIC = GROUP < GROUPS // 2


@dataclass
class Course:
    """A homework with a hidden split, and what it shows a student after each upload.

    All instruments have equally many notes, so a plain mean is the balanced accuracy.
    """

    families: np.ndarray
    policy: AttemptPolicy
    seen: list[str] = field(default_factory=list)
    shown: list[float] = field(default_factory=list)

    def accuracy(self, answers: np.ndarray, notes: np.ndarray) -> float:
        return float((answers == self.families)[notes].mean())

    def gain(self, found: np.ndarray, honest: np.ndarray) -> float:
        return self.accuracy(found, ~PUBLIC) - self.accuracy(honest, ~PUBLIC)

    def exact(self, answers: np.ndarray) -> float:
        """Return what no student may see."""
        return self.accuracy(answers, np.ones(NOTES, dtype=bool))

    def upload(self, answers: np.ndarray) -> float:
        """Hand in a model; return the value on its page, as a student reads it."""
        number = len(self.shown) + 1
        final = self.accuracy(answers, ~PUBLIC)
        result = scored(
            f"eve-{number}", self.accuracy(answers, PUBLIC), final, model_points=20 * final
        )
        self.shown.append(next_value(result.public_score, self.shown, self.policy))
        place = Attempt(number, over=number > self.policy.limit)
        row = Settled(
            result, "eve", None, 0, 0.0, None, 20.0, 20 * final, not place.over, "", place
        )
        title, value = HW3.title, self.shown[-1]
        page = render_page(result, HW3, Standing(row, value, "Quiet Oboe 12ab"))
        board = render_leaderboard([Place("Quiet Oboe 12ab", value, None)], title, self.policy)
        report = gradescope_report(result, Shown(value))
        tests = [t for t in report.pop("tests") if t["visibility"] == "visible"]
        self.seen += [page, board, f"{tests} {report}"]
        read = re.search(r"with <b>([\d.]+)%</b>", page)
        assert read is not None
        return float(read[1]) / 100


HW3 = replace(load_assignment("hw3_nsynth_cnn"), attempts=AttemptPolicy(limit=UPLOADS))


def two_guesses() -> tuple[np.ndarray, np.ndarray]:
    """Return an honest model's answers, right for 70 %, and its second choices."""
    generator = np.random.default_rng(7)
    wrong = (FAMILIES + generator.integers(1, 11, NOTES)) % 11
    right = generator.random(NOTES) < 0.7
    second = np.where(right | (generator.random(NOTES) < 0.2), wrong, FAMILIES)
    return np.where(right, FAMILIES, wrong), second


Oracle = Callable[[np.ndarray], float]


def vote(oracle: Oracle, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Take second choices at random, and keep those of the uploads that did well."""
    generator = np.random.default_rng(3)
    swaps = generator.random((UPLOADS, NOTES)) < 0.25
    values = np.array([oracle(np.where(swap, second, first)) for swap in swaps])
    effect = (swaps - 0.25).T @ (values - values.mean())
    # where most uploads look alike there is nothing to learn from: those stay as they are
    return np.where(effect > 0.5 * effect.std() + 1e-12, second, first)


def climb(oracle: Oracle, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Change some answers, and keep that for as long as the value rises."""
    generator = np.random.default_rng(4)
    best, value = first, oracle(first)
    for _ in range(UPLOADS - 1):
        tried = np.where(generator.random(NOTES) < 0.001, second, best)
        if (new := oracle(tried)) > value:
            best, value = tried, new
    return best


def by_instrument(oracle: Oracle, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Name all notes that sound alike with one family, then with the next.

    The strongest of the three: it is given which notes are of one instrument.
    """
    best, value = first, oracle(first)
    for i in range(UPLOADS - 1):
        instrument, family = i % GROUPS, i // GROUPS
        tried = np.where(instrument == GROUP, family, best)
        if (new := oracle(tried)) > value:
            best, value = tried, new
    return best


ATTACKS = [vote, climb, by_instrument]
HALF = AttemptPolicy(limit=UPLOADS, graded_on="private")


@pytest.mark.slow
@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attacker_gains_at_most_two_points(attack: Callable[..., np.ndarray]) -> None:
    guesses = two_guesses()
    course = Course(FAMILIES, HALF)
    found = attack(course.upload, *guesses)
    gain = course.gain(found, guesses[0])
    public = course.accuracy(found, PUBLIC) - course.accuracy(guesses[0], PUBLIC)
    print(f"{attack.__name__}: {100 * gain:+.1f} private, {100 * public:+.1f} public")
    assert gain <= 0.02
    assert len(course.seen) == 3 * UPLOADS
    # the reason: not a byte of what they see depends on a label of the private half
    other = FAMILIES.copy()
    other[~PUBLIC] = np.random.default_rng(5).permutation(other[~PUBLIC])
    twin = Course(other, HALF)
    assert np.array_equal(attack(twin.upload, *guesses), found)
    assert twin.seen == course.seen


@pytest.mark.parametrize("attack", ATTACKS)
def test_with_five_tries_they_gain_nothing_on_either_half(
    attack: Callable[..., np.ndarray],
) -> None:
    guesses, course = two_guesses(), Course(FAMILIES, replace(HALF, limit=5))

    def oracle(answers: np.ndarray) -> float:
        value = next_value(course.accuracy(answers, PUBLIC), course.shown, course.policy)
        course.shown.append(value)
        return value

    found = attack(oracle, *guesses)
    for half in (PUBLIC, ~PUBLIC):
        assert course.accuracy(found, half) - course.accuracy(guesses[0], half) <= 0.02


@pytest.mark.parametrize("attack", ATTACKS)
def test_the_same_attacks_work_where_exact_scores_are_shown(
    attack: Callable[..., np.ndarray],
) -> None:
    guesses, course = two_guesses(), Course(FAMILIES, HALF)
    gain = course.gain(attack(course.exact, *guesses), guesses[0])
    print(f"{attack.__name__}, exact scores: {100 * gain:+.1f} private")
    assert gain > 0.04
