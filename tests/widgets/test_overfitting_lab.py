"""The overfitting lab: its notes, its training with changes on the way, stored runs, code."""

import contextlib
import io
import itertools
from pathlib import Path
from typing import Any

import pytest
import torch
from matplotlib.figure import Figure

from tests.widgets.run_node import run_node
from utils.errors import ParameterError
from utils.models.lecture_cnn import LectureCNN
from utils.notes.embedded import load_notes
from utils.widgets.compute import Job, Stopped
from utils.widgets.overfitting_lab import store
from utils.widgets.overfitting_lab.code import code_of
from utils.widgets.overfitting_lab.notes import EXAMS, PARTS, lab_notes, prepare
from utils.widgets.overfitting_lab.runs import distance, nearest, verdict
from utils.widgets.overfitting_lab.store import load_stored, settings_of, stored_settings
from utils.widgets.overfitting_lab.training import LabNet, LabRun, best_epoch, train_lab
from utils.widgets.overfitting_lab.widget import OverfittingLab

FEW = settings_of(instruments=22, width=4)
RUNS_JS = "../../overfitting_lab/runs"


def pictures_of(part: tuple[torch.Tensor, torch.Tensor]) -> set[bytes]:
    return {picture.numpy().tobytes() for picture in part[0]}


@pytest.fixture(scope="module")
def all_notes() -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    return lab_notes()


def test_no_note_stands_in_two_parts(all_notes: dict[str, Any]) -> None:
    assert tuple(all_notes) == PARTS
    sets = {name: pictures_of(part) for name, part in all_notes.items()}
    total = sum(len(found) for found in sets.values())
    assert len(set.union(*sets.values())) == total
    assert {name: len(part[1]) for name, part in all_notes.items()} == {
        "train": 1311,
        "notes": 328,
        "instruments": 339,
        "pitches": 582,
        "velocities": 411,
        "test": 457,
    }


def test_the_parts_differ_in_what_their_names_say(all_notes: dict[str, Any]) -> None:
    store_notes = load_notes()
    where = {}
    for split in ("train", "validation", "practice"):
        notes = store_notes.split(split)
        found = torch.from_numpy(notes.inputs())
        for k, picture in enumerate(found):
            where[picture.numpy().tobytes()] = (split, notes.pitches[k], notes.velocities[k])
    for name, part in all_notes.items():
        kinds = [where[picture] for picture in pictures_of(part)]
        split = {"instruments": "validation", "test": "practice"}.get(name, "train")
        assert {kind[0] for kind in kinds} == {split}
        assert all((kind[1] > 72) == (name == "pitches") for kind in kinds)
        assert all((kind[2] == 127) == (name == "velocities") for kind in kinds)


def test_more_instruments_are_added_and_none_exchanged(all_notes: dict[str, Any]) -> None:
    few, more = lab_notes(22), lab_notes(33)
    assert pictures_of(few["train"]) < pictures_of(more["train"]) < pictures_of(all_notes["train"])
    assert set(few["train"][1].tolist()) == set(range(11))
    assert pictures_of(few["instruments"]) == pictures_of(all_notes["instruments"])
    with pytest.raises(ParameterError, match="expected instruments from 22 to 154, got 155"):
        lab_notes(155)


def test_prepared_pictures_have_about_unit_scale(all_notes: dict[str, Any]) -> None:
    found = prepare(all_notes["train"][0])
    assert found.shape[1:] == (1, 16, 16)
    assert abs(float(found.mean())) < 0.15
    assert float(found.std()) == pytest.approx(1, abs=0.15)
    small = prepare(torch.arange(4096.0).reshape(1, 1, 64, 64), 32)
    assert float(small[0, 0, 0, 0]) == pytest.approx(((0 + 1 + 64 + 65) / 4 - 0.26) / 0.26)


