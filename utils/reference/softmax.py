"""Softmax and its logarithm: from scores (logits) to probability-like numbers.

Softmax keeps the order of the scores and turns their differences into ratios: adding the
same number to all scores changes nothing. Computed as in books it fails once a score
reaches 89 in float32 (710 in float64); the ``*_naive`` forms show it. The class axis is
the last one unless ``dim`` says otherwise.

References
----------
Goodfellow, Bengio and Courville, *Deep Learning*, MIT Press, 2016, sections 4.1 and 6.2.2.3.
Hinton, Vinyals and Dean, "Distilling the Knowledge in a Neural Network",
arXiv:1503.02531, 2015 (temperature).
"""

import torch

from utils.reference.checks import require_float, require_positive, require_same_shape

__all__ = [
    "log_softmax",
    "log_softmax_grad",
    "log_softmax_naive",
    "softmax",
    "softmax_grad",
    "softmax_naive",
]


def softmax(logits: torch.Tensor, *, dim: int = -1, temperature: float = 1.0) -> torch.Tensor:
    r"""Return positive numbers that sum to 1 along `dim`, in the order of the logits.

    Parameters
    ----------
    logits : torch.Tensor
        Scores :math:`\tilde y`; any shape, floating point.
    dim : int
        The axis of the classes.
    temperature : float
        T > 0: near 0 the largest score takes all, towards infinity all become equal.

    Returns
    -------
    torch.Tensor
        Probabilities, same shape and dtype.

    Raises
    ------
    ParameterError
        If `logits` is not floating point or `temperature` ≤ 0.

    Notes
    -----
    .. math:: \hat y_i = \frac{e^{\tilde y_i / T}}{\sum_j e^{\tilde y_j / T}}

    The largest score is subtracted first. That changes nothing, and no exponential overflows.

    Lecture: ``lectures/01_losses.ipynb``
    """
    return log_softmax(logits, dim=dim, temperature=temperature).exp()


def softmax_naive(logits: torch.Tensor, *, dim: int = -1) -> torch.Tensor:
    r"""Return the softmax as written in books: NaN where an exponential overflows.

    Parameters
    ----------
    logits : torch.Tensor
        Scores; any shape, floating point.
    dim : int
        The axis of the classes.

    Returns
    -------
    torch.Tensor
        Probabilities, same shape and dtype; ∞/∞ = NaN for a score of 1000.

    Raises
    ------
    ParameterError
        If `logits` is not floating point.

    Notes
    -----
    .. math:: \hat y_i = \frac{e^{\tilde y_i}}{\sum_j e^{\tilde y_j}}

    Lecture: ``lectures/01_losses.ipynb``
    """
    require_float("logits", logits)
    return logits.exp() / logits.exp().sum(dim, keepdim=True)


def softmax_grad(
    logits: torch.Tensor, upstream: torch.Tensor, *, dim: int = -1, temperature: float = 1.0
) -> torch.Tensor:
    r"""Return the gradient of a loss with respect to the logits, given that of the softmax.

    Parameters
    ----------
    logits : torch.Tensor
        Scores; any shape, floating point.
    upstream : torch.Tensor
        :math:`\partial L/\partial\hat y`; same shape.
    dim, temperature
        As for :func:`softmax`.

    Returns
    -------
    torch.Tensor
        :math:`\partial L/\partial\tilde y`; same shape, sums to 0 along `dim`.

    Raises
    ------
    ParameterError
        If the shapes differ, or as in :func:`softmax`.

    Notes
    -----
    .. math:: \frac{\partial\hat y_i}{\partial\tilde y_j}
              = \frac1T\,\hat y_i\,([i = j] - \hat y_j), \qquad
              \frac{\partial L}{\partial\tilde y_j} = \frac1T\,\hat y_j
              \Big(\frac{\partial L}{\partial\hat y_j}
              - \sum_i \frac{\partial L}{\partial\hat y_i}\,\hat y_i\Big)

    Lecture: ``lectures/01_losses.ipynb``
    """
    require_same_shape("upstream", upstream, "logits", logits)
    probs = softmax(logits, dim=dim, temperature=temperature)
    return probs * (upstream - (upstream * probs).sum(dim, keepdim=True)) / temperature


def log_softmax(logits: torch.Tensor, *, dim: int = -1, temperature: float = 1.0) -> torch.Tensor:
    r"""Return the logarithm of :func:`softmax`, finite for all finite logits.

    Parameters
    ----------
    logits : torch.Tensor
        Scores; any shape, floating point.
    dim, temperature
        As for :func:`softmax`.

    Returns
    -------
    torch.Tensor
        Natural logarithms of the probabilities, ≤ 0; same shape and dtype.

    Raises
    ------
    ParameterError
        As in :func:`softmax`.

    Notes
    -----
    With m the largest scaled score (log-sum-exp trick),

    .. math:: \log\hat y_i = \tilde y_i/T - m - \log\sum_j e^{\tilde y_j/T - m}

    Lecture: ``lectures/01_losses.ipynb``
    """
    require_float("logits", logits)
    require_positive("temperature", temperature)
    scaled = logits / temperature
    shifted = scaled - scaled.amax(dim, keepdim=True).detach()  # a shift has no gradient
    return shifted - shifted.exp().sum(dim, keepdim=True).log()


def log_softmax_naive(logits: torch.Tensor, *, dim: int = -1) -> torch.Tensor:
    r"""Return the logarithm of :func:`softmax_naive`: NaN or -∞ far from zero.

    Parameters
    ----------
    logits : torch.Tensor
        Scores; any shape, floating point.
    dim : int
        The axis of the classes.

    Returns
    -------
    torch.Tensor
        Same shape and dtype; log 0 = -∞ for a score far below the others.

    Raises
    ------
    ParameterError
        If `logits` is not floating point.

    Notes
    -----
    .. math:: \log\hat y_i = \log\frac{e^{\tilde y_i}}{\sum_j e^{\tilde y_j}}

    Lecture: ``lectures/01_losses.ipynb``
    """
    return softmax_naive(logits, dim=dim).log()


def log_softmax_grad(
    logits: torch.Tensor, upstream: torch.Tensor, *, dim: int = -1, temperature: float = 1.0
) -> torch.Tensor:
    r"""Return the gradient of a loss with respect to the logits, given that of the log-softmax.

    Parameters
    ----------
    logits : torch.Tensor
        Scores; any shape, floating point.
    upstream : torch.Tensor
        :math:`\partial L/\partial\log\hat y`; same shape.
    dim, temperature
        As for :func:`softmax`.

    Returns
    -------
    torch.Tensor
        :math:`\partial L/\partial\tilde y`; same shape, sums to 0 along `dim`.

    Raises
    ------
    ParameterError
        If the shapes differ, or as in :func:`softmax`.

    Notes
    -----
    .. math:: \frac{\partial L}{\partial\tilde y_j}
              = \frac1T\Big(\frac{\partial L}{\partial\log\hat y_j}
              - \hat y_j \sum_i \frac{\partial L}{\partial\log\hat y_i}\Big)

    Lecture: ``lectures/01_losses.ipynb``
    """
    require_same_shape("upstream", upstream, "logits", logits)
    probs = softmax(logits, dim=dim, temperature=temperature)
    return (upstream - probs * upstream.sum(dim, keepdim=True)) / temperature
