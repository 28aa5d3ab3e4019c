"""The deconvnet against transposed convolution, autograd, and autograd with changed ReLUs."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from utils.errors import ParameterError
from utils.models.lecture_cnn import LectureCNN
from utils.training.deconvnet import deconvnet
from utils.training.inspect_layers import feature_maps, layer_output
from utils.training.inspect_top import top_activations


def rand(*shape, seed=1):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def network(*layers, seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(*layers).double().eval()


def strided():
    model = network(
        nn.Conv2d(1, 4, (3, 2), stride=2, padding=(1, 0)),
        nn.ReLU(inplace=True),
        nn.Conv2d(4, 6, 3, dilation=2, groups=2, padding="same"),
        nn.BatchNorm2d(6),
        nn.ReLU(),
        nn.MaxPool2d(3, 2, padding=1),
        nn.Conv2d(6, 3, 2, padding="same"),
        nn.Dropout(),
        nn.Flatten(),
        nn.Linear(3 * 5 * 5, 7, bias=False),
        nn.ReLU(),
        nn.Linear(7, 2),
    )
    for number, name in enumerate(("weight", "bias", "running_mean", "running_var")):
        getattr(model[3], name).data.copy_(0.5 + rand(6, seed=number))
    return model


def live_channel(model, x, layer):
    """Return a channel that fires in every note."""
    maps = feature_maps(model, x, [layer])[layer]
    return int(maps.reshape(*maps.shape[:2], -1).amax(2).amin(0).argmax())


class Rectifier(torch.autograd.Function):
    """A ReLU with the way back of the deconvnet or of guided backpropagation."""

    @staticmethod
    def forward(ctx, x, guided):
        ctx.save_for_backward(x)
        ctx.guided = guided
        return x.clamp_min(0)

    @staticmethod
    def backward(ctx, above):
        (x,) = ctx.saved_tensors
        passed = above.clamp_min(0)
        return (passed * (x > 0) if ctx.guided else passed), None


class Changed(nn.Module):
    def __init__(self, guided):
        super().__init__()
        self.guided = guided

    def forward(self, x):
        return Rectifier.apply(x, self.guided)


def by_autograd(model, x, layer, channel, start):
    """Return the picture from autograd, through whatever ReLUs the model has."""
    x = x.clone().requires_grad_()
    maps = layer_output(model, x, layer)
    first = maps.detach().clamp_min(0) if start == "activation" else torch.ones_like(maps)
    keep = torch.zeros_like(maps)
    cells = maps[:, channel].reshape(len(x), -1)
    one_hot = F.one_hot(cells.argmax(1), cells.shape[1]).to(maps)
    keep[:, channel] = one_hot.reshape(maps[:, channel].shape)
    return torch.autograd.grad(maps, x, first * keep)[0]


@pytest.mark.parametrize("layer", ["0", "2", "3", "5", "6", "9", "11"])
def test_the_gradient_rule_is_autograd(layer):
    model, x = strided(), rand(3, 1, 19, 18)
    found = deconvnet(model, x, layer, 1, rule="gradient")
    torch.testing.assert_close(found, by_autograd(model, x, layer, 1, "one"))


@pytest.mark.parametrize("layer", ["2", "5", "6", "9", "11"])
@pytest.mark.parametrize("rule", ["deconvnet", "guided"])
def test_the_rules_are_autograd_with_changed_rectifiers(layer, rule):
    model, x = strided(), rand(3, 1, 19, 18)
    changed = nn.Sequential(
        *(Changed(rule == "guided") if isinstance(m, nn.ReLU) else m for m in model)
    ).eval()
    start = "activation" if rule == "deconvnet" else "one"
    channel = live_channel(model, x, layer)
    expected = by_autograd(changed, x, layer, channel, start)
    assert expected.abs().sum() > 0
    torch.testing.assert_close(deconvnet(model, x, layer, channel, rule=rule), expected)


def test_one_convolution_gives_its_transpose():
    model, x = network(nn.Conv2d(1, 3, 5, stride=2, padding=1)), rand(2, 1, 9, 10)
    maps = feature_maps(model, x)["0"].clamp_min(0)
    maps[:, [0, 2]] = 0
    expected = F.conv_transpose2d(
        maps, model[0].weight, stride=2, padding=1, output_padding=(0, 1)
    ).detach()
    found = deconvnet(model, x, "0", 1, where="all")
    torch.testing.assert_close(found, expected)
    y = rand(2, 1, 9, 10, seed=3)
    forward = F.conv2d(y, model[0].weight, stride=2, padding=1)
    torch.testing.assert_close((forward * maps).sum(), (y * found).sum())  # <Ay, m> = <y, A'm>


def test_with_all_rectifiers_active_all_rules_agree():
    model = network(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(2, 2, 2))
    x = rand(2, 1, 8, 8)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.abs_()
    gradient = deconvnet(model, x, "3", 0, rule="gradient", where=(1, 0))
    torch.testing.assert_close(deconvnet(model, x, "3", 0, rule="guided", where=(1, 0)), gradient)
    value = feature_maps(model, x)["3"][:, 0, 1, 0]
    picture = deconvnet(model, x, "3", 0, where=(1, 0))
    torch.testing.assert_close(picture, gradient * value[:, None, None, None])


def test_lecture_cnn_with_functions_and_its_window():
    torch.manual_seed(0)
    model, notes = LectureCNN(), rand(4, 1, 64, 64).float()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    model.train()
    picture = deconvnet(model, notes, "pool:3", 9)
    assert model.training
    assert picture.shape == notes.shape
    assert not picture.requires_grad
    found = top_activations(model, "pool:3", notes, channels=[9], n_top=4)
    for rank, note in enumerate(found.notes[0].tolist()):
        rows, columns = found.window(0, rank)
        inside = torch.zeros(64, 64, dtype=torch.bool)
        inside[rows.start : rows.stop, columns.start : columns.stop] = True
        assert picture[note, 0][inside].abs().sum() > 0
        assert (picture[note, 0][~inside] == 0).all()
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert not any(m._forward_hooks for m in model.modules())


def test_a_silent_unit_gives_an_empty_picture():
    model = network(nn.Conv2d(1, 1, 3))
    with torch.no_grad():
        model[0].bias.fill_(-100)
    x = rand(1, 1, 6, 6)
    assert (deconvnet(model, x, "0", 0) == 0).all()
    assert deconvnet(model, x, "0", 0, rule="gradient").abs().sum() > 0


def test_the_strongest_unit_is_found_before_an_in_place_relu():
    """The least negative one, in a map that the ReLU empties."""
    model, x = network(nn.Conv2d(1, 1, 1), nn.ReLU(inplace=True)), rand(1, 1, 6, 6)
    with torch.no_grad():
        model[0].weight.fill_(1)
        model[0].bias.fill_(-5)
    expected = torch.zeros(36, dtype=torch.float64)
    expected[x.argmax()] = 1
    found = deconvnet(model, x, "0", 0, rule="gradient")
    assert torch.equal(found, expected.view(1, 1, 6, 6))


def test_one_dimension():
    model, x = network(nn.Conv1d(1, 2, 3, stride=2), nn.ReLU(), nn.Conv1d(2, 2, 3)), rand(2, 1, 16)
    found = deconvnet(model, x, "2", 1, rule="gradient")
    torch.testing.assert_close(found, by_autograd(model, x, "2", 1, "one"))


class Skip(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 1, 3, padding=1)
        self.side = nn.Conv2d(1, 1, 3, padding=1)
        self.last = nn.Conv2d(1, 1, 3)

    def forward(self, x):
        other = self.side(x)
        return self.last(self.conv(x) + other)


def test_branches_are_followed_and_joins_refused():
    model, x = Skip().double(), rand(1, 1, 6, 6)
    maps = feature_maps(model, x, ["side"])["side"]
    expected = F.conv_transpose2d(maps.clamp_min(0), model.side.weight, padding=1).detach()
    torch.testing.assert_close(deconvnet(model, x, "side", 0, where="all"), expected)
    with pytest.raises(ParameterError, match=r"only convolutions, ReLU, .* got 'add'"):
        deconvnet(model, x, "last", 0)


def test_bad_arguments():
    x = rand(1, 1, 8, 8)
    model = network(nn.Conv2d(1, 2, 3), nn.Sigmoid(), nn.Conv2d(2, 2, 3))
    with pytest.raises(ParameterError, match="got 'sigmoid'"):
        deconvnet(model, x, "2", 0)
    with pytest.raises(ParameterError, match="expected a layer of 0, 1, 2, got '7'"):
        deconvnet(model, x, "7", 0)
    with pytest.raises(ParameterError, match="expected a channel of"):
        deconvnet(model, x, "0", 2)
    with pytest.raises(ParameterError, match="expected rule"):
        deconvnet(model, x, "0", 0, rule="magic")
    for where in ((6, 0), "best", (1,)):
        with pytest.raises(ParameterError, match=r"\(row, column\) of \(6, 6\)"):
            deconvnet(model, x, "0", 0, where=where)
    lecture = LectureCNN()
    with pytest.raises(ParameterError, match="expected one run of 'pool'"):
        deconvnet(lecture, torch.rand(1, 1, 64, 64), "pool", 0)
