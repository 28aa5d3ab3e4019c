"""Optimizers with one learning rate for all axes: plain descent, momentum, Nesterov.

Conventions: ``step(params, grads)`` takes a tensor, or a list of tensors as a net has them, and
returns the new ones; it changes none of them. Only what an optimizer remembers (velocities,
averages) stays inside, in ``state``. The rate is an attribute: a schedule sets
``optimizer.lr`` before the step. All classes follow ``torch.optim`` step for step, without its
options ``maximize`` and ``amsgrad``; the adaptive ones are in
:mod:`utils.reference.adaptive_optimizers`.

The slides write momentum with the rate inside the velocity and Nesterov's gradient at a point
ahead. That is :class:`VelocitySGD`; its docstring maps the one form to the other.

References
----------
Polyak, "Some methods of speeding up the convergence of iteration methods", *USSR Computational
Mathematics and Mathematical Physics* 4(5), 1964; Nesterov, "A method for solving the convex
programming problem with convergence rate O(1/k²)", *Doklady AN SSSR* 269, 1983; Sutskever,
Martens, Dahl and Hinton, "On the importance of initialization and momentum in deep learning",
ICML 2013.
"""

from collections.abc import Sequence
from typing import overload

import torch

from utils.errors import ParameterError
from utils.reference.checks import (
    require_at_least,
    require_float,
    require_fraction,
    require_positive,
    require_same_shape,
)

__all__ = ["SGD", "Optimizer", "State", "VelocitySGD"]

State = dict[str, torch.Tensor]


class Optimizer:
    """What all optimizers share: walk over the parameters, remember a state for each.

    Parameters
    ----------
    lr : float
        Learning rate η > 0.
    weight_decay : float
        λ ≥ 0.

    Attributes
    ----------
    lr : float
        May be set before every step.
    steps : int
        Taken so far.
    state : list of dict of str to torch.Tensor
        What is remembered, one entry for each parameter tensor.

    Raises
    ------
    ParameterError
        If a number is out of range.

    Notes
    -----
    Lecture: ``lectures/03_optimizers.ipynb``
    """

    def __init__(self, *, lr: float, weight_decay: float = 0.0) -> None:
        require_positive("lr", lr)
        require_at_least(0, weight_decay=weight_decay)
        self.lr = lr
        self.weight_decay = weight_decay
        self.steps = 0
        self.state: list[State] = []

    @overload
    def step(self, params: torch.Tensor, grads: torch.Tensor) -> torch.Tensor: ...

    @overload
    def step(
        self, params: Sequence[torch.Tensor], grads: Sequence[torch.Tensor]
    ) -> list[torch.Tensor]: ...

    def step(
        self,
        params: torch.Tensor | Sequence[torch.Tensor],
        grads: torch.Tensor | Sequence[torch.Tensor],
    ) -> torch.Tensor | list[torch.Tensor]:
        """Return the parameters after one update.

        Parameters
        ----------
        params : torch.Tensor or sequence of torch.Tensor
            θ; the same shapes in every step.
        grads : torch.Tensor or sequence of torch.Tensor
            ∇L(θ), as `params`.

        Returns
        -------
        torch.Tensor or list of torch.Tensor
            As `params`.

        Raises
        ------
        ParameterError
            If numbers of tensors or shapes differ.
        """
        if isinstance(params, torch.Tensor) or isinstance(grads, torch.Tensor):
            return self.step(_listed(params), _listed(grads))[0]
        if len(params) != len(grads):
            raise ParameterError(
                f"expected as many gradients as parameters, got {len(grads)} and {len(params)}"
            )
        if not self.state:
            self.state = [{} for _ in params]
        if len(params) != len(self.state):
            raise ParameterError(f"expected {len(self.state)} parameters again, got {len(params)}")
        for theta, gradient, state in zip(params, grads, self.state, strict=True):
            require_float("params", theta)
            require_same_shape("params", theta, "grads", gradient)
            for kept in state.values():
                require_same_shape("params", theta, "those of the step before", kept)
        self.steps += 1
        return [
            self._update(theta.detach(), gradient.detach(), state)
            for theta, gradient, state in zip(params, grads, self.state, strict=True)
        ]

    def effective_lr(self) -> list[torch.Tensor]:
        """Return the rate of every axis in the last step, one tensor for each parameter.

        It is the factor on the gradient (Adam: on its corrected average), in front of any
        momentum: the same for all axes here, but not in an adaptive optimizer.
        """
        if not self.steps:
            raise ParameterError("expected at least one step before effective_lr, got none")
        return [state["rate"] for state in self.state]

    def _update(self, theta: torch.Tensor, gradient: torch.Tensor, state: State) -> torch.Tensor:
        """Return one parameter after its update and bring its `state` up to date."""
        raise NotImplementedError


