"""What a unit can see: the receptive field of a stack of layers, in cells, seconds and hertz.

Every layer with a kernel or a pooling window is a :class:`Window`; activations, normalization
and 1×1 kernels see one cell and change nothing. Pairs are (height, width), which on a log-mel
spectrogram is (mel bands, frames).

References
----------
Araujo, Norris and Sim, "Computing Receptive Fields of Convolutional Neural Networks",
*Distill*, 2019.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from utils.errors import ParameterError
from utils.reference.patches import Size, pair

__all__ = ["ReceptiveField", "Window", "field_duration", "field_frequencies", "receptive_field"]


@dataclass(frozen=True)
class Window:
    """The sliding window of a convolution or pooling layer.

    Attributes
    ----------
    kernel_size, stride, dilation : int or (int, int)
        ≥ 1, along height and width. A pooling layer's stride is its kernel size, mostly.
    padding : int or (int, int)
        ≥ 0, cells added at top and left; (kernel_size - 1) // 2 is "same" for odd kernels.
    """

    kernel_size: Size
    stride: Size = 1
    dilation: Size = 1
    padding: Size = 0


@dataclass(frozen=True)
class ReceptiveField:
    """The part of the input that a unit can see, and how it moves from unit to unit.

    Attributes
    ----------
    size : (int, int)
        Cells of the input that one unit depends on, at most.
    step : (int, int)
        Distance of the fields of neighboring units, in cells of the input.
    start : (int, int)
        First cell of the field of unit (0, 0); negative if it begins in the padding.
    """

    size: tuple[int, int]
    step: tuple[int, int]
    start: tuple[int, int]

    def of_unit(self, row: int, column: int) -> tuple[range, range]:
        """Return the rows and the columns of the input that a unit depends on.

        Parameters
        ----------
        row, column : int
            The unit's place in its feature map, from 0.

        Returns
        -------
        (range, range)
            Rows and columns; cells below 0 or beyond the input are padding.
        """
        first = [s + at * d for s, at, d in zip(self.start, (row, column), self.step, strict=True)]
        return (
            range(first[0], first[0] + self.size[0]),
            range(first[1], first[1] + self.size[1]),
        )


def receptive_field(windows: Sequence[Window]) -> ReceptiveField:
    r"""Compute the receptive field of the units above a stack of layers.

    Parameters
    ----------
    windows : sequence of Window
        The layers, from the input upwards; none at all sees one cell.

    Returns
    -------
    ReceptiveField
        Size, step and start in cells of the input.

    Raises
    ------
    ParameterError
        If a kernel size, stride, dilation or padding is out of range.

    Notes
    -----
    From layer to layer, along each axis, with size r, step j and start a:

    .. math::
        r_l &= r_{l-1} + D_l (K_l - 1)\, j_{l-1} \\
        a_l &= a_{l-1} - P_l\, j_{l-1} \\
        j_l &= S_l\, j_{l-1}

    A stride makes all layers *above* it see more. It is what a unit can see at most; the
    gradient is usually concentrated around the middle.

    Lecture: ``lectures/05_cnns.ipynb``
    """
    size, step, start = [1, 1], [1, 1], [0, 0]
    for window in windows:
        kernel = pair("kernel_size", window.kernel_size)
        stride, dilation = pair("stride", window.stride), pair("dilation", window.dilation)
        padding = pair("padding", window.padding, minimum=0)
        for axis in (0, 1):
            size[axis] += dilation[axis] * (kernel[axis] - 1) * step[axis]
            start[axis] -= padding[axis] * step[axis]
            step[axis] *= stride[axis]
    return ReceptiveField((size[0], size[1]), (step[0], step[1]), (start[0], start[1]))


def field_duration(
    n_frames: int, *, sample_rate: int = 16_000, win_length: int = 2048, hop_length: int = 1000
) -> float:
    r"""Return how much sound a number of frames covers, in milliseconds.

    Parameters
    ----------
    n_frames : int
        Width of the receptive field, ≥ 1.
    sample_rate : int
        In Hz.
    win_length, hop_length : int
        Of the spectrogram, in samples; the defaults are those of the course's front end.

    Returns
    -------
    float
        In ms; at the edges of a note a part of it is padding.

    Raises
    ------
    ParameterError
        If `n_frames` < 1.

    Notes
    -----
    .. math:: 1000\,\frac{(n - 1)\,\text{hop} + \text{window}}{\text{sample rate}}

    Lecture: ``lectures/05_cnns.ipynb``
    """
    if n_frames < 1:
        raise ParameterError(f"expected n_frames ≥ 1, got {n_frames}")
    n_samples = (n_frames - 1) * hop_length + win_length
    return 1000 * n_samples / sample_rate


def field_frequencies(
    first_band: int,
    n_bands: int,
    *,
    n_mels: int = 64,
    f_min: float = 20.0,
    f_max: float = 8000.0,
) -> tuple[float, float]:
    r"""Return the frequencies that some neighboring mel bands hear, in hertz.

    The same number of bands is few hertz at the bottom and many at the top.

    Parameters
    ----------
    first_band : int
        The lowest band, from 0; a field may begin below, in the padding.
    n_bands : int
        Height of the receptive field, ≥ 1; bands outside the spectrogram hear nothing.
    n_mels : int
        Number of bands of the filter bank; the defaults are those of the course's front end.
    f_min, f_max : float
        Its lowest and highest frequency, in Hz.

    Returns
    -------
    (float, float)
        Lower corner of the lowest band and upper corner of the highest one.

    Raises
    ------
    ParameterError
        If `n_bands` < 1 or none of the bands lies in the spectrogram.

    Notes
    -----
    The triangle of band k reaches from corner k over its peak at corner k + 1 to corner k + 2:

    .. math:: f_k = 700\,\big(10^{m_k / 2595} - 1\big), \qquad
              m_k = m_{\min} + \frac{k}{B + 1}\,(m_{\max} - m_{\min}), \qquad
              m(f) = 2595 \log_{10}(1 + f / 700)

    Lecture: ``lectures/05_cnns.ipynb``

    References
    ----------
    Young et al., "The HTK Book", section 5.4.
    """
    first, last = max(first_band, 0), min(first_band + n_bands, n_mels) - 1
    if n_bands < 1 or last < first:
        raise ParameterError(
            f"expected bands from 0 to {n_mels - 1}, got first_band={first_band}, n_bands={n_bands}"
        )
    low, high = (2595 * math.log10(1 + f / 700) for f in (f_min, f_max))

    def corner(k: int) -> float:
        mel = low + (high - low) * k / (n_mels + 1)
        return 700 * (10 ** (mel / 2595) - 1)

    return corner(first), corner(last + 2)
