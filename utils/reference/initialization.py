r"""First weights whose variance keeps signals in range, layer after layer.

With n independent inputs, :math:`\operatorname{Var}(z) = n \operatorname{Var}(w)\,
\operatorname{E}(x^2)`: more than 1/n, and activations grow from layer to layer; less, and
they fade. The same holds for gradients on their way back, with the units of the layer above.

A weight is (out_features, in_features) or (out_channels, in_channels, height, width), as in
PyTorch. Its *fan-in* n_in is the number of inputs that one unit sums up, its *fan-out* n_out
the number of units that one input reaches; for a kernel both count every one of its cells.
"""

import math
from collections.abc import Sequence
from typing import Literal

import torch

from utils.errors import ParameterError
from utils.reference.checks import require_positive

__all__ = ["fans", "he_normal", "he_uniform", "xavier_normal", "xavier_uniform"]


def fans(shape: Sequence[int]) -> tuple[int, int]:
    r"""Compute fan-in and fan-out of a weight.

    Parameters
    ----------
    shape : sequence of int
        (n_out, n_in) or (out_channels, in_channels, *kernel_size), all ≥ 1.

    Returns
    -------
    (int, int)
        Fan-in and fan-out.

    Raises
    ------
    ParameterError
        If there are fewer than two axes or an empty one.

    Notes
    -----
    .. math:: n_{\text{in}} = C_{\text{in}} \prod_a K_a, \qquad
              n_{\text{out}} = C_{\text{out}} \prod_a K_a

    Lecture: ``lectures/03_optimizers.ipynb``
    """
    if len(shape) < 2 or min(shape) < 1:
        raise ParameterError(f"expected a shape of two or more axes ≥ 1, got {tuple(shape)}")
    n_cells = math.prod(shape[2:])
    return shape[1] * n_cells, shape[0] * n_cells


def xavier_uniform(
    shape: Sequence[int],
    *,
    gain: float = 1.0,
    dtype: torch.dtype = torch.float32,
    generator: torch.Generator | None = None,
) -> torch.Tensor:
    r"""Return uniform random weights that suit tanh and sigmoid (Xavier, or Glorot).

    A compromise between activations, which want 1/n_in, and gradients, which want 1/n_out.

    Parameters
    ----------
    shape : sequence of int
        Of the weight, see :func:`fans`.
    gain : float
        g > 0, a factor for the activation that follows.
    dtype : torch.dtype
        Of the weight.
    generator : torch.Generator, optional
        Source of randomness.

    Returns
    -------
    torch.Tensor
        The weight.

    Raises
    ------
    ParameterError
        If `shape` or `gain` is out of range.

    Notes
    -----
    .. math:: w \sim \mathcal U(-a, a), \quad a = \sqrt 3\,\sigma, \quad
              \sigma^2 = \frac{2 g^2}{n_{\text{in}} + n_{\text{out}}}

    Lecture: ``lectures/03_optimizers.ipynb``

    References
    ----------
    Glorot and Bengio, "Understanding the Difficulty of Training Deep Feedforward Neural
    Networks", AISTATS 2010.
    """
    return _uniform(shape, _xavier_std(shape, gain), dtype, generator)


def xavier_normal(
    shape: Sequence[int],
    *,
    gain: float = 1.0,
    dtype: torch.dtype = torch.float32,
    generator: torch.Generator | None = None,
) -> torch.Tensor:
    r"""Return normal random weights that suit tanh and sigmoid (Xavier, or Glorot).

    Parameters
    ----------
    shape, gain, dtype, generator : as for xavier_uniform
        What to make.

    Returns
    -------
    torch.Tensor
        The weight.

    Raises
    ------
    ParameterError
        If `shape` or `gain` is out of range.

    Notes
    -----
    .. math:: w \sim \mathcal N(0, \sigma^2), \quad
              \sigma^2 = \frac{2 g^2}{n_{\text{in}} + n_{\text{out}}}

    Lecture: ``lectures/03_optimizers.ipynb``

    References
    ----------
    Glorot and Bengio, "Understanding the Difficulty of Training Deep Feedforward Neural
    Networks", AISTATS 2010.
    """
    return _normal(shape, _xavier_std(shape, gain), dtype, generator)


def he_uniform(
    shape: Sequence[int],
    *,
    mode: Literal["fan_in", "fan_out"] = "fan_in",
    dtype: torch.dtype = torch.float32,
    generator: torch.Generator | None = None,
) -> torch.Tensor:
    r"""Return uniform random weights that suit ReLU (He, or Kaiming).

    ReLU lets half of the signal's power through; twice the variance makes up for it.

    Parameters
    ----------
    shape : sequence of int
        Of the weight, see :func:`fans`.
    mode : "fan_in" or "fan_out"
        Whether activations or gradients keep their range exactly.
    dtype : torch.dtype
        Of the weight.
    generator : torch.Generator, optional
        Source of randomness.

    Returns
    -------
    torch.Tensor
        The weight.

    Raises
    ------
    ParameterError
        If `shape` or `mode` is out of range.

    Notes
    -----
    .. math:: w \sim \mathcal U(-a, a), \quad a = \sqrt 3\,\sigma, \quad
              \sigma^2 = \frac{2}{n_{\text{in}}}

    Lecture: ``lectures/03_optimizers.ipynb``

    References
    ----------
    He et al., "Delving Deep into Rectifiers", ICCV 2015.
    """
    return _uniform(shape, _he_std(shape, mode), dtype, generator)


def he_normal(
    shape: Sequence[int],
    *,
    mode: Literal["fan_in", "fan_out"] = "fan_in",
    dtype: torch.dtype = torch.float32,
    generator: torch.Generator | None = None,
) -> torch.Tensor:
    r"""Return normal random weights that suit ReLU (He, or Kaiming).

    Parameters
    ----------
    shape, mode, dtype, generator : as for he_uniform
        What to make.

    Returns
    -------
    torch.Tensor
        The weight.

    Raises
    ------
    ParameterError
        If `shape` or `mode` is out of range.

    Notes
    -----
    .. math:: w \sim \mathcal N(0, \sigma^2), \quad \sigma^2 = \frac{2}{n_{\text{in}}}

    Lecture: ``lectures/03_optimizers.ipynb``

    References
    ----------
    He et al., "Delving Deep into Rectifiers", ICCV 2015.
    """
    return _normal(shape, _he_std(shape, mode), dtype, generator)


def _xavier_std(shape: Sequence[int], gain: float) -> float:
    require_positive("gain", gain)
    return gain * math.sqrt(2 / sum(fans(shape)))


def _he_std(shape: Sequence[int], mode: str) -> float:
    fan_in, fan_out = fans(shape)
    if mode not in ("fan_in", "fan_out"):
        raise ParameterError(f"expected mode 'fan_in' or 'fan_out', got {mode!r}")
    return math.sqrt(2 / (fan_in if mode == "fan_in" else fan_out))


def _uniform(
    shape: Sequence[int], std: float, dtype: torch.dtype, generator: torch.Generator | None
) -> torch.Tensor:
    bound = math.sqrt(3) * std  # a uniform number from -a to a has the variance a²/3
    return (2 * torch.rand(*shape, dtype=dtype, generator=generator) - 1) * bound


def _normal(
    shape: Sequence[int], std: float, dtype: torch.dtype, generator: torch.Generator | None
) -> torch.Tensor:
    return torch.randn(*shape, dtype=dtype, generator=generator) * std
