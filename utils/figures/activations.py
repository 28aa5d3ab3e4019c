"""Signals on their way through a deep network: activations, layer by layer.

The input is the mean spectrum of 64 notes in 64 mel bands, every layer has 64 units, and the
weights of a layer are normal numbers times gain/√64. ``kit/math/signals.js`` computes the
same.
"""

import math
from collections.abc import Mapping
from functools import lru_cache
from itertools import islice
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes

from utils.errors import ParameterError
from utils.figures.seeded_noise import normal_numbers
from utils.figures.style import axes_or_new
from utils.notes.embedded import load_notes
from utils.reference.normalization import batch_norm, input_statistics, standardize_inputs
from utils.reference.rectifiers import relu
from utils.reference.saturating import sigmoid, tanh

__all__ = [
    "ACTIVATIONS",
    "UNITS",
    "activation_size",
    "draw_activation_sizes",
    "draw_activations",
    "forward_layers",
    "note_spectra",
    "reach_of",
    "stuck_share",
]

UNITS = 64
ACTIVATIONS = {"tanh": tanh, "relu": relu, "sigmoid": sigmoid, "linear": lambda z: z}
STUCK = {"tanh": 0.97, "relu": 0.0, "sigmoid": 0.97}


@lru_cache(maxsize=1)
def note_spectra() -> torch.Tensor:
    """Return the mean spectra of 64 notes in dB, shape (64 notes, 64 bands), float64."""
    notes = load_notes().split("train")
    rows = np.random.default_rng(0).permutation(len(notes))[:UNITS]
    levels = torch.from_numpy(notes.inputs(np.sort(rows)))[:, 0].mean(2)
    # Levels from 0 to 1 stand for -80 … 0 dB; rounded to what the browser is given.
    return (80 * (levels - 1)).float().double()


def forward_layers(
    inputs: torch.Tensor,
    *,
    layers: int,
    gain: float,
    activation: str,
    standardize: bool,
    batch_norm: bool,
    seed: int,
) -> list[torch.Tensor]:
    r"""Return the input and the activations of every layer, each of shape (n, units).

    Parameters
    ----------
    inputs : torch.Tensor
        Shape (n, units).
    layers : int
    gain : float
        g; 1 is Xavier's choice here, √2 is He's.
    activation : {"tanh", "relu", "sigmoid", "linear"}
    standardize : bool
        Each band of the input.
    batch_norm : bool
        Between the weights and the activation.
    seed : int
        Of the weights.

    Raises
    ------
    ParameterError
        If the activation is unknown.

    Notes
    -----
    .. math:: x_{l+1} = \varphi(W_l x_l), \qquad w \sim \mathcal N(0, g^2 / n_{\text{in}})

    Lecture: ``lectures/03_optimizers.ipynb``
    """
    if activation not in ACTIVATIONS:
        raise ParameterError(f"expected one of {', '.join(ACTIVATIONS)}, got {activation!r}")
    units, numbers = inputs.shape[1], normal_numbers(seed)
    if standardize:
        mean, std = input_statistics(inputs)
        inputs = standardize_inputs(inputs, mean=mean, std=std)
    signals = [inputs]
    for _ in range(layers):
        weights = torch.tensor(list(islice(numbers, units * units)), dtype=inputs.dtype)
        z = signals[-1] @ (gain / math.sqrt(units) * weights.reshape(units, units)).T
        signals.append(ACTIVATIONS[activation](_normalized(z) if batch_norm else z))
    return signals


def _normalized(z: torch.Tensor) -> torch.Tensor:
    one, zero = torch.ones(z.shape[1], dtype=z.dtype), torch.zeros(z.shape[1], dtype=z.dtype)
    return batch_norm(z, one, zero, zero, one, training=True).output


def activation_size(signal: torch.Tensor) -> float:
    """Return the root mean square of a layer: how large its activations are."""
    return float(signal.square().mean().sqrt())


def stuck_share(signal: torch.Tensor, activation: str) -> float:
    """Return the share of activations where the slope is (nearly) 0; a linear one has none.

    Parameters
    ----------
    signal : torch.Tensor
    activation : str
        tanh beyond ±0.97, sigmoid below 0.03 or above 0.97, ReLU at 0.
    """
    if activation == "linear":
        return 0.0
    if activation == "relu":
        return float((signal <= 0).double().mean())
    far = signal.abs() if activation == "tanh" else (2 * signal - 1).abs()
    limit = STUCK["tanh"] if activation == "tanh" else 2 * STUCK["sigmoid"] - 1
    return float((far > limit).double().mean())


def draw_activations(signals: list[torch.Tensor], *, reach: float, ax: Axes | None = None) -> Axes:
    """Draw one upright histogram for each layer.

    Parameters
    ----------
    signals : list of torch.Tensor
        From :func:`forward_layers`.
    reach : float
        Shown from minus to plus this.
    ax : matplotlib.axes.Axes, optional
        Default: those of a new figure.
    """
    ax = axes_or_new(ax)
    edges = np.linspace(-reach, reach, 42)
    for layer, signal in enumerate(signals):
        counts, _ = np.histogram(signal.numpy(), edges)
        # The zeros of a ReLU would press the rest flat.
        width = 0.9 * np.minimum(1, counts / max(1, np.partition(counts, -2)[-2]))
        color = "gray" if layer == 0 else "#0072B2"
        ax.barh(
            edges[:-1], width, np.diff(edges), left=layer - width / 2, align="edge", color=color
        )
    ax.set(ylim=(-reach, reach), xlabel="layer (0: input)", ylabel="activation")
    return ax


def draw_activation_sizes(signals: list[torch.Tensor], *, ax: Axes | None = None) -> Axes:
    """Draw the size of each layer on a logarithmic axis.

    Parameters
    ----------
    signals : list of torch.Tensor
        From :func:`forward_layers`.
    ax : matplotlib.axes.Axes, optional
        Default: those of a new figure.
    """
    ax = axes_or_new(ax)
    sizes = [activation_size(signal) for signal in signals]
    ax.plot(sizes, marker="o", color="#0072B2", linewidth=2.5)
    ax.axhspan(sizes[0] / 2, sizes[0] * 2, color="#009E73", alpha=0.2)
    ax.set(yscale="log", xlabel="layer (0: input)", ylabel="size (root mean square)")
    return ax


def reach_of(state: Mapping[str, Any], signals: list[torch.Tensor]) -> float:
    """Return up to where to draw: 1.2 where activations are bounded, else a power of ten."""
    if state["activation"] in ("tanh", "sigmoid"):
        return 1.2
    largest = max(activation_size(signal) for signal in signals[1:])
    return 3.0 * 10 ** max(0, math.ceil(math.log10(max(largest, 1e-30)) - 0.2))
