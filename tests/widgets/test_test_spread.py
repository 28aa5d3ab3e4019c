"""The widget of test sets: its stored answers, its spread and its intervals."""

import json
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from tests.widgets.test_golden import node
from tests.widgets.test_golden import pytestmark as needs_node
from utils.figures import test_sets
from utils.figures.seeded_noise import uniform_numbers
from utils.notes.embedded import load_notes
from utils.training.metrics import cluster_bootstrap_interval, group_balanced_accuracy
from utils.widgets.test_spread.store import (
    CHECKPOINT,
    FILE,
    SPLITS,
    answers,
    source_sha256,
    stored_answers,
)
from utils.widgets.test_spread.widget import SpreadOfTests
from utils.zoo.checkpoints import stored_sha256

AGAIN = "run python -m utils.widgets.test_spread.store"
WORLD = [np.array([0, 1, 1, 0]), np.array([1, 1, 1, 1, 1]), np.array([0, 0, 1])]


class Drawn(np.random.Generator):
    """A generator whose multinomial draws are those of the seeded numbers."""

    def __init__(self, seed: int) -> None:
        super().__init__(np.random.PCG64(0))
        self._uniform = uniform_numbers(seed)

    def multinomial(self, n, pvals, size=None):
        rows = [[int(u * n) for u in islice(self._uniform, n)] for _ in range(size)]
        return np.array([np.bincount(row, minlength=len(pvals)) for row in rows])


def test_provenance() -> None:
    found = stored_answers()["provenance"]
    assert found["script_sha256"] == source_sha256(), AGAIN
    assert found["checkpoint_sha256"] == stored_sha256(CHECKPOINT), AGAIN
    assert found["dataset_id"] == load_notes().dataset_id, AGAIN
    assert set(found["versions"]) == {"python", "torch"}
    assert FILE.stat().st_size < 20_000
    assert json.loads(FILE.read_text(encoding="utf-8")) == stored_answers()


def test_the_answers_are_those_of_the_network() -> None:
    stored = {one["name"]: one for one in stored_answers()["instruments"]}
    notes = load_notes().split(SPLITS[0])
    assert set(stored) > set(np.unique(notes.groups))
    again = answers(SPLITS[0])
    same = sum(one == stored[one["name"]] for one in again)
    assert same >= len(again) - 2, AGAIN  # a tie may fall elsewhere on another machine


def test_the_bootstrap_is_that_of_the_metrics() -> None:
    right, notes = [3, 0, 5, 5, 2, 4], 5
    correct = np.concatenate([np.arange(notes) < r for r in right])
    groups = np.repeat(np.arange(len(right)), notes)
    wanted = cluster_bootstrap_interval(
        correct, groups, n_resamples=150, statistic="accuracy", generator=Drawn(7)
    )
    found = test_sets.bootstrap_interval(right, uniform_numbers(7), notes=notes, resamples=150)
    assert found == pytest.approx(wanted, abs=1e-12)


def test_truth_and_spread_are_those_of_many_draws() -> None:
    targets = np.concatenate([one * 0 + 1 for one in WORLD])
    groups = np.repeat(np.arange(3), [len(one) for one in WORLD])
    wanted = group_balanced_accuracy(targets, np.concatenate(WORLD), groups)
    assert test_sets.truth(WORLD) == pytest.approx(wanted)
    for instruments, notes in ((2, 1), (4, 3)):
        uniform = uniform_numbers(3)
        drawn = [
            sum(test_sets.draw_test(WORLD, uniform, instruments=instruments, notes=notes))
            for _ in range(4000)
        ]
        accuracies = np.array(drawn) / (instruments * notes)
        wide = test_sets.spread(WORLD, instruments=instruments, notes=notes)
        assert accuracies.mean() == pytest.approx(wanted, abs=4 * wide / 4000**0.5)
        assert accuracies.std() == pytest.approx(wide, rel=0.05)


@needs_node
def test_golden(tmp_path: Path) -> None:
    golden = {"world": [[len(one), int(one.sum())] for one in WORLD], "cases": []}
    for instruments, notes, seed in [(2, 1, 1), (9, 3, 2), (31, 2, 99)]:
        plan = {"instruments": instruments, "notes": notes}
        right = test_sets.draw_test(WORLD, uniform_numbers(seed), **plan)
        bars = [
            *test_sets.naive_interval(right, notes=notes),
            *test_sets.bootstrap_interval(right, uniform_numbers(5), notes=notes, resamples=120),
        ]
        numbers = [test_sets.truth(WORLD), test_sets.spread(WORLD, **plan)]
        golden["cases"].append([plan, seed, right, bars, numbers])
    script = """
const world = golden.world.map(([size, right]) => ({ size, right }));
for (const [plan, seed, right, bars, numbers] of golden.cases) {
  const { notes } = plan, drawn = drawTest(world, uniform(seed), plan);
  compare("drawn", Array.from(drawn), right);
  const again = bootstrapInterval(drawn, uniform(5), { notes, resamples: 120 });
  compare("bars", [...naiveInterval(drawn, notes), ...again], bars);
  compare("numbers", [truth(world), spread(world, plan)], numbers);
}"""
    worst = node(
        tmp_path,
        golden,
        script,
        random="uniform",
        testSets="drawTest, bootstrapInterval, naiveInterval, truth, spread",
    )
    assert set(worst) == {"drawn", "bars", "numbers"}
    assert max(worst.values()) < 1e-12, worst


def test_error_bars_by_note_are_too_short_and_instruments_beat_notes() -> None:
    widget = SpreadOfTests()
    mean = widget.truth
    covered = {}
    for bars in ("notes", "instruments"):
        widget.set(bars=bars)
        tests = [t for seed in (1, 2, 3) for t in widget.tests({**widget.state, "seed": seed})]
        covered[bars] = np.mean([t.low <= mean <= t.high for t in tests])
    assert covered["notes"] < 0.7 < 0.8 < covered["instruments"]
    sixty = [widget.spread({"instruments": i, "notes": 60 // i}) for i in (5, 20, 60)]
    assert sixty == sorted(sixty, reverse=True)


def test_words_and_picture() -> None:
    widget = SpreadOfTests(instruments=4, notes=2)
    assert widget.describe(widget.state).startswith("Test sets of 4 instruments with 2 notes each")
    assert "error bars by note contain the truth; 57 should." in widget.describe(widget.state)
    figure = Figure()
    widget.draw(widget.state, figure)
    assert len(figure.axes[0].lines) == 2
    assert len(figure.axes[1].lines) == 121
