r"""One small demonstration: the same deep net from a pre-trained and from random starts.

The data are made up, and look like single frames of binarized constant-Q spectrograms: a note
has partials at fixed distances above a pitch that can be anywhere, and its class decides
which partials sound. Many notes come without labels, few with.

What comes out, and did in history: pre-training beats the random start that was common then,
and a random start at the right scale beats both, without any pre-training.

References
----------
Erhan, Bengio, Courville, Manzagol, Vincent and Bengio, "Why Does Unsupervised Pre-Training Help
Deep Learning?", *JMLR* 11, 2010.
Glorot and Bengio, "Understanding the Difficulty of Training Deep Feedforward Neural Networks",
AISTATS 2010.
"""

from typing import NamedTuple

import torch

from utils.errors import ParameterError
from utils.reference.checks import require_at_least
from utils.reference.dbn import FineTuning, dbn_to_mlp, fine_tune, pretrain_dbn
from utils.reference.mlp import Parameters, initialize_mlp

__all__ = ["PretrainingDemo", "harmonic_frames", "pretraining_demo"]

_PARTIALS = (0, 12, 19, 24, 28, 31)  # semitones above the pitch of harmonics 1 to 6
_TIMBRES = torch.tensor(  # which of them sound, one class a row
    [[1, 1, 1, 1, 0, 0], [1, 0, 1, 0, 1, 0], [1, 1, 0, 1, 0, 1], [0, 1, 1, 0, 1, 1]],
    dtype=torch.bool,
)


class PretrainingDemo(NamedTuple):
    """The three runs of the demonstration.

    Attributes
    ----------
    pretrained, random, xavier : FineTuning
        Curves of the same net, with the same batches in the same order, from three starts.
    """

    pretrained: FineTuning
    random: FineTuning
    xavier: FineTuning


def harmonic_frames(
    n: int,
    *,
    n_pitches: int = 6,
    flip: float = 0.02,
    generator: torch.Generator | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    r"""Return made-up frames of notes of four timbres, and their classes.

    Parameters
    ----------
    n : int
        Notes, ≥ 1.
    n_pitches : int
        Semitones that the pitch may start at, ≥ 1; a frame has 31 bands more.
    flip : float
        Share of the bands that are wrong, from 0 to 0.5.
    generator : torch.Generator, optional
        Source of randomness.

    Returns
    -------
    frames : torch.Tensor of float32
        Zeros and ones, shape (n, n_pitches + 31).
    labels : torch.Tensor of int64
        Shape (n,), from 0 to 3.

    Raises
    ------
    ParameterError
        If an option is out of range.

    Notes
    -----
    .. math:: x_{n,\,p_n + s_j} = [\text{harmonic } j \text{ sounds in class } y_n], \qquad
              s_j \approx 12 \log_2 j

    Lecture: ``lectures/07_music_classification.ipynb``
    """
    require_at_least(1, n=n, n_pitches=n_pitches)
    if not 0 <= flip <= 0.5:
        raise ParameterError(f"expected 0 ≤ flip ≤ 0.5, got {flip}")
    labels = torch.randint(len(_TIMBRES), (n,), generator=generator)
    pitches = torch.randint(n_pitches, (n, 1), generator=generator)
    frames = torch.zeros(n, n_pitches + max(_PARTIALS), dtype=torch.bool)
    frames.scatter_(1, pitches + torch.tensor(_PARTIALS), _TIMBRES[labels])
    wrong = torch.rand(frames.shape, generator=generator) < flip
    return (frames ^ wrong).float(), labels


def pretraining_demo(
    *,
    hidden_sizes: tuple[int, ...] = (64, 64),
    n_unlabeled: int = 1000,
    n_labeled: int = 100,
    n_test: int = 500,
    pretraining_epochs: int = 20,
    epochs: int = 60,
    seed: int = 0,
) -> PretrainingDemo:
    r"""Fine-tune one net from three starts: pre-trained, random, random at the right scale.

    Parameters
    ----------
    hidden_sizes : tuple of int
        Units of the sigmoid layers.
    n_unlabeled, n_labeled, n_test : int
        Notes for pre-training, fine-tuning and the accuracy.
    pretraining_epochs : int
        Of every layer.
    epochs : int
        Of fine-tuning, for all starts.
    seed : int
        Of the generators that are made here: for the data, the starts, the order of the batches.

    Returns
    -------
    PretrainingDemo
        The runs.

    Raises
    ------
    ParameterError
        If a number is out of range.

    Notes
    -----
    The random starts share their draws; a softmax layer of zeros lies on top of all three:

    .. math:: w \sim \mathcal N\big(0, 1 / n_{\text{in}}\big)
              \quad \text{or, Xavier for sigmoids,} \quad
              w \sim \mathcal N\big(0, 16 / n_{\text{in}}\big)

    A sigmoid's slope is at most 1/4, so only the second keeps a signal from fading. Learning
    rates (0.3 for the RBMs, 0.5 after that) are assumed.

    Lecture: ``lectures/07_music_classification.ipynb``
    """
    data, start = (torch.Generator().manual_seed(seed + i) for i in (0, 1))
    unlabeled, _ = harmonic_frames(n_unlabeled, generator=data)
    train, test = (harmonic_frames(n, generator=data) for n in (n_labeled, n_test))
    rbms = pretrain_dbn(unlabeled, hidden_sizes, lr=0.3, epochs=pretraining_epochs, generator=start)
    pretrained = dbn_to_mlp(rbms, n_classes=len(_TIMBRES))
    layers = initialize_mlp([unlabeled.shape[1], *hidden_sizes], generator=start)
    random = [*layers, pretrained[-1]]
    xavier = [*((4 * weight, bias) for weight, bias in layers), pretrained[-1]]
    return PretrainingDemo(
        *(_tune(net, train, test, epochs, seed + 2) for net in (pretrained, random, xavier))
    )


def _tune(
    net: Parameters,
    train: tuple[torch.Tensor, torch.Tensor],
    test: tuple[torch.Tensor, torch.Tensor],
    epochs: int,
    seed: int,
) -> FineTuning:
    order = torch.Generator().manual_seed(seed)
    return fine_tune(net, train, test, lr=0.5, epochs=epochs, generator=order)
