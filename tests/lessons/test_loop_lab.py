"""The loop that is broken line by line: its lines, its measures, and that it equals ``fit``."""

import copy
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import TensorDataset

from utils.errors import ParameterError
from utils.lessons.loop_lab import break_loop, draw_broken, leave_out, loop_model, loop_notes
from utils.training.fit import fit

NOTEBOOK = Path(__file__).parents[2] / "lectures" / "06_nsynth.ipynb"


@pytest.fixture(scope="module")
def loop(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The functions of the lecture, in a file, since their source must be known."""
    cells = {cell.id: cell.source for cell in nbformat.read(NOTEBOOK, as_version=4).cells}
    path = tmp_path_factory.mktemp("loop") / "loop.py"
    path.write_text(cells["h4-epoch"] + "\n\n\n" + cells["h4-loop"])
    names: dict[str, Any] = {"copy": copy, "torch": torch, "F": F}
    exec(compile(path.read_text(), str(path), "exec"), names)
    return names


@pytest.fixture(scope="module")
def functions(loop: dict[str, Any]) -> list[Any]:
    return [loop[name] for name in ("train_epoch", "validate", "train_loop")]


def few(count: int, seed: int) -> TensorDataset:
    generator = torch.Generator().manual_seed(seed)
    inputs = torch.rand(count, 1, 8, 8, generator=generator)
    return TensorDataset(inputs, torch.randint(0, 11, (count,), generator=generator))


def test_the_loop_of_the_lecture_is_fit(loop: dict[str, Any]) -> None:
    train, validation = few(150, 1), few(60, 2)
    torch.manual_seed(0)
    mine = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 11))
    other = copy.deepcopy(mine)
    losses = loop["train_loop"](mine, train, validation, 4, torch.Generator().manual_seed(3))
    history = fit(
        other,
        train,
        validation,
        epochs=4,
        optimizer=lambda parameters: torch.optim.Adam(parameters, lr=0.003),
        generator=torch.Generator().manual_seed(3),
        history_path=None,
        progress=False,
    )
    assert losses == pytest.approx([epoch.validation_loss for epoch in history.epochs], rel=1e-5)
    for one, two in zip(mine.parameters(), other.parameters(), strict=True):
        assert torch.equal(one, two)


@pytest.mark.parametrize(
    "line",
    ["zero_grad", "model.train", "model.eval", "no_grad", "# shuffle", "load_state_dict"],
)
def test_every_line_of_the_lecture_can_be_left_out(functions: list[Any], line: str) -> None:
    result = break_loop(functions, line, epochs=2)
    assert len(result.broken.losses) == len(result.whole.losses) == 2
    assert line in str(result)
    same = result.broken.losses == result.whole.losses
    assert same == (line in ("no_grad", "load_state_dict"))
    assert (result.broken.kept > 1) == (line == "no_grad")
    assert result.whole.kept == pytest.approx(0, abs=1e-6)


@pytest.mark.full
def test_what_breaks_is_broken(functions: list[Any]) -> None:
    piled = break_loop(functions, "zero_grad", epochs=5)
    assert piled.broken.losses[-1] > 1.5 * piled.whole.losses[-1]
    ax = draw_broken(piled)
    assert len(ax.lines) == 4
    sorted_batches = break_loop(functions, "# shuffle", epochs=5)
    assert sorted_batches.broken.loss > sorted_batches.whole.loss


def test_the_lines_of_the_lecture_are_named_in_its_play() -> None:
    cells = {cell.id: cell.source for cell in nbformat.read(NOTEBOOK, as_version=4).cells}
    named = re.findall(r'"([^"]+)"', cells["h4-play"].split("change me:")[1].split("\n")[0])
    assert named == [
        "zero_grad",
        "model.train",
        "model.eval",
        "no_grad",
        "# shuffle",
        "load_state_dict",
    ]


def test_wrong_lines_are_refused(functions: list[Any]) -> None:
    with pytest.raises(ParameterError, match="expected a piece of one line"):
        leave_out(functions, "optimizer")
    with pytest.raises(ParameterError, match="expected a piece of one line"):
        leave_out(functions, "model.fly()")
    with pytest.raises(ParameterError, match="can be left out"):
        leave_out(functions, "for rows in")


def test_the_notes_are_small_ordered_and_repeatable() -> None:
    train, validation = loop_notes()
    inputs, labels = train.tensors
    assert inputs.shape == (960, 1, 16, 16)
    assert len(validation) == 300
    assert (labels.diff() >= 0).all()
    generators = [torch.Generator().manual_seed(5) for _ in range(2)]
    one, two = (loop_model(generator) for generator in generators)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))
    assert one(inputs[:3]).shape == (3, 11)


@pytest.mark.full
def test_the_measured_table_of_the_lecture(functions: list[Any]) -> None:
    """The numbers of the cell h4-measured; other machines round differently."""
    silent = break_loop(functions, "no_grad")
    assert silent.whole.loss == pytest.approx(1.35, abs=0.1)
    assert silent.whole.accuracy == pytest.approx(0.53, abs=0.06)
    assert silent.broken.kept == pytest.approx(28.0, abs=0.1)
    losses = {}
    for line in ("zero_grad", "model.train", "model.eval", "# shuffle"):
        losses[line] = break_loop(functions, line).broken
    assert losses["zero_grad"].accuracy < 0.2
    assert max(losses["zero_grad"].losses) > 6
    assert losses["model.train"].loss > silent.whole.loss
    assert min(losses["model.eval"].losses) > losses["model.eval"].loss + 0.1
    assert losses["# shuffle"].loss == pytest.approx(1.83, abs=0.2)
