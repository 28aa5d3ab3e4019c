"""The RBM against brute force over all states and against SciPy's integrals; Gibbs steps."""

import itertools

import pytest
import scipy.integrate
import torch

from tests.reference.helpers import DTYPES, close, gradient_of, randn
from utils.errors import ParameterError
from utils.reference.rbm import (
    RBM,
    energy,
    free_energy,
    gibbs_step,
    hidden_probability,
    initialize_rbm,
    visible_mean,
)
from utils.reference.rbm_likelihood import log_likelihood, log_partition


def machine(visible="binary", dtype=torch.float64, n_visible=4, n_hidden=3):
    return RBM(
        randn(n_hidden, n_visible, dtype=dtype),
        randn(n_hidden, dtype=dtype, seed=1),
        randn(n_visible, dtype=dtype, seed=2),
        visible,
    )


def states(n, dtype=torch.float64):
    return torch.tensor(list(itertools.product([0, 1], repeat=n)), dtype=dtype)


def energies(rbm, vs, hs):
    """Return the energy of every pair, term by term."""
    table = torch.zeros(len(vs), len(hs), dtype=vs.dtype)
    for (a, v), (b, h) in itertools.product(enumerate(vs), enumerate(hs)):
        bonds = sum(h[j] * rbm.weight[j, i] * v[i] for j in range(len(h)) for i in range(len(v)))
        if rbm.visible == "binary":
            alone = -sum(rbm.visible_bias[i] * v[i] for i in range(len(v)))
        else:
            alone = sum((v[i] - rbm.visible_bias[i]) ** 2 for i in range(len(v))) / 2
        table[a, b] = alone - sum(rbm.hidden_bias[j] * h[j] for j in range(len(h))) - bonds
    return table


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("visible", ["binary", "gaussian"])
def test_energies_agree_with_brute_force(dtype, visible):
    rbm, hs = machine(visible, dtype), states(3, dtype)
    vs = states(4, dtype) if visible == "binary" else randn(5, 4, dtype=dtype, seed=3)
    table = energies(rbm, vs, hs)
    tolerance = {torch.float32: 1e-5, torch.float64: 1e-12}[dtype]
    for b, h in enumerate(hs):
        close(energy(rbm, vs, h.expand(len(vs), -1)), table[:, b], tolerance=tolerance)
    close(free_energy(rbm, vs), -(-table).logsumexp(1), tolerance=tolerance)
    joint = (-table).softmax(1)
    close(hidden_probability(rbm, vs), joint @ hs, tolerance=tolerance)
    if visible == "binary":
        close(visible_mean(rbm, hs), (-table).softmax(0).T @ vs, tolerance=tolerance)
        close(log_partition(rbm), (-table).flatten().logsumexp(0), tolerance=tolerance)
        marginal = (-table).flatten().softmax(0).reshape(table.shape).sum(1)
        close(log_likelihood(rbm, vs).exp(), marginal, tolerance=tolerance)


def test_gaussian_units_agree_with_integrals():
    rbm = machine("gaussian", n_visible=1)
    h = states(3)

    def density(v, *, power=0, state=None):
        point = torch.tensor([[v]]).double()
        if state is None:
            return float((-free_energy(rbm, point)).exp())
        return v**power * float((-energy(rbm, point, state[None])).exp())

    total, _ = scipy.integrate.quad(density, -12, 12)
    assert float(log_partition(rbm).exp()) == pytest.approx(total, rel=1e-6)
    for state, mean in zip(h, visible_mean(rbm, h), strict=True):
        mass, moment = (
            scipy.integrate.quad(lambda v, p=p, s=state: density(v, power=p, state=s), -12, 12)[0]
            for p in (0, 1)
        )
        assert float(mean) == pytest.approx(moment / mass, rel=1e-6)


def test_features_are_the_slope_of_the_free_energy():
    rbm, v = machine(), randn(6, 4, seed=3)
    slope = gradient_of(lambda c: free_energy(rbm._replace(hidden_bias=c), v), rbm.hidden_bias)
    close(slope, -hidden_probability(rbm, v).sum(0))


def test_large_numbers_stay_finite():
    rbm = machine(dtype=torch.float32)._replace(weight=1000 * torch.ones(3, 4))
    v = torch.ones(1, 4)
    close(free_energy(rbm, v), -rbm.visible_bias.sum()[None] - 12000 - rbm.hidden_bias.sum())
    assert log_partition(rbm).isfinite()


@pytest.mark.parametrize("visible", ["binary", "gaussian"])
def test_gibbs_steps_lead_to_the_distribution(visible):
    rbm, g = machine(visible, n_visible=3, n_hidden=2), torch.Generator().manual_seed(0)
    v = torch.zeros(20000, 3).double()
    for _ in range(30):
        v = gibbs_step(rbm, v, generator=g)
    if visible == "binary":
        vs = states(3)
        chances = (-free_energy(rbm, vs)).softmax(0)
        counts = (v[:, None] == vs).all(2).double().mean(0)
        close(counts, chances, tolerance=0.015)
    else:  # a mixture of one Gaussian a hidden state
        hs = states(2)
        t = hs @ rbm.weight
        shares = (hs @ rbm.hidden_bias + t @ rbm.visible_bias + (t**2).sum(1) / 2).softmax(0)
        mean = shares @ (t + rbm.visible_bias)
        square = shares @ ((t + rbm.visible_bias) ** 2 + 1)
        close(v.mean(0), mean, tolerance=0.05)
        close((v**2).mean(0), square, tolerance=0.1)


def test_gibbs_steps_need_the_generator_only():
    rbm, v = machine(dtype=torch.float32), torch.zeros(50, 4)
    a, b, c = (gibbs_step(rbm, v, generator=torch.Generator().manual_seed(s)) for s in (0, 0, 1))
    assert torch.equal(a, b)
    assert not torch.equal(a, c)
    assert a.dtype == torch.float32


@pytest.mark.parametrize("visible", ["binary", "gaussian"])
def test_initial_weights(visible):
    g = torch.Generator().manual_seed(0)
    rbm = initialize_rbm(200, 100, visible=visible, std=0.3, dtype=torch.float64, generator=g)
    assert rbm.weight.shape == (100, 200)
    assert float(rbm.weight.std()) == pytest.approx(0.3, rel=0.02)
    assert rbm.visible == visible
    assert (len(rbm.hidden_bias), len(rbm.visible_bias)) == (100, 200)
    assert not rbm.hidden_bias.any()
    assert not rbm.visible_bias.any()


def test_bad_arguments():
    rbm, v, h = machine(), torch.zeros(2, 4).double(), torch.zeros(2, 3).double()
    for function in (free_energy, hidden_probability, gibbs_step):
        with pytest.raises(ParameterError, match=r"expected v of shape \(n, 4\)"):
            function(rbm, h)
    for call in (lambda: visible_mean(rbm, v), lambda: energy(rbm, v, v)):
        with pytest.raises(ParameterError, match=r"expected h of shape \(n, 3\)"):
            call()
    with pytest.raises(ParameterError, match="expected visible 'binary' or 'gaussian', got 'x'"):
        initialize_rbm(4, 3, visible="x")
    with pytest.raises(ParameterError, match="expected n_hidden ≥ 1, got 0"):
        initialize_rbm(4, 0)
    with pytest.raises(ParameterError, match="expected std ≥ 0, got -1"):
        initialize_rbm(4, 3, std=-1)
    with pytest.raises(ParameterError, match="expected at most 16 hidden units, got 17"):
        log_partition(initialize_rbm(4, 17))
