"""The pooling widget: its words, and its JavaScript against the Python reference."""

from pathlib import Path

import pytest
import torch
from matplotlib.figure import Figure

from tests.widgets.run_node import run_node
from utils.errors import ParameterError
from utils.reference.pooling import avg_pool2d, lp_pool2d, max_pool2d, std_pool2d
from utils.widgets.pooling.widget import Pooling

POOLS = {
    "max": max_pool2d,
    "average": avg_pool2d,
    "deviation": std_pool2d,
    "power": lambda x, **o: lp_pool2d(x, p=3.5, **o),
}


def test_golden_maps(tmp_path: Path) -> None:
    generator = torch.Generator().manual_seed(2)
    golden = []
    for shape, size, stride in [
        ((4, 4), (2, 2), (2, 2)),
        ((7, 5), (3, 2), (2, 1)),
        ((6, 9), (1, 4), (1, 3)),
    ]:
        x = torch.randn((1, 1, *shape), generator=generator, dtype=torch.float64)
        golden += [
            {
                "values": x.ravel().tolist(),
                "shape": shape,
                "blocks": {"kernel": size, "stride": stride},
                "kind": kind,
                "out": pool(x, kernel_size=size, stride=stride)[0, 0].tolist(),
            }
            for kind, pool in POOLS.items()
        ]
    body = """
result = data.map((g) => {
  const map = { values: g.values, rows: g.shape[0], cols: g.shape[1] };
  const { rows, cols, values } = pool2d(map, g.blocks, g.kind, 3.5);
  return Array.from({ length: rows }, (_, i) => Array.from(values.slice(i * cols, (i + 1) * cols)));
});"""
    made = run_node(tmp_path, {"pool": "pool2d"}, body, golden)
    for ours, g in zip(made, golden, strict=True):
        assert torch.allclose(torch.tensor(ours), torch.tensor(g["out"]), atol=1e-12), g["kind"]


def test_high_powers_do_not_overflow(tmp_path: Path) -> None:
    body = "result = data.map((cells) => poolBlock(cells, 'power', 64));"
    big, zero = run_node(tmp_path, {"pool": "poolBlock"}, body, [[1e30, -1e30], [0, 0]])
    assert big == pytest.approx(1e30)
    assert zero == 0


def test_the_slide() -> None:
    widget = Pooling()
    assert widget.result(widget.state)[0, 0].tolist() == [[5, 9], [8, 4]]
    assert "[[5, 9], [8, 4]]" in widget.describe(widget.state)
    widget.set(kind="average")
    assert widget.result(widget.state)[0, 0].tolist() == [[2.75, 4], [5.75, 2.75]]


def test_the_goal_can_be_reached() -> None:
    first = Pooling()
    other = Pooling(image=[[5, 0, 9, 4], [2, 3, 2, 1], [8, 3, 3, 4], [7, 5, 2, 2]])
    assert torch.equal(first.result(first.state), other.result(other.state))
    assert (first.map_of(first.state) != other.map_of(other.state)).sum() >= 4


def test_power_lies_between_average_and_maximum() -> None:
    widget = Pooling(kind="power", p=1.0)
    low = widget.result(widget.state)
    widget.set(p=64.0)
    high = widget.result(widget.state)
    widget.set(kind="average")
    assert torch.allclose(low, widget.result(widget.state))
    widget.set(kind="max")
    assert torch.allclose(high, widget.result(widget.state), rtol=0.03)


def test_a_block_that_does_not_fit() -> None:
    widget = Pooling(kernel_height=5)
    assert widget.result(widget.state) is None
    assert "larger than the map" in widget.describe(widget.state)
    widget.draw(widget.state, Figure())


def test_a_note_gets_shorter() -> None:
    widget = Pooling()
    note = widget.fields["source"].spec()["options"][1]
    widget.set(source=note, kernel_height=1, kernel_width=5)
    assert widget.result(widget.state).shape == (1, 1, 64, 12)
    widget.draw(widget.state, Figure())


def test_wrong_arguments() -> None:
    with pytest.raises(ParameterError, match="2 to 8 a side"):
        Pooling(image=[[1, 2, 3]])