def test_at_full_size_it_is_the_cnn_of_the_lecture() -> None:
    net, lecture = LabNet(16, size=64), LectureCNN()
    for mine, other in zip(net.parameters(), lecture.parameters(), strict=True):
        mine.data.copy_(other.data)
    x = torch.randn(2, 1, 64, 64, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(net(x), lecture(x))


def test_dropout_only_in_training_and_from_its_own_generator() -> None:
    net = LabNet(4, noise=torch.Generator().manual_seed(0))
    x = torch.ones(3, 1, 16, 16)
    plain = net(x)
    net.p = 0.5
    before = torch.random.get_rng_state()
    assert not torch.equal(net(x), plain)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.equal(net.eval()(x), plain)


def test_a_run_is_repeatable_and_changes_act_from_where_they_come() -> None:
    asked = 0

    def changing() -> dict[str, Any]:
        nonlocal asked
        asked += 1
        # The first asks before the start, then one a batch: an epoch has 7 batches.
        return FEW | ({"dropout": 0.5, "exam": "pitches"} if asked > 1 + 7 + 2 else {})

    plain, again = (train_lab(lambda: FEW, epochs=3) for _ in range(2))
    changed = train_lab(changing, epochs=3)
    assert plain == again
    assert plain.notes == len(lab_notes(22)["train"][1])
    assert changed.events == [{"at": 1.29, "key": "dropout", "value": 0.5}]
    for part in PARTS:
        assert changed.loss[part][0] == plain.loss[part][0]
    assert changed.loss["train"][1:] != plain.loss["train"][1:]


@pytest.mark.parametrize("change", [{"decay": 2.0}, {"augment": 0.5}, {"seed": 1}, {"width": 8}])
def test_every_setting_matters(change: dict[str, Any]) -> None:
    plain = train_lab(lambda: FEW, epochs=1)
    assert train_lab(lambda: FEW | change, epochs=1).loss["train"] != plain.loss["train"]


def test_more_instruments_come_with_the_next_epoch() -> None:
    asked = 0

    def growing() -> dict[str, Any]:
        nonlocal asked
        asked += 1
        return FEW | {"instruments": 22 if asked < 4 else 44}

    run = train_lab(growing, epochs=2)
    assert [event["key"] for event in run.events] == ["instruments"]
    assert asked == 1 + 7 + 12  # the second epoch has more batches


def test_a_slider_on_its_way_is_one_change() -> None:
    # The start, then an epoch has 7 batches: it moves in two of them, rests long, moves again.
    values = iter([0.0, 0.0, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1] + 7 * [0.2] + 15 * [0.3] + 20 * [0.5])
    run = train_lab(lambda: FEW | {"dropout": next(values)}, epochs=7)
    assert run.events == [
        {"at": 0.14, "key": "dropout", "value": 0.3},
        {"at": 4.14, "key": "dropout", "value": 0.5},
    ]


def made_run(losses: list[float]) -> LabRun:
    run = LabRun(dict(FEW), notes=1, parameters=1)
    for part in PARTS:
        run.loss[part] = run.accuracy[part] = list(losses)
    return run


def test_best_epoch_and_patience() -> None:
    run = made_run([3.0, 2.0, 2.5, 2.4, 1.0])
    assert best_epoch(run, "notes") == (5, None)
    assert best_epoch(run, "notes", patience=2) == (2, 4)
    plain = run.to_dict()
    assert verdict(plain, FEW) == {"best": 5, "stop": None, "kept": 5}
    early = FEW | {"early_stop": True, "patience": 2}
    assert verdict(plain, early) == {"best": 2, "stop": 4, "kept": 2}


def test_training_ends_when_patience_is_out() -> None:
    settings = FEW | {"early_stop": True, "patience": 1, "exam": "instruments"}
    run = train_lab(lambda: settings, epochs=12)
    assert run.stopped
    losses = run.loss["instruments"]
    assert losses[-1] >= min(losses[:-1])
    assert all(b < a for a, b in itertools.pairwise(losses[:-1]))


STATES = [
    settings_of(),
    settings_of(exam="pitches", dropout=0.3, early_stop=True, patience=2),
    settings_of(width=5, decay=0.6, instruments=120),
    settings_of(augment=0.2, instruments=30, dropout=0.26, early_stop=True, patience=20),
    settings_of(width=32, exam="velocities", seed=3),
]


def test_golden_choice_of_a_stored_run(tmp_path: Path) -> None:
    runs = load_stored()["runs"]
    body = """result = data.states.map((state) => {
      const run = nearest(data.runs, state);
      return [data.runs.indexOf(run), verdict(run, state), distance(run.settings, state)];
    });"""
    data = {"states": STATES, "runs": runs}
    got = run_node(tmp_path, {RUNS_JS: "distance, nearest, verdict"}, body, data)
    chosen = [nearest(runs, state) for state in STATES]
    for row, run, state in zip(got, chosen, STATES, strict=True):
        assert row[:2] == [runs.index(run), verdict(run, state)]
        assert row[2] == pytest.approx(distance(run["settings"], state))
    assert len({row[0] for row in got}) == len(STATES)


def test_golden_code(tmp_path: Path) -> None:
    widget = OverfittingLab()
    body = "result = data.states.map((s) => codeOf(data.template, s, { size: 16, epochs: 30 }));"
    data = {"states": STATES, "template": widget.config["options"]["template"]}
    got = run_node(tmp_path, {RUNS_JS: "codeOf"}, body, data)
    assert got == [code_of(state, size=16, epochs=30) for state in STATES]


@pytest.mark.parametrize(
    "change", [{}, {"augment": 0.3, "decay": 1.0, "early_stop": True, "exam": "pitches"}]
)
def test_the_code_trains_the_same_network(change: dict[str, Any]) -> None:
    settings = FEW | change
    said = io.StringIO()
    before = torch.random.get_rng_state()
    with contextlib.redirect_stdout(said):
        exec(compile(code_of(settings, size=16, epochs=2), "code", "exec"), {})
    torch.random.set_rng_state(before)
    run = train_lab(lambda: settings, epochs=2)
    exam = settings["exam"]
    lines = [
        f"epoch {k + 1}: loss {run.loss[exam][k]:.3f}, accuracy {run.accuracy[exam][k]:.3f}"
        for k in range(2)
    ]
    assert said.getvalue().splitlines()[:2] == lines


def test_the_code_knows_dropout_and_patience() -> None:
    widget = OverfittingLab(dropout=0.5, early_stop=True, patience=7, epochs=40, size=32)
    code = widget.code()
    assert "dropout, weight_decay, augmentation = 0.5, 0, 0\n" in code
    assert "patience = 7 " in code
    assert "width, seed, size, epochs = 16, 0, 32, 40\n" in code
    assert "patience = None " in OverfittingLab().code()


def test_stored_runs() -> None:
    stored = load_stored()
    assert [run["settings"] for run in stored["runs"]] == list(stored_settings())
    for run in stored["runs"]:
        for measure in ("loss", "accuracy"):
            assert [len(run[measure][part]) for part in PARTS] == [stored["epochs"]] * len(PARTS)
    # The lesson of the lab: the same network, two exams.
    plain = nearest(stored["runs"], settings_of())
    assert plain["accuracy"]["notes"][-1] - plain["accuracy"]["instruments"][-1] > 0.3
    provenance = stored["provenance"]
    assert provenance["sha256"] == store.source_sha256(), "run the script that made it again"
    assert provenance["dataset_id"] == load_notes().dataset_id
    assert store.STORED.stat().st_size < 150_000


def test_a_stored_run_can_be_trained_again() -> None:
    settings = settings_of(instruments=22)
    stored = next(run for run in load_stored()["runs"] if run["settings"] == settings)
    run = train_lab(lambda: settings, epochs=2)
    for part in PARTS:
        assert run.loss[part] == pytest.approx(stored["loss"][part][:2], abs=0.02)


def job(sent: list[Any], **state: Any) -> Job:
    def send(content: dict[str, Any], buffers: list[Any] | None = None) -> None:
        sent.append(content)

    return Job({"id": 1, "op": "train", "payload": {"state": state}}, [], send)


def test_the_kernel_trains_and_follows_the_state() -> None:
    widget, sent = OverfittingLab(epochs=3, instruments=22, width=4), list[Any]()
    work = job(sent, **widget.state)
    send = work.report

    def report(payload: Any, array: Any = None) -> None:
        send(payload, array)
        widget.set(decay=1.0, exam="pitches")

    work.report = report  # type: ignore[method-assign]
    payload, array = widget._train(work)
    assert array is None
    assert payload["events"] == [{"at": 1.0, "key": "decay", "value": 1.0}]
    looks = [content["payload"] for content in sent]
    assert [look["loss"]["test"] for look in looks] == pytest.approx(
        payload["loss"]["test"], rel=1e-3
    )
    assert [run.epochs for run in widget.runs] == [3]
    assert widget.describe(widget.state).startswith("Your run: 22 instruments, width 4")


def test_a_late_state_of_the_start_is_no_change() -> None:
    widget = OverfittingLab(epochs=2, instruments=22, width=4)
    work = job([], **{**widget.state, "dropout": 0.5})  # the trait still says 0
    check = work.check

    def late() -> None:
        check()
        widget.set(dropout=0.5)

    work.check = late  # type: ignore[method-assign]
    payload, _ = widget._train(work)
    assert payload["settings"]["dropout"] == 0.5
    assert payload["events"] == []


def test_stop_ends_a_run_and_keeps_what_there_is() -> None:
    widget = OverfittingLab(instruments=22, width=4)
    work = job([], **widget.state)
    report = work.report

    def stopping(payload: Any, array: Any = None) -> None:
        report(payload, array)
        work.stop()

    work.report = stopping  # type: ignore[method-assign]
    with pytest.raises(Stopped):
        widget._train(work)
    assert [run.epochs for run in widget.runs] == [1]


def test_threads_are_set_back() -> None:
    widget = OverfittingLab(epochs=2, instruments=22, width=4)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    used = []
    work = job([], **widget.state)
    work.check = lambda: used.append(torch.get_num_threads())  # type: ignore[method-assign]
    try:
        widget._train(work)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert set(used) == {1}


def test_wrong_settings_are_refused() -> None:
    widget = OverfittingLab()
    with pytest.raises(ParameterError, match="expected dropout"):
        widget._train(job([], **{**widget.state, "dropout": 1.5}))
    with pytest.raises(ParameterError, match="expected epochs"):
        OverfittingLab(epochs=1)
    with pytest.raises(ParameterError, match="expected size of 16, 32 or 64, got 20"):
        OverfittingLab(size=20)


@pytest.mark.parametrize("exam", EXAMS)
def test_words_and_picture(exam: str) -> None:
    widget = OverfittingLab(exam=exam, early_stop=True, test=True)
    words = widget.describe(widget.state)
    run = widget.stored_run(widget.state)
    kept = verdict(run, widget.state)["kept"]
    assert f"After epoch {kept}," in words
    assert f"Test: {run['accuracy']['test'][kept - 1]:.0%} right." in words
    widget.set(test=False)
    assert "Test" not in widget.describe(widget.state)
    figure = Figure()
    widget.draw(widget.state, figure)
    assert [ax.get_ylabel() for ax in figure.axes] == ["loss", "accuracy"]
