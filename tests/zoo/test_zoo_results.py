"""The cached table: complete, not stale, and made of numbers that can be found again."""

from dataclasses import replace

import numpy as np
import pytest

from utils.errors import ParameterError
from utils.notes.embedded import load_notes
from utils.training.metrics import cluster_bootstrap_interval
from utils.zoo.claims import CLAIMS, Claim, find, load_claims
from utils.zoo.results import Row, Table, load_results, paired_difference, write_results
from utils.zoo.run import NAMES, by_group, code_of, run_seed, size_of, sources
from utils.zoo.update import MADE_BY, is_stale, make_row, update

TABLE = load_results()
MEASURES = ("by_group", "pitch_same", "pitch_right", "time_same", "time_right")


def row(name, by_group, seconds=1.0, parameters=10):
    run = {"seed": 0, "by_group": by_group, "pitch_same": by_group, "cpu_seconds": seconds}
    return Row(name, name, "M1", parameters, 100, "", (run,))


def test_every_model_is_there():
    assert tuple(row.name for row in TABLE.rows) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_no_row_is_stale(name):
    cached = TABLE.row(name)
    assert not is_stale(cached, TABLE), f"run {MADE_BY}"
    assert {"parameters": cached.parameters, "macs": cached.macs} == size_of(name)


def test_a_changed_row_is_stale():
    cached = TABLE.row("mean_max")
    assert is_stale(replace(cached, code_sha256="0" * 64), TABLE)
    other = Table(TABLE.rows, {**TABLE.provenance, "dataset_id": "other"})
    assert is_stale(cached, other)
    assert code_of("lecture_cnn") != code_of("lecture_cnn_plain")  # only the recipe differs
    assert sources("lecture_cnn") == sources("lecture_cnn_plain")


def test_rows_are_whole():
    groups = TABLE.provenance["groups"]
    assert groups == len(set(load_notes().split("practice").groups.tolist()))
    for cached in TABLE.rows:
        assert [run["seed"] for run in cached.runs] == list(range(len(cached.runs)))
        for measure in MEASURES:
            values = cached.mean_by_group(measure)
            assert values.shape == (groups,)
            assert ((values >= 0) & (values <= 1)).all()
        assert cached.low <= cached.accuracy <= cached.high
        assert cached.accuracy == pytest.approx(np.mean(cached.by_seed))
        assert cached.title in str(TABLE)


@pytest.mark.parametrize("name", ["mean_max", pytest.param("kmeans", marks=pytest.mark.slow)])
def test_a_cheap_row_can_be_made_again(name):
    made, cached = make_row(name), TABLE.row(name)
    assert is_stale(made, TABLE) is False
    for measure in MEASURES:
        again = np.mean(made.runs[0][measure])
        assert again == pytest.approx(np.mean(cached.runs[0][measure]), abs=0.015), measure


def test_interval_is_that_of_the_metrics():
    notes = load_notes().split("practice")
    correct = np.random.default_rng(1).random(len(notes)) < 0.6
    interval = cluster_bootstrap_interval(correct, notes.groups, generator=np.random.default_rng(0))
    mean, low, high = paired_difference(by_group(correct, notes))
    assert (low, high) == pytest.approx(interval, abs=1e-12)
    assert low < mean < high


def test_pairs():
    first, second = np.array([0.2, 0.9, 0.5, 0.7]), np.array([0.1, 0.8, 0.4, 0.6])
    difference = paired_difference(first, second)
    assert difference == pytest.approx((0.1, 0.1, 0.1))  # every group says the same
    assert difference.verdict == "higher"
    assert paired_difference(second, first).verdict == "lower"
    assert paired_difference(first, first[::-1]).verdict == "can't tell"
    one, other = (
        TABLE.difference("lecture_cnn", "mean_max"),
        TABLE.difference("mean_max", "lecture_cnn"),
    )
    assert one == pytest.approx((-other.mean, -other.high, -other.low))


def test_unknown_names():
    with pytest.raises(ParameterError, match="expected a model of"):
        TABLE.row("vgg")
    with pytest.raises(ParameterError, match="expected a model of"):
        run_seed("vgg", 0)


def test_written_and_read(tmp_path):
    write_results(TABLE, tmp_path / "results.json")
    assert load_results(tmp_path / "results.json") == TABLE


def test_update_makes_only_what_is_missing(tmp_path, monkeypatch):
    made = []

    def fake(name, seed):
        made.append((name, seed))
        return dict(TABLE.row("mean_max").runs[0], seed=seed), None

    monkeypatch.setattr("utils.zoo.update.run_seed", fake)
    path = tmp_path / "results.json"
    update(["mean_max"], seeds=1, path=path, say=list)
    table = update(["mean_max", "kmeans"], seeds=2, path=path, say=list)
    assert made == [("mean_max", 0), ("kmeans", 0), ("mean_max", 1), ("kmeans", 1)]
    assert load_results(path) == table
    update(["kmeans"], seeds=1, again=True, path=path, say=list)
    assert made[4:] == [("kmeans", 0)]
    changed = [replace(r, code_sha256="0") if r.name == "kmeans" else r for r in table.rows]
    write_results(Table(tuple(changed), table.provenance), path)
    update(["kmeans", "mean_max"], seeds=2, path=path, say=list)
    assert made[5:] == [("kmeans", 0), ("kmeans", 1)]


def test_claims():
    good, bad = [0.5, 0.6, 0.7, 0.8], [0.4, 0.5, 0.6, 0.7]
    table = Table(
        (
            row("good", good, 9.0),
            row("bad", bad, 3.0),
            row("odd", good[::-1]),
            row("late", good, 7.0),
        ),
        {},
    )

    def verdict(first, second, measure="by_group"):
        return find(Claim("k", "M1", "words", first, second, measure), table).verdict

    assert verdict("good", "bad") == "agree"
    assert verdict("bad", "good", "pitch_same") == "disagree"
    assert verdict("good", "odd") == "can't tell"
    assert verdict("good", "bad", "seconds") == "agree"
    assert verdict("good", "late", "seconds") == "can't tell"  # 9 s and 7 s
    assert verdict("good", "bad", "parameters") == "disagree"  # as many is not more
    finding = find(Claim("k", "M1", "words", "good", "bad"), table)
    assert str(finding) == "M1   agree      words: +10.0 points (+10.0 … +10.0)"


def test_claims_of_the_lecture_are_all_tested():
    assert len({claim.key for claim in CLAIMS}) == len(CLAIMS) == len(load_claims())
