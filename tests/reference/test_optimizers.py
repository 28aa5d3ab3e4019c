"""Every optimizer, step for step, against torch.optim; the slides' momentum against PyTorch's."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.reference.helpers import close, randn
from utils.errors import ParameterError
from utils.reference.adaptive_optimizers import AdaGrad, Adam, AdamW, RMSProp
from utils.reference.optimizers import SGD, Optimizer, VelocitySGD

STEPS = 200
CURVATURE = torch.tensor([1.0, 5, 30], dtype=torch.float64)


def quadratic_grads(params):
    return [CURVATURE.to(params[0].dtype) * params[0]]


def rosenbrock_grads(params):
    x, y = params[0]
    return [torch.stack([-2 * (1 - x) - 4 * x * (y - x**2), 2 * (y - x**2)])]


def mlp_grads(params):
    leaves = [theta.detach().requires_grad_() for theta in params]
    x = randn(8, 3, dtype=leaves[0].dtype)
    hidden = torch.tanh(x @ leaves[0].T + leaves[1])
    loss = ((hidden @ leaves[2].T + leaves[3] - x[:, :2] * x[:, 1:]) ** 2).mean()
    return list(torch.autograd.grad(loss, leaves))


PROBLEMS = {
    "quadratic": (quadratic_grads, [torch.tensor([2.0, -1, 0.5])]),
    "rosenbrock": (rosenbrock_grads, [torch.tensor([-0.5, 1.0])]),
    "mlp": (mlp_grads, [randn(4, 3), randn(4, seed=1), randn(2, 4, seed=2), randn(2, seed=3)]),
}
CASES = [
    (SGD, torch.optim.SGD, {"lr": 0.02}),
    (SGD, torch.optim.SGD, {"lr": 0.02, "weight_decay": 0.1}),
    (SGD, torch.optim.SGD, {"lr": 0.02, "momentum": 0.8}),
    (SGD, torch.optim.SGD, {"lr": 0.02, "momentum": 0.8, "dampening": 0.5}),
    (SGD, torch.optim.SGD, {"lr": 0.02, "momentum": 0.8, "nesterov": True}),
    (SGD, torch.optim.SGD, {"lr": 0.02, "momentum": 0.5, "nesterov": True, "weight_decay": 0.1}),
    (AdaGrad, torch.optim.Adagrad, {}),
    (AdaGrad, torch.optim.Adagrad, {"lr": 0.3, "weight_decay": 0.2, "eps": 0.01}),
    (AdaGrad, torch.optim.Adagrad, {"lr": 0.3, "lr_decay": 0.1, "initial_accumulator_value": 2.0}),
    (RMSProp, torch.optim.RMSprop, {}),
    (RMSProp, torch.optim.RMSprop, {"lr": 0.02, "alpha": 0.8, "eps": 0.1, "weight_decay": 0.2}),
    (RMSProp, torch.optim.RMSprop, {"lr": 0.002, "momentum": 0.9, "eps": 1e-3}),
    (RMSProp, torch.optim.RMSprop, {"lr": 0.005, "centered": True, "eps": 0.1}),
    (RMSProp, torch.optim.RMSprop, {"lr": 0.002, "momentum": 0.5, "centered": True, "eps": 0.1}),
    (Adam, torch.optim.Adam, {}),
    (Adam, torch.optim.Adam, {"lr": 0.02, "betas": (0.8, 0.95), "eps": 1e-2}),
    (Adam, torch.optim.Adam, {"lr": 0.02, "weight_decay": 0.5}),
    (AdamW, torch.optim.AdamW, {}),
    (
        AdamW,
        torch.optim.AdamW,
        {"lr": 0.02, "betas": (0.8, 0.95), "eps": 1e-2, "weight_decay": 0.5},
    ),
]
NAMES = [f"{ours.__name__}-{'-'.join(options) or 'defaults'}" for ours, _, options in CASES]


def compare(ours, theirs, options, grads, start, *, tolerance, steps=STEPS):
    leaves = [theta.clone().requires_grad_() for theta in start]
    params, reference = start, theirs(leaves, **options)
    optimizer = ours(**options)
    path, expected = [], []
    for _ in range(steps):
        for leaf, gradient in zip(leaves, grads([leaf.detach() for leaf in leaves]), strict=True):
            leaf.grad = gradient
        reference.step()
        params = optimizer.step(params, grads(params))
        path.append(torch.cat([theta.flatten() for theta in params]))
        expected.append(torch.cat([leaf.detach().flatten() for leaf in leaves]))
    close(torch.stack(path), torch.stack(expected), tolerance=tolerance)
    assert (path[0] - path[-1]).abs().sum() > 0.03, "nothing was tested"
    return optimizer, reference, leaves


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize(("ours", "theirs", "options"), CASES, ids=NAMES)
def test_every_step_agrees_with_pytorch(ours, theirs, options, problem):
    grads, start = PROBLEMS[problem]
    start = [theta.double() for theta in start]
    # Large rates and a small eps would let Adam jump around a minimum, where any rounding grows.
    compare(ours, theirs, options, grads, start, tolerance=1e-10)


@pytest.mark.parametrize(("ours", "theirs", "options"), CASES[4::5], ids=NAMES[4::5])
def test_float32_stays_float32(ours, theirs, options):
    start = [torch.tensor([2.0, -1, 0.5])]
    compare(ours, theirs, options, quadratic_grads, start, tolerance=1e-4, steps=50)


def test_the_defaults_are_those_of_pytorch():
    leaf = [torch.zeros(1, requires_grad=True)]
    for ours, theirs in (
        (AdaGrad, torch.optim.Adagrad),
        (RMSProp, torch.optim.RMSprop),
        (Adam, torch.optim.Adam),
        (AdamW, torch.optim.AdamW),
    ):
        expected = theirs(leaf).defaults
        own = {name: value for name, value in vars(ours()).items() if name in expected}
        assert own == {name: expected[name] for name in own}
        assert {"lr", "eps", "weight_decay"} <= own.keys()


def test_the_velocity_is_the_buffer_that_pytorch_keeps():
    start = [torch.tensor([2.0, -1, 0.5]).double()]
    options = {"lr": 0.02, "momentum": 0.8, "nesterov": True}
    optimizer, reference, leaves = compare(
        SGD, torch.optim.SGD, options, quadratic_grads, start, tolerance=1e-12, steps=20
    )
    close(optimizer.state[0]["velocity"], reference.state[leaves[0]]["momentum_buffer"])
    optimizer, reference, leaves = compare(
        Adam, torch.optim.Adam, {"lr": 0.02}, quadratic_grads, start, tolerance=1e-12, steps=20
    )
    close(optimizer.state[0]["mean"], reference.state[leaves[0]]["exp_avg"])
    close(optimizer.state[0]["squares"], reference.state[leaves[0]]["exp_avg_sq"])


# The slides' momentum: the rate inside v, and for Nesterov another point than PyTorch keeps.


def slide_and_pytorch(rates, *, nesterov):
    """Return the slides' points θ, their points ahead y, and PyTorch's parameters."""
    theta = torch.tensor([2.0, -1, 0.5]).double()
    leaf = theta.clone().requires_grad_()
    slide = VelocitySGD(lr=rates[0], momentum=0.7, nesterov=nesterov)
    reference = torch.optim.SGD([leaf], lr=rates[0], momentum=0.7, nesterov=nesterov)
    thetas, ahead, theirs = [theta], [theta], [theta]
    for rate in rates:
        slide.lr = reference.param_groups[0]["lr"] = rate
        theta = slide.step(theta, CURVATURE * slide.lookahead(theta))
        leaf.grad = CURVATURE * leaf.detach()
        reference.step()
        thetas.append(theta)
        ahead.append(slide.lookahead(theta))
        theirs.append(leaf.detach().clone())
    buffer = reference.state[leaf]["momentum_buffer"]
    return torch.stack(thetas), torch.stack(ahead), torch.stack(theirs), slide, buffer


def test_pytorch_keeps_the_point_ahead():
    thetas, ahead, theirs, slide, buffer = slide_and_pytorch([0.02] * 50, nesterov=True)
    close(ahead, theirs)
    assert (thetas - theirs)[1:20].norm(dim=1).min() > 0.01
    close(slide.state[0]["velocity"], -0.02 * buffer)


def test_without_nesterov_both_keep_the_same_point():
    thetas, ahead, theirs, slide, buffer = slide_and_pytorch([0.02] * 50, nesterov=False)
    close(thetas, theirs)
    close(ahead, theirs)
    close(slide.state[0]["velocity"], -0.02 * buffer)


@pytest.mark.parametrize("nesterov", [False, True])
def test_a_schedule_breaks_the_mapping(nesterov):
    rates = [0.02] * 5 + [0.004] * 15
    _, ahead, theirs, _, _ = slide_and_pytorch(rates, nesterov=nesterov)
    close(ahead[:6], theirs[:6])
    assert (ahead - theirs)[6:].norm(dim=1).min() > 0.02


def test_what_breaks_it_is_the_old_rate_in_the_velocity():
    theta = torch.tensor([2.0, -1, 0.5]).double()
    slide, plain = VelocitySGD(lr=0.02, momentum=0.7), SGD(lr=0.02, momentum=0.7)
    ours = theirs = theta
    for step in range(20):
        if step == 5:
            slide.lr = plain.lr = 0.004
            slide.state[0]["velocity"] *= 0.004 / 0.02
        ours = slide.step(ours, CURVATURE * ours)
        theirs = plain.step(theirs, CURVATURE * theirs)
        close(ours, theirs)


# Properties


@given(
    factor=st.floats(1e-3, 1e3),
    signs=st.lists(st.sampled_from([-1.0, 1.0]), min_size=1, max_size=4),
)
def test_the_first_step_of_adam_is_the_rate_on_every_axis(factor, signs):
    g = factor * torch.tensor(signs).double()
    step = Adam(lr=0.1, eps=1e-15).step(torch.zeros_like(g), g)
    close(step, -0.1 * torch.tensor(signs).double(), tolerance=1e-9)
    too_long = Adam(lr=0.1, eps=1e-15, bias_correction=False).step(torch.zeros_like(g), g)
    close(too_long, step * 0.1 / 0.001**0.5, tolerance=1e-9)


@given(scale=st.floats(1e-2, 1e2))
@pytest.mark.parametrize("optimizer", [AdaGrad, RMSProp, Adam])
def test_adaptive_steps_ignore_the_scale_of_an_axis(optimizer, scale):
    ours, scaled = optimizer(lr=0.1, eps=1e-30), optimizer(lr=0.1, eps=1e-30)
    theta = other = torch.tensor([1.0]).double()
    for _ in range(5):
        theta = ours.step(theta, theta)
        other = scaled.step(other, scale * other)
    close(theta, other, tolerance=1e-9)


def test_decoupled_decay_shrinks_all_axes_alike():
    theta, g = torch.tensor([2.0, 2]).double(), torch.tensor([0.0, 0]).double()
    close(AdamW(lr=0.1, weight_decay=0.5).step(theta, g), 0.95 * theta)
    steep = torch.tensor([1e-3, 1e3]).double()
    coupled = Adam(lr=0.1, weight_decay=0.5).step(theta, steep)
    without = Adam(lr=0.1).step(theta, steep)
    close(coupled, without, tolerance=1e-4)  # the penalty is divided away


def test_weight_decay_is_the_penalty_with_half_lambda():
    theta = randn(4).requires_grad_()
    lam = 0.3
    (lam * (theta**2).sum()).backward()
    penalized = SGD(lr=0.1).step(theta, theta.grad)
    close(SGD(lr=0.1, weight_decay=2 * lam).step(theta, torch.zeros(4).double()), penalized)


def test_effective_rates_make_up_for_steep_axes():
    theta, steep = torch.ones(2).double(), torch.tensor([1.0, 100]).double()
    for optimizer, rates in (
        (SGD(lr=0.1, momentum=0.9), [0.1, 0.1]),
        (VelocitySGD(lr=0.1, momentum=0.9), [0.1, 0.1]),
        (AdaGrad(lr=0.1), [0.1, 0.001]),
        (RMSProp(lr=0.1, alpha=0.75), [0.2, 0.002]),
        (Adam(lr=0.1), [0.1, 0.001]),
    ):
        optimizer.step(theta, steep)
        close(optimizer.effective_lr()[0], torch.tensor(rates).double(), tolerance=1e-6)
    adagrad, rmsprop = AdaGrad(lr=0.1), RMSProp(lr=0.1, alpha=0.5)
    for optimizer in (adagrad, rmsprop):
        for _ in range(100):
            optimizer.step(theta, steep)
    close(adagrad.effective_lr()[0][0], torch.tensor(0.01).double(), tolerance=1e-6)
    close(rmsprop.effective_lr()[0][0], torch.tensor(0.1).double(), tolerance=1e-6)


def test_centered_rmsprop_survives_a_constant_gradient():
    optimizer = RMSProp(centered=True, alpha=0.1)
    for _ in range(300):
        theta = optimizer.step(torch.zeros(3), torch.tensor([0.1, 0.3, 0.7]))
    assert theta.isfinite().all()


def test_a_tensor_or_a_list_and_nothing_is_changed():
    theta, g = torch.ones(3, requires_grad=True), torch.ones(3)
    alone, listed = Adam(lr=0.1), Adam(lr=0.1)
    for _ in range(3):
        result = alone.step(theta, g)
        (in_list,) = listed.step([theta], [g])
        close(result, in_list)
    assert not result.requires_grad
    assert theta.tolist() == g.tolist() == [1, 1, 1]
    assert alone.steps == 3


def test_bad_arguments():
    with pytest.raises(ParameterError, match="expected lr > 0, got 0"):
        SGD(lr=0)
    with pytest.raises(ParameterError, match="expected weight_decay ≥ 0, got -1"):
        Adam(weight_decay=-1)
    with pytest.raises(ParameterError, match="expected 0 ≤ momentum < 1, got 1"):
        SGD(lr=1, momentum=1)
    with pytest.raises(ParameterError, match=r"expected 0 ≤ momentum < 1, got -0\.1"):
        VelocitySGD(lr=1, momentum=-0.1)
    with pytest.raises(ParameterError, match="momentum > 0 and dampening = 0 with nesterov, got m"):
        SGD(lr=1, nesterov=True)
    with pytest.raises(ParameterError, match=r"got momentum=0\.9 and dampening=0\.1"):
        SGD(lr=1, nesterov=True, momentum=0.9, dampening=0.1)
    with pytest.raises(ParameterError, match="expected 0 ≤ alpha < 1, got 1"):
        RMSProp(alpha=1)
    with pytest.raises(ParameterError, match="expected 0 ≤ beta_2 < 1, got 2"):
        Adam(betas=(0.9, 2))
    for optimizer in (AdaGrad, RMSProp, Adam):
        with pytest.raises(ParameterError, match="expected eps > 0, got 0"):
            optimizer(eps=0)
    with pytest.raises(ParameterError, match="expected lr_decay ≥ 0, got -1"):
        AdaGrad(lr_decay=-1)
    with pytest.raises(ParameterError, match="expected initial_accumulator_value ≥ 0, got nan"):
        AdaGrad(initial_accumulator_value=float("nan"))


def test_parameters_that_do_not_fit():
    two = torch.ones(2)
    with pytest.raises(ParameterError, match=r"params and grads of the same shape, got shape=\(2,"):
        SGD(lr=1).step(two, torch.ones(3))
    with pytest.raises(ParameterError, match="as many gradients as parameters, got 1 and 2"):
        SGD(lr=1).step([two, two], [two])
    with pytest.raises(ParameterError, match="expected params of a floating-point dtype"):
        SGD(lr=1).step(torch.ones(2, dtype=torch.int64), two)
    optimizer = SGD(lr=1)
    with pytest.raises(ParameterError, match="expected at least one step before effective_lr"):
        optimizer.effective_lr()
    optimizer.step(two, two)
    with pytest.raises(ParameterError, match="expected 1 parameters again, got 2"):
        optimizer.step([two, two], [two, two])
    with pytest.raises(ParameterError, match="params and those of the step before of the same sh"):
        optimizer.step(torch.ones(3), torch.ones(3))
    assert optimizer.steps == 1
    slide = VelocitySGD(lr=1, momentum=0.5, nesterov=True)
    slide.step(two, two)
    with pytest.raises(ParameterError, match=r"params .* the step before of the same shape, got"):
        slide.lookahead(torch.ones(3))
    with pytest.raises(ParameterError, match="expected params to be a tensor, got list"):
        slide.lookahead([two])
    with pytest.raises(NotImplementedError):
        Optimizer(lr=1).step(two, two)
