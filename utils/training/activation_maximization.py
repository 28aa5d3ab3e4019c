"""The picture that a unit would like best, found by gradient ascent on the input.

References
----------
Erhan, Bengio, Courville and Vincent, "Visualizing Higher-Layer Features of a Deep Network",
technical report 1341, Université de Montréal, 2009.
"""

from dataclasses import dataclass

import torch
from torch import nn

from utils.errors import ParameterError
from utils.training.evaluate import device_of, evaluating
from utils.training.inspect_layers import layer_output

__all__ = ["Maximization", "activation_maximization", "total_variation"]


@dataclass(frozen=True)
class Maximization:
    """What gradient ascent found.

    Attributes
    ----------
    picture : torch.Tensor, shape (1, 1, 64, 64) or as asked for
        In [0, 1], on the CPU.
    history : list of float
        The unit's activation before every step and at the end; with jitter, all but the last
        are of the picture as it was moved.
    """

    picture: torch.Tensor
    history: list[float]


def activation_maximization(
    model: nn.Module,
    unit: int | tuple[str, int],
    *,
    steps: int = 100,
    lr: float = 0.02,
    l2: float = 0.0,
    tv: float = 0.0,
    jitter: int = 0,
    start: torch.Tensor | None = None,
    shape: tuple[int, ...] = (1, 64, 64),
    generator: torch.Generator | None = None,
) -> Maximization:
    r"""Return a picture that makes a unit as active as possible.

    Parameters
    ----------
    model : torch.nn.Module
        Runs in eval mode; its parameters and their gradients stay as they are.
    unit : int or (str, int)
        A class, for its logit, or (layer, channel), for the mean of the channel's map.
    steps : int
        ≥ 1.
    lr : float
        η > 0: how far a cell moves in a step, on the root mean square.
    l2 : float
        λ₂ ≥ 0, pulls all cells towards 0: silence.
    tv : float
        λ_TV ≥ 0, makes neighboring cells alike.
    jitter : int
        The picture is rolled by up to so many cells, randomly, in each step, ≥ 0: single cells
        can't be tuned to the grid of strides and pools.
    start : torch.Tensor, optional
        The first picture, shape (1, \*shape); random values of 0.4 to 0.6 (assumed) if not given.
    shape : tuple of int
        Of the picture, without the batch axis.
    generator : torch.Generator, optional
        For the start and the jitter; without one, both are the same in every call.

    Returns
    -------
    Maximization
        The picture and the history of its activation.

    Raises
    ------
    ParameterError
        If an option is out of range or the unit does not exist.

    Notes
    -----
    .. math:: x \leftarrow \operatorname{clip}_{[0, 1]}\Big(x + \eta\, \frac{g}{\text{rms}(g)}\Big),
              \qquad g = \nabla_x \Big(a(x) - \lambda_2\, \overline{x^2}
              - \lambda_{\text{TV}}\, \text{TV}(x)\Big)

    The scale of g says little (deep logits have tiny gradients), so only its direction is
    used. A unit that is silent at the start has none: take its layer before the ReLU ("conv2"
    rather than "pool:2"), or another start. The picture need not look or sound like a note: no
    training data hold it back.

    Lecture: ``lectures/05_cnns.ipynb``

    References
    ----------
    Erhan et al., "Visualizing Higher-Layer Features of a Deep Network", 2009.
    Mahendran and Vedaldi, "Understanding Deep Image Representations by Inverting Them",
    CVPR 2015 (total variation, jitter).
    """
    _require_options(steps, lr, l2, tv, jitter)
    generator = torch.Generator().manual_seed(0) if generator is None else generator
    device = device_of(model)
    x = _first_picture(start, shape, generator).to(device)
    history = []
    with evaluating(model), torch.enable_grad():
        for _ in range(steps):
            x = x.detach().requires_grad_()
            activation = _activation(model, _rolled(x, jitter, generator), unit)
            history.append(float(activation.detach()))
            objective = activation - l2 * x.square().mean() - tv * total_variation(x)
            (g,) = torch.autograd.grad(objective, x)
            step = lr * g / g.square().mean().sqrt().clamp_min(torch.finfo(g.dtype).tiny)
            x = (x.detach() + step).clamp(0, 1)
        history.append(float(_activation(model, x.detach(), unit).detach()))
    return Maximization(x.cpu(), history)


def total_variation(pictures: torch.Tensor) -> torch.Tensor:
    r"""Return how much neighboring cells differ: the mean along both axes, added up.

    Parameters
    ----------
    pictures : torch.Tensor
        Shape (…, height, width).

    Returns
    -------
    torch.Tensor
        ≥ 0; 0 for a flat picture.

    Notes
    -----
    .. math:: \overline{|x_{h+1, w} - x_{h, w}|} + \overline{|x_{h, w+1} - x_{h, w}|}

    Lecture: ``lectures/05_cnns.ipynb``

    References
    ----------
    Rudin, Osher and Fatemi, "Nonlinear Total Variation Based Noise Removal Algorithms", 1992.
    """
    return pictures.diff(dim=-2).abs().mean() + pictures.diff(dim=-1).abs().mean()


def _activation(model: nn.Module, x: torch.Tensor, unit: int | tuple[str, int]) -> torch.Tensor:
    layer, channel = (None, unit) if isinstance(unit, int) else unit
    output = model(x) if layer is None else layer_output(model, x, layer)
    if not 0 <= channel < output.shape[1]:
        raise ParameterError(f"expected a unit from 0 to {output.shape[1] - 1}, got {channel}")
    return output[:, channel].mean()


def _rolled(x: torch.Tensor, jitter: int, generator: torch.Generator) -> torch.Tensor:
    if jitter == 0:
        return x
    by = torch.randint(-jitter, jitter + 1, (2,), generator=generator, device=generator.device)
    return x.roll(by.tolist(), dims=(-2, -1))


def _first_picture(
    start: torch.Tensor | None, shape: tuple[int, ...], generator: torch.Generator
) -> torch.Tensor:
    if start is None:
        noise = torch.rand((1, *shape), generator=generator, device=generator.device)
        return 0.4 + 0.2 * noise
    if not start.is_floating_point() or start.min() < 0 or start.max() > 1:
        raise ParameterError("expected start of floating point with values in [0, 1]")
    return start.detach().clone()


def _require_options(steps: int, lr: float, l2: float, tv: float, jitter: int) -> None:
    if steps < 1 or not lr > 0:
        raise ParameterError(f"expected steps ≥ 1 and lr > 0, got steps={steps}, lr={lr}")
    if not min(l2, tv, jitter) >= 0:
        raise ParameterError(f"expected l2, tv, jitter ≥ 0, got {l2}, {tv}, {jitter}")
