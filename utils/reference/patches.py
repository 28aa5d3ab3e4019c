"""The patches of an image that a sliding window meets: what convolution and pooling share.

Images are batches of shape (n, channels, height, width), as everywhere in PyTorch. A pair of
numbers is (height, width); one number stands for both.
"""

import torch

from utils.errors import ParameterError
from utils.reference.checks import require_float

__all__ = ["Size", "pair", "patches", "require_images", "sum_patches"]

Size = int | tuple[int, int]
"""One whole number for both axes, or (height, width)."""


def pair(name: str, size: Size, *, minimum: int = 1) -> tuple[int, int]:
    """Return (height, width) of an option that may be one number for both.

    Parameters
    ----------
    name : str
        Of the option, for the error.
    size : int or (int, int)
        What was given.
    minimum : int
        The least that is allowed.

    Returns
    -------
    (int, int)
        Along height and width.

    Raises
    ------
    ParameterError
        If it is not one or two whole numbers ≥ `minimum`.

    Notes
    -----
    Lecture: ``lectures/05_cnns.ipynb``
    """
    both = tuple(size) if isinstance(size, tuple | list) else (size, size)
    if len(both) != 2 or not all(isinstance(n, int) and n >= minimum for n in both):
        raise ParameterError(
            f"expected {name} to be one or two whole numbers ≥ {minimum}, got {size!r}"
        )
    return both


def require_images(name: str, images: torch.Tensor) -> None:
    """Raise ParameterError unless `images` is a floating-point batch of images.

    Parameters
    ----------
    name : str
        Of the argument, for the error.
    images : torch.Tensor
        What was given; shape (n, channels, height, width) is right.

    Raises
    ------
    ParameterError
        If the shape or the dtype is wrong.

    Notes
    -----
    Lecture: ``lectures/05_cnns.ipynb``
    """
    require_float(name, images)
    if images.ndim != 4:
        raise ParameterError(
            f"expected {name} of shape (n, channels, height, width), "
            f"got shape={tuple(images.shape)}"
        )


def patches(
    images: torch.Tensor, kernel_size: Size, *, stride: Size = 1, dilation: Size = 1
) -> torch.Tensor:
    r"""Return all patches that a sliding window meets (known as im2col).

    Parameters
    ----------
    images : torch.Tensor
        x, shape (n, channels, height, width), floating point.
    kernel_size : int or (int, int)
        Cells of the window along height and width, ≥ 1.
    stride : int or (int, int)
        Step of the window, ≥ 1.
    dilation : int or (int, int)
        Distance of neighboring cells of the window, ≥ 1; 1 is no gap.

    Returns
    -------
    torch.Tensor
        Shape (n, channels, out_height, out_width, kernel_height, kernel_width): a view of
        the images, nothing is copied.

    Raises
    ------
    ParameterError
        If an option is out of range or the window does not fit into the image.

    Notes
    -----
    .. math:: P_{n,c,h,w,i,j} = x_{n,\,c,\;h s + i d,\;w s + j d}

    with stride s and dilation d. A last window that would stand out is left out.

    Lecture: ``lectures/05_cnns.ipynb``
    """
    require_images("images", images)
    kernel, step, gap = (
        pair(name, size)
        for name, size in (("kernel_size", kernel_size), ("stride", stride), ("dilation", dilation))
    )
    spans = [d * (k - 1) + 1 for k, d in zip(kernel, gap, strict=True)]
    if spans[0] > images.shape[2] or spans[1] > images.shape[3]:
        raise ParameterError(
            f"expected images of at least {spans[0]} × {spans[1]}, got shape={tuple(images.shape)}"
        )
    windows = images.unfold(2, spans[0], step[0]).unfold(3, spans[1], step[1])
    return windows[..., :: gap[0], :: gap[1]]


def sum_patches(
    values: torch.Tensor, image_size: tuple[int, int], *, stride: Size = 1, dilation: Size = 1
) -> torch.Tensor:
    r"""Return images in which every patch is added where it was taken from (col2im).

    It is the adjoint of :func:`patches`, hence its way back: a cell of the image that was in
    several patches gets the sum of their gradients.

    Parameters
    ----------
    values : torch.Tensor
        V, shape (n, channels, out_height, out_width, kernel_height, kernel_width).
    image_size : (int, int)
        Height and width of the images.
    stride, dilation : int or (int, int)
        As for :func:`patches`.

    Returns
    -------
    torch.Tensor
        Shape (n, channels, height, width).

    Notes
    -----
    .. math:: x_{n,c,u,v} = \sum_{h,w,i,j} V_{n,c,h,w,i,j}\,[u = h s + i d]\,[v = w s + j d]

    Lecture: ``lectures/05_cnns.ipynb``
    """
    step, gap = pair("stride", stride), pair("dilation", dilation)
    images = values.new_zeros(*values.shape[:2], *image_size)
    n_rows, n_columns = values.shape[2:4]
    for i in range(values.shape[4]):
        rows = slice(i * gap[0], i * gap[0] + (n_rows - 1) * step[0] + 1, step[0])
        for j in range(values.shape[5]):
            columns = slice(j * gap[1], j * gap[1] + (n_columns - 1) * step[1] + 1, step[1])
            images[..., rows, columns] += values[..., i, j]
    return images
