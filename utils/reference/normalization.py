r"""Normalization: zero mean and unit variance, for the inputs once and for hidden units always.

Batches are (n, features) or (n, channels, …), as in PyTorch: every feature or channel is
normalized on its own, over all other axes. After the normalization comes a learned scale γ
(PyTorch: ``weight``) and shift β (``bias``), not to be mixed up with the momentum β of an
optimizer. `momentum` is, as in PyTorch, the share of the *new* batch in the running
statistics; most books mean the share of the old ones.
"""

from typing import NamedTuple

import torch

from utils.errors import ParameterError
from utils.reference.checks import require_float, require_positive, require_same_shape

__all__ = [
    "BatchNormOutput",
    "batch_norm",
    "batch_norm_grad",
    "input_statistics",
    "standardize_inputs",
]


class BatchNormOutput(NamedTuple):
    """What batch normalization returns.

    Attributes
    ----------
    output : torch.Tensor
        y, of the shape of the input.
    running_mean, running_var : torch.Tensor
        Shape (channels,): updated in training, as they were otherwise.
    """

    output: torch.Tensor
    running_mean: torch.Tensor
    running_var: torch.Tensor


def input_statistics(inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    r"""Compute mean and standard deviation of every feature, from the *training* set.

    Parameters
    ----------
    inputs : torch.Tensor
        x, shape (n, features) or (n, channels, …), floating point, not empty.

    Returns
    -------
    mean, std : torch.Tensor
        Shape (features,); divided by n, not n - 1. The std of a constant feature
        is given as 1, so that nobody divides by zero.

    Raises
    ------
    ParameterError
        If the shape or the dtype is wrong.

    Notes
    -----
    .. math:: \mu = \frac 1n \sum_i x_i, \qquad \sigma^2 = \frac 1n \sum_i (x_i - \mu)^2

    Lecture: ``lectures/03_optimizers.ipynb``
    """
    axes = _all_but_channels(inputs)
    mean, std = inputs.mean(dim=axes), inputs.std(dim=axes, correction=0)
    return mean, torch.where(std > 0, std, 1)


def standardize_inputs(
    inputs: torch.Tensor, *, mean: torch.Tensor, std: torch.Tensor
) -> torch.Tensor:
    r"""Return inputs with the given statistics taken out.

    They are those of the training set (:func:`input_statistics`), for validation and test
    inputs too: whoever computes them on the test set has looked at it.

    Parameters
    ----------
    inputs : torch.Tensor
        x, shape (n, features) or (n, channels, …), floating point.
    mean, std : torch.Tensor
        μ and σ > 0, shape (features,).

    Returns
    -------
    torch.Tensor
        Same shape; mean 0 and variance 1 if the statistics are its own.

    Raises
    ------
    ParameterError
        If shapes do not fit or a σ is not positive.

    Notes
    -----
    .. math:: \frac{x - \mu}{\sigma}

    Lecture: ``lectures/03_optimizers.ipynb``

    References
    ----------
    LeCun et al., "Efficient BackProp", in *Neural Networks: Tricks of the Trade*, 1998.
    """
    _all_but_channels(inputs)
    _require_per_channel(inputs, mean=mean, std=std)
    require_positive("std", float(std.min()))
    return (inputs - _spread(mean, inputs)) / _spread(std, inputs)


def batch_norm(
    inputs: torch.Tensor,
    scale: torch.Tensor,
    shift: torch.Tensor,
    running_mean: torch.Tensor,
    running_var: torch.Tensor,
    *,
    training: bool,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> BatchNormOutput:
    r"""Return normalized hidden units, and what is remembered for evaluation.

    In training, mean and variance are those of the batch: an example's output depends on the
    others. In evaluation they are the running ones, and it does not.

    Parameters
    ----------
    inputs : torch.Tensor
        x, shape (n, channels) or (n, channels, …), floating point; in training two or more
        values a channel.
    scale, shift : torch.Tensor
        γ and β, shape (channels,); 1 and 0 to begin with.
    running_mean, running_var : torch.Tensor
        Shape (channels,); 0 and 1 to begin with. They are not changed in place.
    training : bool
        Train or eval mode.
    momentum : float
        m, from 0 to 1: share of this batch in the running statistics.
    eps : float
        ε > 0, keeps the root away from 0.

    Returns
    -------
    BatchNormOutput
        Output, running mean and running variance.

    Raises
    ------
    ParameterError
        If shapes do not fit, an option is out of range, or a channel has one value.

    Notes
    -----
    .. math::
        y &= \gamma\, \hat x + \beta, \qquad \hat x = \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} \\
        \mu_{\text{run}} &\leftarrow (1 - m)\,\mu_{\text{run}} + m\,\mu, \qquad
        \sigma^2_{\text{run}} \leftarrow (1 - m)\,\sigma^2_{\text{run}}
                               + m\,\tfrac{n}{n - 1}\,\sigma^2

    with n values a channel. As in PyTorch the batch is normalized by its own variance
    (divided by n), while the running variance estimates that of all data (by n - 1).

    Lecture: ``lectures/03_optimizers.ipynb``

    References
    ----------
    Ioffe and Szegedy, "Batch Normalization", ICML 2015.
    """
    mean, var = _statistics(inputs, running_mean, running_var, training, eps)
    _require_per_channel(inputs, scale=scale, shift=shift)
    if not 0 <= momentum <= 1:
        raise ParameterError(f"expected momentum from 0 to 1, got {momentum}")
    normalized = (inputs - _spread(mean, inputs)) / _spread(torch.sqrt(var + eps), inputs)
    output = _spread(scale, inputs) * normalized + _spread(shift, inputs)
    if not training:
        return BatchNormOutput(output, running_mean, running_var)
    n = inputs.numel() // inputs.shape[1]
    unbiased = var.detach() * n / (n - 1)
    return BatchNormOutput(
        output,
        (1 - momentum) * running_mean + momentum * mean.detach(),
        (1 - momentum) * running_var + momentum * unbiased,
    )


def batch_norm_grad(
    inputs: torch.Tensor,
    upstream: torch.Tensor,
    scale: torch.Tensor,
    running_mean: torch.Tensor,
    running_var: torch.Tensor,
    *,
    training: bool,
    eps: float = 1e-5,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    r"""Return the gradients of batch normalization, given that of its output.

    Parameters
    ----------
    inputs : torch.Tensor
        x as for :func:`batch_norm`.
    upstream : torch.Tensor
        ∂L/∂y, same shape.
    scale, running_mean, running_var : torch.Tensor
        γ and the running statistics, as they were on the way forward.
    training : bool
        Train or eval mode.
    eps : float
        ε > 0.

    Returns
    -------
    inputs_grad, scale_grad, shift_grad : torch.Tensor
        ∂L/∂x, ∂L/∂γ and ∂L/∂β, of the shapes of x, γ and β.

    Raises
    ------
    ParameterError
        If shapes do not fit or there is one value a channel.

    Notes
    -----
    .. math::
        \frac{\partial L}{\partial\gamma} &= \sum_i \frac{\partial L}{\partial y_i}\,\hat x_i,
        \qquad \frac{\partial L}{\partial\beta} = \sum_i \frac{\partial L}{\partial y_i} \\
        \frac{\partial L}{\partial x_i} &= \frac{\gamma}{\sqrt{\sigma^2 + \epsilon}}
        \Big(\frac{\partial L}{\partial y_i} - \frac 1n \frac{\partial L}{\partial\beta}
             - \frac 1n \frac{\partial L}{\partial\gamma}\,\hat x_i\Big)

    The two last terms go through μ and σ²: what would only shift or scale the batch has no
    effect. In evaluation μ and σ² are constants, and only the first term is left.

    Lecture: ``lectures/03_optimizers.ipynb``

    References
    ----------
    Ioffe and Szegedy, "Batch Normalization", ICML 2015, section 3.
    """
    mean, var = _statistics(inputs, running_mean, running_var, training, eps)
    _require_per_channel(inputs, scale=scale)
    require_same_shape("upstream", upstream, "inputs", inputs)
    axes, n = _all_but_channels(inputs), inputs.numel() // inputs.shape[1]
    inverse_std = 1 / torch.sqrt(var + eps)
    normalized = (inputs - _spread(mean, inputs)) * _spread(inverse_std, inputs)

    scale_grad, shift_grad = (upstream * normalized).sum(dim=axes), upstream.sum(dim=axes)
    inputs_grad = upstream
    if training:
        through_mean = _spread(shift_grad / n, inputs)
        through_var = _spread(scale_grad / n, inputs) * normalized
        inputs_grad = upstream - through_mean - through_var
    return _spread(scale * inverse_std, inputs) * inputs_grad, scale_grad, shift_grad


def _statistics(
    inputs: torch.Tensor,
    running_mean: torch.Tensor,
    running_var: torch.Tensor,
    training: bool,
    eps: float,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return mean and variance to normalize with."""
    axes = _all_but_channels(inputs)
    _require_per_channel(inputs, running_mean=running_mean, running_var=running_var)
    require_positive("eps", eps)
    if not training:
        return running_mean, running_var
    if inputs.numel() == inputs.shape[1]:
        raise ParameterError(
            f"expected two or more values a channel in training, got shape={tuple(inputs.shape)}"
        )
    return inputs.mean(dim=axes), inputs.var(dim=axes, correction=0)


def _all_but_channels(inputs: torch.Tensor) -> list[int]:
    """Return the axes to normalize over."""
    require_float("inputs", inputs)
    if inputs.ndim < 2 or inputs.numel() == 0:
        raise ParameterError(
            f"expected inputs of shape (n, channels, …), not empty, got shape={tuple(inputs.shape)}"
        )
    return [axis for axis in range(inputs.ndim) if axis != 1]


def _require_per_channel(inputs: torch.Tensor, **tensors: torch.Tensor) -> None:
    """Raise ParameterError unless every tensor has one number a channel."""
    for name, tensor in tensors.items():
        if tuple(tensor.shape) != (inputs.shape[1],):
            raise ParameterError(
                f"expected {name} of shape ({inputs.shape[1]},), got shape={tuple(tensor.shape)}"
            )


def _spread(tensor: torch.Tensor, inputs: torch.Tensor) -> torch.Tensor:
    """Return numbers of shape (channels,) with axes added, so that they broadcast."""
    return tensor.reshape(-1, *[1] * (inputs.ndim - 2))
