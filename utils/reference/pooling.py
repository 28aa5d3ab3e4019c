"""Pooling: one number for every block of a feature map.

Maps are (n, channels, height, width), and every channel is pooled on its own. As in PyTorch
the stride is the kernel size unless given, and a last block that would stand out is left out;
padding is not needed in the course, and left out too. Where these differ from PyTorch:
:func:`lp_pool2d` averages the powers instead of adding them up.
The way back is written out for max pooling, and left to autograd for the others.

References
----------
Goodfellow, Bengio and Courville, *Deep Learning*, MIT Press, 2016, section 9.3.
"""

import torch

from utils.errors import ParameterError
from utils.reference.checks import require_class_index, require_float, require_same_shape
from utils.reference.patches import Size, pair, patches, require_images

__all__ = [
    "avg_pool2d",
    "lp_pool2d",
    "max_pool2d",
    "max_pool2d_grad",
    "max_pool2d_with_switches",
    "max_unpool2d",
    "std_pool2d",
]


def max_pool2d(
    inputs: torch.Tensor, *, kernel_size: Size = 2, stride: Size | None = None
) -> torch.Tensor:
    r"""Return the largest value of every block.

    Parameters
    ----------
    inputs : torch.Tensor
        x, shape (n, channels, height, width), floating point.
    kernel_size : int or (int, int)
        Cells of a block along height and width, ≥ 1.
    stride : int or (int, int), optional
        Distance of the blocks, ≥ 1; `kernel_size` if not given.

    Returns
    -------
    torch.Tensor
        Shape (n, channels, out_height, out_width).

    Raises
    ------
    ParameterError
        If an option is out of range or a block is larger than the map.

    Notes
    -----
    .. math:: y_{n,c,h,w} = \max_{i,j}\; x_{n,\,c,\;h s + i,\;w s + j}

    Lecture: ``lectures/05_cnns.ipynb``
    """
    return max_pool2d_with_switches(inputs, kernel_size=kernel_size, stride=stride)[0]


