"""What holds for the preset of every network of deck E for notes of 64 × 64."""

import pytest
import torch

from utils.models.back_ends import BACK_ENDS
from utils.models.cnn1d import CNN1D
from utils.models.crnn import CRNN
from utils.models.fcn import FCN
from utils.models.front_back import FrontBackNet
from utils.models.initialize import require_counts
from utils.models.multi_level import MultiLevelFeatures, Scale
from utils.models.musically_motivated import ARCHITECTURES, MusicallyMotivatedCNN, ParallelBranchCNN
from utils.models.residual import ResidualCNN
from utils.submission.contract import inspect_model
from utils.submission.export import export_model


def multi_level(*, generator=None, n_classes=11):
    backbones = [CNN1D.notes(generator=generator) for _ in range(2)]
    scales = [
        Scale(backbones[0], ("blocks.1", "blocks.3"), 64),
        Scale(backbones[1], ("blocks.3",), 32),
    ]
    return MultiLevelFeatures(scales, generator=generator, n_classes=n_classes)


MODELS = {
    **{f"FCN-{n}": lambda n=n, **o: FCN.notes(n, **o) for n in range(3, 8)},
    **{a: lambda a=a, **o: MusicallyMotivatedCNN.notes(a, **o) for a in ARCHITECTURES},
    **{b: lambda b=b, **o: FrontBackNet.notes(b, **o) for b in BACK_ENDS},
    "CNN1D": CNN1D.notes,
    "CRNN": CRNN.notes,
    "parallel": ParallelBranchCNN.notes,
    "residual": ResidualCNN.notes,
    "plain": lambda **o: ResidualCNN.notes(skip=False, **o),
    "multi-level": multi_level,
}
QUICK = ("CNN1D", "attention")
every = pytest.mark.parametrize("name", MODELS)


def build(name, **options):
    return MODELS[name](generator=torch.Generator().manual_seed(0), **options)


@every
def test_same_generator_same_weights(name):
    torch.manual_seed(1)
    first = build(name).state_dict()
    torch.manual_seed(2)
    second = build(name).state_dict()
    assert all(torch.equal(first[key], second[key]) for key in first)
    third = MODELS[name](generator=torch.Generator().manual_seed(3)).state_dict()
    different = [key for key in first if not torch.equal(first[key], third[key])]
    assert {key for key in first if key.endswith("weight") and first[key].ndim > 1} <= {*different}


@every
def test_gradients_reach_every_parameter(name):
    model = build(name)
    x = torch.rand(4, 1, 64, 64, generator=torch.Generator().manual_seed(1))
    torch.manual_seed(0)  # dropout
    logits = model(x)
    assert logits.shape == (4, 11)
    torch.nn.functional.cross_entropy(logits, torch.arange(4)).backward()
    dead = [
        name
        for name, p in model.named_parameters()
        if p.requires_grad and (p.grad is None or not p.grad.any())
    ]
    assert dead == []


@every
def test_notes_of_a_batch_do_not_meet_in_eval_mode(name):
    model = build(name).eval()
    x = torch.rand(3, 1, 64, 64)
    with torch.no_grad():
        together = model(x)
        torch.testing.assert_close(model(x[1:2]), together[1:2], rtol=1e-4, atol=1e-5)
        assert torch.equal(model(x), together)


@every
def test_number_of_classes_and_size(name):
    model = build(name, n_classes=3)
    assert model.eval()(torch.zeros(1, 1, 64, 64)).shape == (1, 3)
    assert sum(p.numel() for p in model.parameters()) < 250_000


@every
def test_first_weights_are_hes(name):
    """The standard deviation of the largest convolution is that of He et al. 2015."""
    model = build(name)
    layers = [m for m in model.modules() if isinstance(m, torch.nn.Conv2d)]
    weight = max((m.weight.detach() for m in layers), key=torch.numel)
    fan_in = weight[0].numel()
    assert float(weight.std()) == pytest.approx((2 / fan_in) ** 0.5, rel=0.1)


@pytest.mark.parametrize(
    "name", [n if n in QUICK else pytest.param(n, marks=pytest.mark.full) for n in MODELS]
)
def test_exports_within_the_contract(name):
    model = build(name)
    facts = inspect_model(export_model(model))
    assert facts.opset == 20
    assert facts.n_bytes < 2_000_000


@pytest.mark.parametrize("value", [0, -1, 2.0, "3", True])
def test_require_counts(value):
    with pytest.raises(ValueError, match="n to be an int >= 1, got"):
        require_counts(n=value)