def _listed(tensors: torch.Tensor | Sequence[torch.Tensor]) -> Sequence[torch.Tensor]:
    return [tensors] if isinstance(tensors, torch.Tensor) else tensors


class SGD(Optimizer):
    r"""Gradient descent, if wanted with momentum: the path remembers where it was going.

    Called *stochastic* for what it is fed with: the gradient of some of the examples.

    Parameters
    ----------
    lr : float
        Learning rate η > 0.
    momentum : float
        β in [0, 1): how much of the velocity lasts. At a constant gradient the steps grow up
        to 1/(1 − β) times η.
    dampening : float
        d: how much of a new gradient is left out.
    nesterov : bool
        Step with the velocity as it will be, hence see an obstacle earlier.
    weight_decay : float
        λ of the penalty λ/2·‖θ‖².

    Notes
    -----
    .. math:: g = \nabla L(\theta) + \lambda\theta, \qquad v \leftarrow \beta v + (1 - d)\,g,
              \qquad \theta \leftarrow \theta - \eta\,v

    and with Nesterov θ ← θ − η (g + β v). The first velocity is g, not (1 − d) g, as in PyTorch.

    Lecture: ``lectures/03_optimizers.ipynb``
    """

    def __init__(
        self,
        *,
        lr: float,
        momentum: float = 0.0,
        dampening: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(lr=lr, weight_decay=weight_decay)
        require_fraction(momentum=momentum)
        if nesterov and (momentum == 0 or dampening != 0):
            raise ParameterError(
                "expected momentum > 0 and dampening = 0 with nesterov, "
                f"got momentum={momentum} and dampening={dampening}"
            )
        self.momentum = momentum
        self.dampening = dampening
        self.nesterov = nesterov

    def _update(self, theta: torch.Tensor, gradient: torch.Tensor, state: State) -> torch.Tensor:
        g = gradient + self.weight_decay * theta
        v = g
        if self.momentum and "velocity" in state:
            v = self.momentum * state["velocity"] + (1 - self.dampening) * g
        state["velocity"] = v
        state["rate"] = torch.full_like(theta, self.lr)
        return theta - self.lr * (g + self.momentum * v if self.nesterov else v)


class VelocitySGD(Optimizer):
    r"""Momentum as on the slides: the rate is inside the velocity, and θ moves by v.

    Parameters
    ----------
    lr : float
        Learning rate η > 0.
    momentum : float
        ρ in [0, 1), the β of :class:`SGD`.
    nesterov : bool
        Take the gradient ahead, at :meth:`lookahead`; that is for the caller to do.

    Notes
    -----
    .. math:: y = \theta + \rho v, \qquad v \leftarrow \rho v - \eta\,\nabla L(y), \qquad
              \theta \leftarrow \theta + v

    (without Nesterov y = θ). With :math:`b = -v/\eta` this is the update of :class:`SGD`: the
    velocity b that PyTorch keeps has no rate in it, and the Nesterov parameters that PyTorch
    keeps are y, the point ahead, not θ. It needs no gradient at a second point therefore.

    This holds while η is constant. When a schedule changes it, v still carries the old rate
    but ηb takes the new one at once: the two paths part.

    Lecture: ``lectures/03_optimizers.ipynb``
    """

    def __init__(self, *, lr: float, momentum: float, nesterov: bool = False) -> None:
        super().__init__(lr=lr)
        require_fraction(momentum=momentum)
        self.momentum = momentum
        self.nesterov = nesterov

    def lookahead(self, params: torch.Tensor) -> torch.Tensor:
        """Return where the gradient has to be taken: y = θ + ρv, or θ without Nesterov.

        Parameters
        ----------
        params : torch.Tensor
            θ, one tensor.

        Returns
        -------
        torch.Tensor
            y, same shape.

        Raises
        ------
        ParameterError
            If it is no floating-point tensor or not of the shape that was stepped.
        """
        require_float("params", params)
        if not (self.nesterov and self.state):
            return params
        velocity = self.state[0]["velocity"]
        require_same_shape("params", params, "those of the step before", velocity)
        return params + self.momentum * velocity

    def _update(self, theta: torch.Tensor, gradient: torch.Tensor, state: State) -> torch.Tensor:
        v = self.momentum * state.get("velocity", torch.zeros_like(theta)) - self.lr * gradient
        state["velocity"] = v
        state["rate"] = torch.full_like(theta, self.lr)
        return theta + v
