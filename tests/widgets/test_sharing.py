"""The widget of the three ways to connect: counts against PyTorch, and its JavaScript."""

from pathlib import Path

import pytest
from matplotlib.figure import Figure
from torch import nn

from tests.widgets.run_node import run_node
from utils.widgets.sharing.widget import Sharing, three_counts


def _size(layer: nn.Module) -> int:
    return sum(parameter.numel() for parameter in layer.parameters())


@pytest.mark.parametrize(("side", "kernel", "maps"), [(8, 3, 2), (9, 5, 4)])
def test_counts_are_those_of_layers(side: int, kernel: int, maps: int) -> None:
    full, local, shared = three_counts(side, kernel, maps)
    assert full == _size(nn.Linear(side**2, side**2 * maps))
    assert shared == _size(nn.Conv2d(1, maps, kernel))
    assert local == sum(_size(nn.Conv2d(1, maps, kernel)) for _ in range(side**2))


def test_the_slides_first_layer() -> None:
    assert three_counts(64, 3, 16) == (268_500_992, 655_360, 160)


def test_golden_counts(tmp_path: Path) -> None:
    body = "result = data.map((g) => threeCounts(...g));"
    golden = [(64, 3, 16), (128, 9, 64), (8, 1, 1)]
    made = run_node(tmp_path, {"sharing": "threeCounts"}, body, golden)
    assert made == [list(three_counts(*g)) for g in golden]


def test_links(tmp_path: Path) -> None:
    body = """
result = ["full", "local", "shared"].map((kind) => {
  const all = links(kind, 9, 3);
  return [all.length, new Set(all.map((l) => l.weight)).size,
    all.filter((l) => l.to === 4).map((l) => l.from)];
});"""
    full, local, shared = run_node(tmp_path, {"sharing": "links"}, body, None)
    assert full == [81, 81, list(range(9))]
    # The outer units of a padded axis have one cell less.
    assert local == [25, 25, [3, 4, 5]]
    assert shared == [25, 3, [3, 4, 5]]


def test_words_and_picture() -> None:
    widget = Sharing()
    text = widget.describe(widget.state)
    assert "fully connected 268,500,992, locally connected 655,360, shared weights 160" in text
    widget.draw(widget.state, Figure())


def test_the_goal_can_be_reached() -> None:
    assert three_counts(128, 3, 16)[0] > 1e9 > three_counts(64, 3, 16)[0]
