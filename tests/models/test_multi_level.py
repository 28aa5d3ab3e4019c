"""Features of frozen networks: which layers, which windows, and that nothing of them learns."""

import pytest
import torch
from torch import nn

from utils.errors import ParameterError
from utils.models.cnn1d import CNN1D
from utils.models.multi_level import MultiLevelFeatures, Scale, layer_outputs

LAYERS = ("blocks.1", "blocks.3")


@pytest.fixture(scope="module")
def backbones():
    generator = torch.Generator().manual_seed(0)
    models = [CNN1D.notes(generator=generator) for _ in range(2)]
    for model in models:
        model.train()(torch.rand(8, 1, 64, 64))  # running statistics other than 0 and 1
    return models


def network(backbones, **options):
    scales = [Scale(backbones[0], LAYERS, 64), Scale(backbones[1], ("blocks.3",), 24)]
    return MultiLevelFeatures(scales, **options)


def test_features_by_hand(backbones):
    model = network(backbones)
    x = torch.rand(3, 1, 64, 64)
    whole, short = model.backbones
    levels = [whole.blocks[:2](x), whole.blocks[:4](x)]
    expected = [level.amax((2, 3)) for level in levels]
    windows = [short.blocks(x[..., a : a + 24]).amax((2, 3)) for a in (0, 24)]
    expected.append((windows[0] + windows[1]) / 2)
    assert model.n_features == 64 + 128 + 128
    torch.testing.assert_close(model.features(x), torch.cat(expected, 1))
    torch.testing.assert_close(model.eval()(x), model.mlp(model.features(x)))
    assert [m.out_features for m in model.mlp if isinstance(m, nn.Linear)] == [64, 64, 11]


def test_the_backbones_do_not_change_and_yours_stay_as_they_were(backbones):
    model = network(backbones).train()
    before = {k: v.clone() for k, v in model.backbones.state_dict().items()}
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model(torch.rand(4, 1, 64, 64)).square().mean().backward()
    optimizer.step()
    assert all(torch.equal(v, before[k]) for k, v in model.backbones.state_dict().items())
    assert all(p.grad is not None for p in model.mlp.parameters())
    assert model.mlp.training
    assert not any(m.training for m in model.backbones.modules())
    assert all(p.requires_grad for p in backbones[0].parameters())
    assert backbones[0].training


def test_layer_outputs_leaves_no_hooks(backbones):
    found = layer_outputs(backbones[0], torch.rand(2, 1, 64, 64), ("output", "blocks.0.conv"))
    assert list(found) == ["output", "blocks.0.conv"]
    assert found["blocks.0.conv"].shape == (2, 64, 1, 61)
    with pytest.raises(RuntimeError):
        layer_outputs(backbones[0], torch.rand(2, 1, 63, 64), ("output",))
    assert not any(m._forward_hooks for m in backbones[0].modules())


def test_refuses(backbones):
    backbone = backbones[0]
    with pytest.raises(ParameterError, match=r"layers of CNN1D, got \['conv9'\]"):
        MultiLevelFeatures([Scale(backbone, ("conv9",), 64)])
    with pytest.raises(ParameterError, match="at most 64 frames, got 65"):
        MultiLevelFeatures([Scale(backbone, LAYERS, 65)])
    for scales in ([], [Scale(backbone, (), 64)]):
        with pytest.raises(ParameterError, match="at least one scale with at least one layer"):
            MultiLevelFeatures(scales)
    backbone = nn.Sequential(nn.Conv2d(1, 2, 3))
    backbone.unused = nn.Linear(1, 1)
    backbone.forward = lambda x: backbone[0](x)
    with pytest.raises(ParameterError, match=r"layers that are called, got \['unused'\]"):
        layer_outputs(backbone, torch.rand(1, 1, 8, 8), ("unused",))
