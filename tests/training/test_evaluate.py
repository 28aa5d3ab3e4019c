"""evaluate and predict against a plain forward pass."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import TensorDataset

from utils.errors import ParameterError
from utils.training.fit import evaluate, predict


@pytest.fixture
def model():
    torch.manual_seed(1)
    return nn.Sequential(nn.Flatten(), nn.BatchNorm1d(16), nn.Dropout(0.5), nn.Linear(16, 3))


@pytest.fixture
def data():
    generator = torch.Generator().manual_seed(2)
    inputs = torch.rand(23, 1, 4, 4, generator=generator)
    return TensorDataset(inputs, torch.randint(0, 3, (23,), generator=generator))


def test_evaluate_is_a_mean_over_notes(model, data):
    x, y = data.tensors
    model.eval()
    with torch.no_grad():
        logits = model(x)
    for batch_size in (1, 10, 23, 64):
        found = evaluate(model, data, batch_size=batch_size)
        assert found.loss == pytest.approx(F.cross_entropy(logits, y).item(), rel=1e-5)
        assert found.accuracy == pytest.approx((logits.argmax(1) == y).float().mean().item())


def test_evaluate_with_another_loss(model, data):
    x, y = data.tensors
    found = evaluate(model, data, loss=F.multi_margin_loss, batch_size=10)
    assert found.loss == pytest.approx(F.multi_margin_loss(model.eval()(x), y).item(), rel=1e-5)


def test_predict_gives_logits_in_order(model, data):
    x, _ = data.tensors
    logits = predict(model, x, batch_size=10)
    assert logits.shape == (23, 3)
    assert not logits.requires_grad
    for same in (x.numpy(), data):
        assert torch.equal(predict(model, same, batch_size=10), logits)
    torch.testing.assert_close(logits, model.eval()(x).detach())


@pytest.mark.parametrize("use", [evaluate, predict])
def test_modes_and_statistics_stay(model, data, use):
    model.train()
    model[1].eval()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    use(model, data)
    assert [m.training for m in model] == [True, False, True, True]
    assert all(torch.equal(v, before[k]) for k, v in model.state_dict().items())
    assert torch.is_grad_enabled()


def test_modes_stay_after_an_error(model):
    model.train()
    with pytest.raises(RuntimeError):
        predict(model, torch.zeros(2, 1, 3, 3))
    assert all(m.training for m in model)


def test_refuses_nothing(model):
    with pytest.raises(ParameterError, match=r"at least 1 input, got shape \(0, 1, 4, 4\)"):
        predict(model, np.zeros((0, 1, 4, 4), dtype=np.float32))
    with pytest.raises(ParameterError, match="at least 1 note, got an empty one"):
        evaluate(model, TensorDataset(torch.zeros(0, 1, 4, 4), torch.zeros(0)))
    with pytest.raises(ParameterError, match="a data set such as"):
        predict(model, 3)