def max_pool2d_with_switches(
    inputs: torch.Tensor, *, kernel_size: Size = 2, stride: Size | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    r"""Return the largest value of every block, and where it was.

    Parameters
    ----------
    inputs, kernel_size, stride : as for max_pool2d
        What to pool, and how.

    Returns
    -------
    values : torch.Tensor
        Shape (n, channels, out_height, out_width).
    switches : torch.Tensor of int64
        Same shape: row · width + column of the largest value in the map, as in PyTorch; the
        first in reading order if several are equal.

    Raises
    ------
    ParameterError
        If an option is out of range or a block is larger than the map.

    Notes
    -----
    .. math:: \operatorname*{arg\,max}_{i,j}\; x_{n,\,c,\;h s + i,\;w s + j}

    Lecture: ``lectures/05_cnns.ipynb``

    References
    ----------
    Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", ECCV 2014.
    """
    values, places = _blocks(inputs, kernel_size, stride).max(dim=-1)
    kernel = pair("kernel_size", kernel_size)
    step = kernel if stride is None else pair("stride", stride)
    top = step[0] * torch.arange(values.shape[2], device=inputs.device)[:, None]
    left = step[1] * torch.arange(values.shape[3], device=inputs.device)
    rows, columns = top + places // kernel[1], left + places % kernel[1]
    return values, rows * inputs.shape[3] + columns


def max_pool2d_grad(
    upstream: torch.Tensor, switches: torch.Tensor, *, input_size: tuple[int, int]
) -> torch.Tensor:
    r"""Return the gradient of max pooling: all of it goes to the cell that won.

    Parameters
    ----------
    upstream : torch.Tensor
        ∂L/∂y, shape (n, channels, out_height, out_width).
    switches : torch.Tensor of int64
        From :func:`max_pool2d_with_switches`; same shape.
    input_size : (int, int)
        Height and width of what was pooled.

    Returns
    -------
    torch.Tensor
        ∂L/∂x, shape (n, channels, height, width); 0 in cells that never won, and a sum in
        cells that won in several blocks.

    Raises
    ------
    ParameterError
        If shapes differ or a switch points outside.

    Notes
    -----
    .. math:: \frac{\partial L}{\partial x_k} = \sum_b \frac{\partial L}{\partial y_b}\,
              [k = \text{switch}_b]

    Lecture: ``lectures/05_cnns.ipynb``
    """
    _require_switches("upstream", upstream, switches, input_size)
    flat = upstream.new_zeros(*upstream.shape[:2], input_size[0] * input_size[1])
    return flat.scatter_add(2, switches.flatten(2), upstream.flatten(2)).unflatten(2, input_size)


def max_unpool2d(
    values: torch.Tensor, switches: torch.Tensor, *, output_size: tuple[int, int]
) -> torch.Tensor:
    r"""Return a map with every value where its switch says, and zeros elsewhere.

    This is how a deconvnet inverts pooling. With blocks that do not overlap it is the same
    as :func:`max_pool2d_grad`; where they do, a cell gets one of its values, not their sum.

    Parameters
    ----------
    values : torch.Tensor
        y, shape (n, channels, out_height, out_width), floating point.
    switches : torch.Tensor of int64
        From :func:`max_pool2d_with_switches`; same shape.
    output_size : (int, int)
        Height and width of the map to make.

    Returns
    -------
    torch.Tensor
        Shape (n, channels, height, width).

    Raises
    ------
    ParameterError
        If shapes differ or a switch points outside.

    Notes
    -----
    .. math:: x_{\text{switch}_b} = y_b

    Lecture: ``lectures/05_cnns.ipynb``

    References
    ----------
    Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", ECCV 2014.
    """
    _require_switches("values", values, switches, output_size)
    flat = values.new_zeros(*values.shape[:2], output_size[0] * output_size[1])
    return flat.scatter(2, switches.flatten(2), values.flatten(2)).unflatten(2, output_size)


def avg_pool2d(
    inputs: torch.Tensor, *, kernel_size: Size = 2, stride: Size | None = None
) -> torch.Tensor:
    r"""Return the mean of every block.

    Parameters
    ----------
    inputs, kernel_size, stride : as for max_pool2d
        What to pool, and how.

    Returns
    -------
    torch.Tensor
        Shape (n, channels, out_height, out_width).

    Raises
    ------
    ParameterError
        If an option is out of range or a block is larger than the map.

    Notes
    -----
    .. math:: y_{n,c,h,w} = \frac{1}{K} \sum_{i,j} x_{n,\,c,\;h s + i,\;w s + j}
    \quad \text{(K cells)}

    Lecture: ``lectures/05_cnns.ipynb``
    """
    return _blocks(inputs, kernel_size, stride).mean(dim=-1)


def std_pool2d(
    inputs: torch.Tensor, *, kernel_size: Size = 2, stride: Size | None = None
) -> torch.Tensor:
    r"""Return the standard deviation of every block: how much changes there, not how much is.

    Parameters
    ----------
    inputs, kernel_size, stride : as for max_pool2d
        What to pool, and how.

    Returns
    -------
    torch.Tensor
        Shape (n, channels, out_height, out_width), ≥ 0. Divided by K, not K - 1, so a block
        of one cell gives 0. The gradient of a constant block is taken to be 0.

    Raises
    ------
    ParameterError
        If an option is out of range or a block is larger than the map.

    Notes
    -----
    .. math:: y_{n,c,h,w} = \sqrt{\frac{1}{K} \sum_{i,j}
              \big(x_{n,\,c,\;h s + i,\;w s + j} - \bar x_{n,c,h,w}\big)^2}

    with K cells in a block and the block's mean :math:`\bar x`.

    Lecture: ``lectures/05_cnns.ipynb``
    """
    return _blocks(inputs, kernel_size, stride).std(dim=-1, correction=0)


def lp_pool2d(
    inputs: torch.Tensor, *, p: float = 2.0, kernel_size: Size = 2, stride: Size | None = None
) -> torch.Tensor:
    r"""Return the power average of every block: between mean (p = 1) and maximum (p → ∞).

    Parameters
    ----------
    inputs : torch.Tensor
        Shape (n, channels, height, width); the magnitudes are taken.
    p : float
        The power, 1 ≤ p ≤ ∞.
    kernel_size, stride : int or (int, int), optional
        As for :func:`max_pool2d`.

    Returns
    -------
    torch.Tensor
        Shape (n, channels, out_height, out_width), ≥ 0; PyTorch's is K^(1/p) times as much.

    Raises
    ------
    ParameterError
        If an option is out of range or a block is larger than the map.

    Notes
    -----
    .. math:: y_{n,c,h,w} = \Big(\frac{1}{K} \sum_{i,j}
              \big|x_{n,\,c,\;h s + i,\;w s + j}\big|^p\Big)^{1/p} \quad \text{(K cells)}

    Lecture: ``lectures/05_cnns.ipynb``

    References
    ----------
    Sermanet, Chintala and LeCun, "Convolutional Neural Networks Applied to House Numbers", 2012.
    """
    if not p >= 1:
        raise ParameterError(f"expected p ≥ 1, got {p}")
    blocks = _blocks(inputs, kernel_size, stride)
    return torch.linalg.vector_norm(blocks, ord=p, dim=-1) / blocks.shape[-1] ** (1 / p)


def _blocks(inputs: torch.Tensor, kernel_size: Size, stride: Size | None) -> torch.Tensor:
    """Return the cells of every block, (n, channels, out_height, out_width, K)."""
    require_images("inputs", inputs)
    step = kernel_size if stride is None else stride
    return patches(inputs, kernel_size, stride=step).flatten(-2)


def _require_switches(
    name: str, values: torch.Tensor, switches: torch.Tensor, size: tuple[int, int]
) -> None:
    """Raise ParameterError unless there is one switch a value, all within the map."""
    require_float(name, values)
    require_same_shape(name, values, "switches", switches)
    require_class_index("switches", switches, size[0] * size[1])
