"""Optimizers with a learning rate for every axis: AdaGrad, RMSProp, Adam, AdamW.

All divide by the size of an axis' recent gradients, so that an axis with little progress gets
larger steps. They differ in what "recent" means and in what is divided. Conventions as in
:mod:`utils.reference.optimizers`: step for step as ``torch.optim``; squares, roots and
quotients are those of each element.
"""

import torch

from utils.reference.checks import require_at_least, require_fraction, require_positive
from utils.reference.optimizers import Optimizer, State

__all__ = ["AdaGrad", "Adam", "AdamW", "RMSProp"]


class AdaGrad(Optimizer):
    r"""Divide by the size of all gradients so far: a rate that can only fall.

    Parameters
    ----------
    lr : float
        Learning rate η > 0.
    lr_decay : float
        k ≥ 0: also let η itself fall with 1/t.
    weight_decay : float
        λ of the penalty λ/2·‖θ‖².
    initial_accumulator_value : float
        h before the first step, ≥ 0.
    eps : float
        ε > 0, against a division by zero.

    Notes
    -----
    .. math:: g = \nabla L(\theta) + \lambda\theta, \qquad h \leftarrow h + g^2, \qquad
              \theta \leftarrow \theta -
              \frac{\eta}{1 + k (t - 1)} \cdot \frac{g}{\sqrt{h} + \epsilon}

    Lecture: ``lectures/03_optimizers.ipynb``

    References
    ----------
    Duchi, Hazan and Singer, "Adaptive subgradient methods for online learning and stochastic
    optimization", *JMLR* 12, 2011.
    """

    def __init__(
        self,
        *,
        lr: float = 0.01,
        lr_decay: float = 0.0,
        weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
    ) -> None:
        super().__init__(lr=lr, weight_decay=weight_decay)
        require_at_least(0, lr_decay=lr_decay, initial_accumulator_value=initial_accumulator_value)
        require_positive("eps", eps)
        self.lr_decay = lr_decay
        self.initial_accumulator_value = initial_accumulator_value
        self.eps = eps

    def _update(self, theta: torch.Tensor, gradient: torch.Tensor, state: State) -> torch.Tensor:
        g = gradient + self.weight_decay * theta
        start = torch.full_like(theta, self.initial_accumulator_value)
        state["squares"] = state.get("squares", start) + g**2
        lr = self.lr / (1 + (self.steps - 1) * self.lr_decay)
        state["rate"] = lr / (state["squares"].sqrt() + self.eps)
        return theta - state["rate"] * g


class RMSProp(Optimizer):
    r"""Divide by the size of the recent gradients: AdaGrad that forgets.

    Parameters
    ----------
    lr : float
        Learning rate η > 0.
    alpha : float
        α in [0, 1): how much of the average lasts; it reaches back about 1/(1 − α) steps.
    momentum : float
        β in [0, 1), on the divided gradients.
    centered : bool
        Divide by the standard deviation of the gradients instead of their root mean square.
    weight_decay : float
        λ of the penalty λ/2·‖θ‖².
    eps : float
        ε > 0, against a division by zero.

    Notes
    -----
    .. math:: g = \nabla L(\theta) + \lambda\theta, \qquad
              h \leftarrow \alpha h + (1 - \alpha) g^2, \qquad
              v \leftarrow \beta v + \frac{g}{\sqrt{h} + \epsilon}, \qquad
              \theta \leftarrow \theta - \eta v

    Centered: h − m² in place of h, with m the same average of g. When rounding makes it
    negative, it counts as 0 here; PyTorch then takes the root of a negative number.

    Lecture: ``lectures/03_optimizers.ipynb``

    References
    ----------
    Tieleman and Hinton, "Lecture 6.5: RMSProp", *Neural Networks for Machine Learning*, 2012;
    Graves, "Generating sequences with recurrent neural networks", 2013 (centered).
    """

    def __init__(
        self,
        *,
        lr: float = 0.01,
        alpha: float = 0.99,
        momentum: float = 0.0,
        centered: bool = False,
        weight_decay: float = 0.0,
        eps: float = 1e-8,
    ) -> None:
        super().__init__(lr=lr, weight_decay=weight_decay)
        require_fraction(alpha=alpha, momentum=momentum)
        require_positive("eps", eps)
        self.alpha = alpha
        self.momentum = momentum
        self.centered = centered
        self.eps = eps

    def _update(self, theta: torch.Tensor, gradient: torch.Tensor, state: State) -> torch.Tensor:
        g = gradient + self.weight_decay * theta
        h = state["squares"] = _average(state.get("squares"), g**2, self.alpha)
        if self.centered:
            m = state["mean"] = _average(state.get("mean"), g, self.alpha)
            h = (h - m**2).clamp(min=0)
        root = h.sqrt() + self.eps
        v = self.momentum * state.get("velocity", torch.zeros_like(theta)) + g / root
        state["velocity"] = v
        state["rate"] = self.lr / root
        return theta - self.lr * v


