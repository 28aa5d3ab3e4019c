"""Convolution: one small kernel looks for its pattern everywhere.

What is called convolution here, as in all of deep learning, is cross-correlation: the kernel
is not flipped. Images are (n, channels, height, width), kernels (out_channels, in_channels,
height, width), as in PyTorch; a pair of numbers is (height, width).

References
----------
Dumoulin and Visin, "A Guide to Convolution Arithmetic for Deep Learning", arXiv:1603.07285,
2016.
"""

from typing import Literal

import torch
from torch.nn.functional import pad

from utils.errors import ParameterError
from utils.reference.checks import require_float, require_same_shape
from utils.reference.patches import Size, pair, patches, require_images, sum_patches

__all__ = ["Padding", "conv2d", "conv2d_grad", "conv_output_size"]

Padding = Size | Literal["valid", "same"]
"""Zeros at each side, or "valid" for none, or "same" to keep the size at stride 1."""


def conv_output_size(
    input_size: int,
    kernel_size: int,
    *,
    stride: int = 1,
    padding: int | Literal["valid", "same"] = 0,
    dilation: int = 1,
) -> int:
    r"""Compute how many places a kernel has along one axis.

    Parameters
    ----------
    input_size : int
        I ≥ 1, cells of the input.
    kernel_size : int
        K ≥ 1, cells of the kernel.
    stride : int
        S ≥ 1, step of the kernel, which is what the hop length is to an STFT.
    padding : int or "valid" or "same"
        P ≥ 0 zeros at each end; "valid" is 0, "same" keeps the size and wants stride 1.
    dilation : int
        D ≥ 1, distance of neighboring cells of the kernel.

    Returns
    -------
    int
        Cells of the output, ≥ 1.

    Raises
    ------
    ParameterError
        If an option is out of range or the kernel is larger than the padded input.

    Notes
    -----
    .. math:: \left\lfloor \frac{I + 2P - D(K - 1) - 1}{S} \right\rfloor + 1

    Rounded down as in PyTorch: a last step that does not fit is not made.

    Lecture: ``lectures/05_cnns.ipynb``

    References
    ----------
    Dumoulin and Visin 2016, relationship 6, and section 5.1 for the dilation.
    """
    if input_size < 1:
        raise ParameterError(f"expected input_size ≥ 1, got {input_size}")
    twice = padding if isinstance(padding, str) else (padding, padding)
    before, after, _, _ = _margins(twice, (kernel_size,) * 2, (stride,) * 2, (dilation,) * 2)
    room = input_size + before + after - dilation * (kernel_size - 1) - 1
    if room < 0:
        raise ParameterError(
            f"expected a kernel within {input_size + before + after} cells (padded input), "
            f"got one that spans {dilation * (kernel_size - 1) + 1}"
        )
    return room // stride + 1


def conv2d(
    inputs: torch.Tensor,
    kernel: torch.Tensor,
    bias: torch.Tensor | None = None,
    *,
    stride: Size = 1,
    padding: Padding = 0,
    dilation: Size = 1,
) -> torch.Tensor:
    r"""Return the feature maps of a convolutional layer: kernel times patch, summed.

    Parameters
    ----------
    inputs : torch.Tensor
        x, shape (n, in_channels, height, width), floating point.
    kernel : torch.Tensor
        w, shape (out_channels, in_channels, kernel_height, kernel_width): a kernel is as
        deep as its input, and each one makes one channel of the output.
    bias : torch.Tensor, optional
        b, shape (out_channels,).
    stride : int or (int, int)
        Step of the kernel, ≥ 1.
    padding : int or (int, int) or "valid" or "same"
        Zeros at each side; "valid" is none, "same" keeps the size and wants stride 1.
    dilation : int or (int, int)
        Distance of neighboring cells of the kernel, ≥ 1.

    Returns
    -------
    torch.Tensor
        Shape (n, out_channels, out_height, out_width), see :func:`conv_output_size`.

    Raises
    ------
    ParameterError
        If shapes do not fit together or an option is out of range.

    Notes
    -----
    .. math:: z_{n,o,h,w} = b_o + \sum_{c,i,j} w_{o,c,i,j}\; x_{n,\,c,\;h s + i d,\;w s + j d}

    with stride s, dilation d and x already padded.

    Lecture: ``lectures/05_cnns.ipynb``

    References
    ----------
    LeCun et al., "Gradient-Based Learning Applied to Document Recognition", *Proceedings of
    the IEEE* 86, 1998.
    """
    _require_fitting(inputs, kernel, bias)
    padded = pad(inputs, _torch_margins(kernel, stride, padding, dilation))
    met = patches(padded, (kernel.shape[2], kernel.shape[3]), stride=stride, dilation=dilation)
    z = torch.einsum("nchwij,ocij->nohw", met, kernel)
    return z if bias is None else z + bias[:, None, None]


