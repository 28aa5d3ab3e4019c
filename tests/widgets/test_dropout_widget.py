"""The dropout widget: its net, its masks and all thinned nets, against the reference and torch."""

from pathlib import Path

import pytest
import torch
from matplotlib.figure import Figure
from torch import nn

from tests.widgets.test_golden import node
from tests.widgets.test_golden import pytestmark as needs_node
from utils.figures.thinned_nets import INPUT, all_nets, small_net
from utils.reference.regularizers import dropout, dropout_mask
from utils.widgets.dropout.widget import Dropout

X = torch.tensor(INPUT, dtype=torch.float64)
MASKS = torch.tensor([[2, 0, 2, 2, 0], [0, 2, 2, 0, 2]], dtype=torch.float64)


@needs_node
def test_golden_masks_are_those_of_the_reference(tmp_path: Path) -> None:
    golden = []
    for p in (0.0, 0.25, 0.5, 0.9):
        like = torch.zeros(200, dtype=torch.float64)
        mask = dropout_mask(like, p=p, generator=torch.Generator().manual_seed(4))
        numbers = torch.rand(200, generator=torch.Generator().manual_seed(4))
        golden.append([p, numbers.tolist(), mask.tolist()])
    script = """
for (const [p, numbers, mask] of golden) {
  compare("mask", dropoutMask(numbers, p), mask);
  compare("unscaled", dropoutMask(numbers, p, false), mask.map((m) => m && 1));
}"""
    worst = node(tmp_path, golden, script, dropoutNet="dropoutMask")
    assert worst == {"mask": 0, "unscaled": 0}


@needs_node
def test_golden_nets(tmp_path: Path) -> None:
    golden = []
    for seed in (48, 3):
        net = small_net(seed)
        for p, scaled in [(0.0, True), (0.5, True), (0.3, False), (0.9, True)]:
            outputs, chance = all_nets(net, X, p=p, scaled=scaled)
            mean = (chance * outputs).sum()
            spread = (chance * (outputs - mean).square()).sum().sqrt()
            ordered = (chance * outputs.square()).sum(), outputs.sort().values
            tensors = [mean.item(), spread.item(), ordered[0].item(), ordered[1].tolist()]
            golden.append([net.to_dict(), p, scaled, *tensors, net(X, *MASKS).item()])
    script = f"""
for (const [net, p, scaled, mean, deviation, square, sorted, output] of golden) {{
  const all = allNets(net, {list(INPUT)}, p, scaled), found = moments(all);
  compare("moments", [found.mean, found.deviation], [mean, deviation]);
  compare("square", all.outputs.reduce((s, v, i) => s + all.weights[i] * v * v, 0), square);
  compare("outputs", Array.from(all.outputs).sort((a, b) => a - b), sorted);
  compare("sum", all.weights.reduce((a, b) => a + b), 1);
  const pass = forward(net, {list(INPUT)}, ...{MASKS.tolist()});
  compare("output", pass.output, output);
  compare("count", all.outputs.length, 1024);
  compare("off", [pass.h1[1], pass.h1[4], pass.h2[0], pass.h2[3]], [0, 0, 0, 0]);
}}"""
    worst = node(tmp_path, golden, script, dropoutNet="allNets, forward, moments")
    assert max(worst.values()) < 1e-12, worst


def test_the_net_is_that_of_torch() -> None:
    net = small_net()
    layers = [nn.Linear(3, 5), nn.Linear(5, 5), nn.Linear(5, 1)]
    for layer, weight, bias in zip(layers, net.weights, net.biases, strict=True):
        layer.weight.data, layer.bias.data = weight, bias
    model = nn.Sequential(layers[0], nn.ReLU(), layers[1], nn.ReLU(), layers[2])
    ones = torch.ones(5, dtype=torch.float64)
    torch.testing.assert_close(net(X, ones, ones), model(X)[0])


def test_all_nets_are_what_dropout_gives_in_the_mean() -> None:
    net = small_net()
    outputs, chance = all_nets(net, X, p=0.4)
    assert chance.sum().item() == pytest.approx(1)
    generator = torch.Generator().manual_seed(1)
    ones = torch.ones(20_000, 5, dtype=torch.float64)
    masks = [dropout(ones, p=0.4, generator=generator) for _ in range(2)]
    drawn = net(X, *masks)
    mean = float((chance * outputs).sum())
    assert drawn.mean().item() == pytest.approx(mean, abs=5 * drawn.std().item() / 20_000**0.5)


def test_numbers_words_and_picture() -> None:
    widget = Dropout()
    found = widget.numbers(widget.state)
    assert found["mean"] == pytest.approx(found["evaluation"], rel=0.1)
    assert found["output"] != pytest.approx(found["evaluation"])
    widget.set(scaled=False)
    assert widget.numbers(widget.state)["mean"] < 0.6 * found["evaluation"]
    assert "not scaled" in widget.describe(widget.state)
    widget.set(mode="eval", averaged=25)
    assert widget.numbers(widget.state)["output"] == pytest.approx(found["evaluation"])
    assert "over 25 masks" in widget.describe(widget.state)
    figure = Figure()
    widget.draw(widget.state, figure)
    assert len(figure.axes[0].lines) == 3