class Adam(Optimizer):
    r"""Momentum and a rate for every axis at once; a good first choice.

    m and h are the first and the second *moment* of the gradient, hence the name: adaptive
    moment estimation.

    Parameters
    ----------
    lr : float
        Learning rate η > 0; a step is at most about as long, on every axis.
    betas : (float, float)
        β₁ and β₂ in [0, 1): how much of the two averages lasts.
    eps : float
        ε > 0, against a division by zero.
    weight_decay : float
        λ of the penalty λ/2·‖θ‖². It is divided like any gradient, hence hardly acts on axes
        with large gradients; see :class:`AdamW`.
    bias_correction : bool
        Both averages start at zero, hence are too small at first; the division by 1 − βᵗ makes
        up for that. Without it the first steps are too long: about (1 − β₁)/√(1 − β₂) times η.

    Notes
    -----
    .. math:: g = \nabla L(\theta) + \lambda\theta, \qquad
              m \leftarrow \beta_1 m + (1 - \beta_1) g, \qquad
              h \leftarrow \beta_2 h + (1 - \beta_2) g^2

    .. math:: \hat m = \frac{m}{1 - \beta_1^t}, \qquad \hat h = \frac{h}{1 - \beta_2^t}, \qquad
              \theta \leftarrow \theta - \eta\,\frac{\hat m}{\sqrt{\hat h} + \epsilon}

    Lecture: ``lectures/03_optimizers.ipynb``

    References
    ----------
    Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1.
    """

    def __init__(
        self,
        *,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        bias_correction: bool = True,
    ) -> None:
        super().__init__(lr=lr, weight_decay=weight_decay)
        require_fraction(beta_1=betas[0], beta_2=betas[1])
        require_positive("eps", eps)
        self.betas = betas
        self.eps = eps
        self.bias_correction = bias_correction

    def _update(self, theta: torch.Tensor, gradient: torch.Tensor, state: State) -> torch.Tensor:
        return self._adam(theta, gradient + self.weight_decay * theta, state)

    def _adam(self, theta: torch.Tensor, g: torch.Tensor, state: State) -> torch.Tensor:
        beta_1, beta_2 = self.betas
        m = state["mean"] = _average(state.get("mean"), g, beta_1)
        h = state["squares"] = _average(state.get("squares"), g**2, beta_2)
        if self.bias_correction:
            m = m / (1 - beta_1**self.steps)
            h = h / (1 - beta_2**self.steps)
        state["rate"] = self.lr / (h.sqrt() + self.eps)
        return theta - state["rate"] * m


class AdamW(Adam):
    r"""Adam with *decoupled* weight decay: the weights shrink apart from the gradient.

    Parameters
    ----------
    lr, betas, eps
        As for :class:`Adam`.
    weight_decay : float
        λ ≥ 0: every step first multiplies the weights by 1 − ηλ, on all axes alike.
    bias_correction : bool
        As for :class:`Adam`.

    Notes
    -----
    .. math:: \theta \leftarrow (1 - \eta\lambda)\,\theta -
              \eta\,\frac{\hat m}{\sqrt{\hat h} + \epsilon}, \qquad g = \nabla L(\theta)

    with m̂ and ĥ as in Adam. λ does not mean the same as there, nor is it the λ of a penalty.

    Lecture: ``lectures/03_optimizers.ipynb``

    References
    ----------
    Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019, algorithm 2.
    """

    def __init__(
        self,
        *,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
        bias_correction: bool = True,
    ) -> None:
        super().__init__(
            lr=lr,
            betas=betas,
            eps=eps,
            weight_decay=weight_decay,
            bias_correction=bias_correction,
        )

    def _update(self, theta: torch.Tensor, gradient: torch.Tensor, state: State) -> torch.Tensor:
        return self._adam((1 - self.lr * self.weight_decay) * theta, gradient, state)


def _average(before: torch.Tensor | None, new: torch.Tensor, beta: float) -> torch.Tensor:
    """Return the moving average β·before + (1 − β)·new, which starts at zero."""
    return (1 - beta) * new if before is None else beta * before + (1 - beta) * new