def conv2d_grad(
    inputs: torch.Tensor,
    kernel: torch.Tensor,
    upstream: torch.Tensor,
    *,
    stride: Size = 1,
    padding: Padding = 0,
    dilation: Size = 1,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    r"""Return the gradients of a convolution, given that of its output (backward pass).

    Parameters
    ----------
    inputs, kernel : torch.Tensor
        x and w as for :func:`conv2d`.
    upstream : torch.Tensor
        ∂L/∂z, of the shape of the output.
    stride, padding, dilation : as for conv2d
        The same as on the way forward.

    Returns
    -------
    inputs_grad, kernel_grad, bias_grad : torch.Tensor
        ∂L/∂x, ∂L/∂w and ∂L/∂b, of the shapes of x, w and b.

    Raises
    ------
    ParameterError
        If shapes do not fit together or an option is out of range.

    Notes
    -----
    .. math::
        \frac{\partial L}{\partial w_{o,c,i,j}} &= \sum_{n,h,w}
            \frac{\partial L}{\partial z_{n,o,h,w}}\; x_{n,\,c,\;h s + i d,\;w s + j d} \\
        \frac{\partial L}{\partial x_{n,c,u,v}} &= \sum_{o,h,w,i,j}
            \frac{\partial L}{\partial z_{n,o,h,w}}\; w_{o,c,i,j}\;
            [u = h s + i d]\,[v = w s + j d] \\
        \frac{\partial L}{\partial b_o} &= \sum_{n,h,w} \frac{\partial L}{\partial z_{n,o,h,w}}

    Shared weights get the sum over all places. ∂L/∂x is the transposed convolution of
    ∂L/∂z, which people also call deconvolution.

    Lecture: ``lectures/05_cnns.ipynb``

    References
    ----------
    Goodfellow, Bengio and Courville, *Deep Learning*, MIT Press, 2016, section 9.5.
    """
    _require_fitting(inputs, kernel, None)
    left, right, top, bottom = _torch_margins(kernel, stride, padding, dilation)
    padded = pad(inputs, (left, right, top, bottom))
    met = patches(padded, (kernel.shape[2], kernel.shape[3]), stride=stride, dilation=dilation)
    like = padded.new_empty(()).expand(len(inputs), len(kernel), *met.shape[2:4])
    require_same_shape("upstream", upstream, "the output", like)

    kernel_grad = torch.einsum("nohw,nchwij->ocij", upstream, met)
    met_grad = torch.einsum("nohw,ocij->nchwij", upstream, kernel)
    padded_grad = sum_patches(
        met_grad, (padded.shape[2], padded.shape[3]), stride=stride, dilation=dilation
    )
    height, width = inputs.shape[2:]
    inputs_grad = padded_grad[..., top : top + height, left : left + width]
    return inputs_grad, kernel_grad, upstream.sum(dim=(0, 2, 3))


def _margins(padding: Padding, kernel: Size, stride: Size, dilation: Size) -> tuple[int, ...]:
    """Return the zeros at top, bottom, left and right."""
    kernel, stride = pair("kernel_size", kernel), pair("stride", stride)
    dilation = pair("dilation", dilation)
    if padding == "same":
        if stride != (1, 1):
            raise ParameterError(f"expected stride 1 with padding='same', got {stride}")
        totals = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
        # An odd number of zeros cannot be shared equally: the end gets one more.
        return tuple(side for total in totals for side in (total // 2, total - total // 2))
    if isinstance(padding, str) and padding != "valid":
        raise ParameterError(f"expected padding 'valid', 'same' or numbers, got {padding!r}")
    height, width = (0, 0) if isinstance(padding, str) else pair("padding", padding, minimum=0)
    return height, height, width, width


def _torch_margins(
    kernel: torch.Tensor, stride: Size, padding: Padding, dilation: Size
) -> tuple[int, int, int, int]:
    """Return the margins in the order that torch's pad takes, the last axis first."""
    size = (kernel.shape[2], kernel.shape[3])
    top, bottom, left, right = _margins(padding, size, stride, dilation)
    return left, right, top, bottom


def _require_fitting(inputs: torch.Tensor, kernel: torch.Tensor, bias: torch.Tensor | None) -> None:
    """Raise ParameterError unless the kernel is as deep as its input, with one bias each."""
    require_images("inputs", inputs)
    require_float("kernel", kernel)
    if kernel.ndim != 4 or kernel.shape[1] != inputs.shape[1]:
        raise ParameterError(
            f"expected kernel of shape (out_channels, {inputs.shape[1]}, height, width), "
            f"got shape={tuple(kernel.shape)}"
        )
    if bias is not None and tuple(bias.shape) != (len(kernel),):
        raise ParameterError(
            f"expected bias of shape ({len(kernel)},), got shape={tuple(bias.shape)}"
        )
