"""Count the parameters of fully connected nets: what depth costs and what width costs."""

from collections.abc import Sequence
from itertools import pairwise

from utils.errors import ParameterError

__all__ = ["count_parameters", "matching_width"]


def count_parameters(layer_sizes: Sequence[int]) -> int:
    r"""Compute how many weights and biases a fully connected net has.

    Parameters
    ----------
    layer_sizes : sequence of int
        Units from the input to the output, at least two numbers ≥ 1.

    Returns
    -------
    int
        Weights plus biases.

    Raises
    ------
    ParameterError
        If there are fewer than two layers or a layer without units.

    Notes
    -----
    .. math:: \sum_{k=1}^{L} (n_{k-1} + 1)\, n_k

    Lecture: ``lectures/00_neural_networks.ipynb``

    References
    ----------
    Prince, *Understanding Deep Learning*, MIT Press, 2023, chapter 4.
    """
    if len(layer_sizes) < 2 or min(layer_sizes) < 1:
        raise ParameterError(f"expected two or more layer sizes ≥ 1, got {list(layer_sizes)}")
    return sum((n_in + 1) * n_out for n_in, n_out in pairwise(layer_sizes))


def matching_width(
    n_parameters: int, *, hidden_layers: int, n_inputs: int = 1, n_outputs: int = 1
) -> int:
    r"""Return the widest hidden layers that a given number of parameters can pay for.

    With it, a shallow and a deep net compete on equal terms.

    Parameters
    ----------
    n_parameters : int
        The most that the net may have.
    hidden_layers : int
        How many hidden layers, all of the same width, ≥ 1.
    n_inputs, n_outputs : int
        Units of input and output, ≥ 1.

    Returns
    -------
    int
        Units a hidden layer.

    Raises
    ------
    ParameterError
        If a number is below 1 or not even one unit a layer can be paid for.

    Notes
    -----
    .. math:: \max\,\{\, n : (n_{\text{in}} + 1)\,n + (D - 1)(n + 1)\,n
              + (n + 1)\,n_{\text{out}} \le P \,\}

    Lecture: ``lectures/00_neural_networks.ipynb``
    """
    if hidden_layers < 1:
        raise ParameterError(f"expected hidden_layers ≥ 1, got {hidden_layers}")

    def cost(width: int) -> int:
        return count_parameters([n_inputs, *[width] * hidden_layers, n_outputs])

    if cost(1) > n_parameters:
        raise ParameterError(f"expected n_parameters ≥ {cost(1)}, got {n_parameters}")
    width = 1
    while cost(width + 1) <= n_parameters:
        width += 1
    return width
