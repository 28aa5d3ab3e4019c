"""Exercises of lecture 01 on losses of numbers and of sounds."""

from collections.abc import Sequence
from typing import Any

import torch

from utils.lessons.exercise import Case, Exercise, Function, Mistake
from utils.reference.audio_losses import stft_magnitude
from utils.reference.losses import mean_squared_error, signed_error
from utils.reference.robust_losses import huber_loss_grad

__all__ = ["EXERCISES"]


def _observe_cancelling(function: Function, case: Case) -> dict[str, Any]:
    """Look at the errors only: many answers are right."""
    (target,) = case.arguments
    prediction = function(target.clone())
    if isinstance(prediction, list):
        prediction = torch.tensor([float(number) for number in prediction])
    if not isinstance(prediction, torch.Tensor):
        return {"": prediction}
    error = signed_error(prediction, target)
    return {"size of every error": error.abs(), "mean signed error": error.mean()}


def _cancelling(target: torch.Tensor) -> torch.Tensor:
    return target + 10.0 * (-1.0) ** torch.arange(len(target))


CANCELLING = Exercise(
    key="L2.cancelling_prediction",
    task="Return a prediction that is wrong by exactly 10 everywhere, with mean signed error 0.",
    solution="""\
def cancelling_prediction(target):
    error = torch.full_like(target, 10.0)
    error[: len(target) // 2] = -10.0
    return target + error
""",
    reference=_cancelling,
    cases=lambda: [
        Case((torch.tensor([60.0, 64.0, 67.0, 72.0]),)),
        Case((torch.linspace(0, 1, 6),)),
    ],
    observe=_observe_cancelling,
    hints=(
        "Which errors add up to zero although none of them is zero?",
        "Be 10 too high half of the time, and 10 too low the other half.",
        "Make `error = torch.full_like(target, 10.0)`, turn the sign of one half of it, and "
        "return `target + error`.",
    ),
    mistakes=(
        Mistake(
            "All errors have the same sign, so nothing cancels.",
            "    error[: len(target) // 2] = -10.0\n",
            "",
        ),
        Mistake("This prediction is perfect: it should be wrong everywhere.", "+ error", ""),
        Mistake(
            "Half of the predictions are right: all should be wrong by 10.", "= -10.0", "= 0.0"
        ),
        Mistake("You return the error: add it to the target.", "target + error", "error"),
    ),
)


def _regression_cases() -> Sequence[Case]:
    prediction = torch.tensor([2.5, 0.0, 2.0, 8.0])
    target = torch.tensor([3.0, -0.5, 2.3, 4.0])
    return [Case((prediction, target)), Case((target.view(2, 2).T, prediction.view(2, 2)))]


MSE = Exercise(
    key="L3.mean_squared_error",
    task="Return the mean of the squared errors.",
    solution="""\
def mean_squared_error(prediction, target):
    return (prediction - target).square().mean()
""",
    reference=mean_squared_error,
    cases=_regression_cases,
    gradient=True,
    hints=(
        "Error, its square, the average: three steps from the inside out.",
        "`** 2` squares every element; `.mean()` averages over all of them.",
        "`((prediction - target) ** 2)` and then `.mean()`.",
    ),
    mistakes=(
        Mistake("That is the sum: the mean is missing.", ".mean()", ".sum()"),
        Mistake(
            "You square after the mean; by then the errors have canceled.",
            ".square().mean()",
            ".mean().square()",
        ),
        Mistake("There is a factor 1/2 that was not asked for.", ".mean()", ".mean() / 2"),
        Mistake("That is its root, the RMSE: leave the root out.", ".mean()", ".mean().sqrt()"),
        Mistake("That is the absolute error: square it.", ".square()", ".abs()"),
        Mistake("The square is missing: errors cancel.", ".square()", ""),
        Mistake("One number for each note is left: take their mean.", ".mean()", ""),
        Mistake(
            "You subtract the squares: first take the difference, then square it.",
            "(prediction - target).square()",
            "(prediction.square() - target.square())",
        ),
        Mistake(
            "`len` counts the rows only, not all elements: `.mean()` does.",
            ".mean()",
            ".sum() / len(target)",
        ),
    ),
)

HUBER = Exercise(
    key="L3.huber_loss_grad",
    task="Return the derivative of the Huber loss with respect to the prediction.",
    solution="""\
def huber_loss_grad(prediction, target, delta):
    error = prediction - target
    return error.clamp(-delta, delta)
""",
    reference=lambda prediction, target, delta: huber_loss_grad(prediction, target, delta=delta),
    cases=lambda: [
        Case((torch.tensor([2.2, -4.0, 0.1, 5.0]), torch.tensor([2.0, 0.0, 0.0, 1.0]), 1.5)),
        Case((torch.tensor([-1.0, 0.2]), torch.tensor([1.0, 0.0]), 0.5)),
    ],
    hints=(
        "Small errors behave as in L2, large ones as in L1. What are the two slopes?",
        "Within ±delta the slope is the error itself; beyond, it stays at ±delta.",
        "A value that stays between two bounds: `error.clamp(-delta, delta)`.",
    ),
    mistakes=(
        Mistake(
            "That is the slope of the squared error: limit it to ±delta.",
            "error.clamp(-delta, delta)",
            "error",
        ),
        Mistake(
            "That is the slope of the absolute error: within ±delta it is the error itself.",
            "error.clamp(-delta, delta)",
            "error.sign()",
        ),
        Mistake(
            "The sign is wrong: the error is prediction minus target.",
            "prediction - target",
            "target - prediction",
        ),
        Mistake(
            "Negative errors are not limited: clamp at -delta, too.",
            "(-delta, delta)",
            "(max=delta)",
        ),
        Mistake("The limit is delta, not 1.", "(-delta, delta)", "(-1, 1)"),
        Mistake(
            "That is the Huber loss itself: its slope is asked for.",
            "error.clamp(-delta, delta)",
            "torch.where(error.abs() < delta, error**2 / 2, delta * (error.abs() - delta / 2))",
        ),
        Mistake(
            "Within ±delta the slope is the error, not twice the error: Huber has ½ r².",
            "error.clamp",
            "(2 * error).clamp",
        ),
        Mistake(
            "The sign is lost: the slope of a negative error is negative.",
            "error.clamp",
            "error.abs().clamp",
        ),
        Mistake(
            "Negative errors become 0: the lower limit is -delta.", "(-delta, delta)", "(0, delta)"
        ),
    ),
)


def _spectral(estimate: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    a = stft_magnitude(estimate, n_fft=512, hop_length=128)
    b = stft_magnitude(target, n_fft=512, hop_length=128)
    return torch.nn.functional.l1_loss(a, b)


def _sound_cases() -> Sequence[Case]:
    t = torch.arange(2048) / 16000
    tone = torch.sin(2 * torch.pi * 440 * t)
    noise = 0.1 * torch.randn(2048, generator=torch.Generator().manual_seed(0))
    return [
        Case((-tone, tone), "a tone turned upside down, and the tone"),
        Case((tone + noise, tone), "a tone with noise, and the tone"),
        Case((0.3 * tone, tone), "a quiet tone, and a loud one"),
    ]


SPECTRAL = Exercise(
    key="L8.spectral_distance",
    task="Return the mean absolute difference of two magnitude spectrograms.",
    solution="""\
def spectral_distance(estimate, target):
    a = stft_magnitude(estimate, n_fft=512, hop_length=128)
    b = stft_magnitude(target, n_fft=512, hop_length=128)
    return (a - b).abs().mean()
""",
    reference=_spectral,
    cases=_sound_cases,
    names={"stft_magnitude": stft_magnitude},
    hints=(
        "First make a picture of each sound, then compare the pictures.",
        "`stft_magnitude(sound, n_fft=512, hop_length=128)` makes a picture; then as in MAE.",
        "With the pictures `a` and `b`: `(a - b).abs().mean()`.",
    ),
    mistakes=(
        Mistake(
            "You subtract the waveforms: then a tone turned upside down is far from itself. "
            "Subtract the magnitudes.",
            "    a = stft_magnitude(estimate, n_fft=512, hop_length=128)\n"
            "    b = stft_magnitude(target, n_fft=512, hop_length=128)\n"
            "    return (a - b).abs().mean()",
            "    return stft_magnitude(estimate - target, n_fft=512, hop_length=128).mean()",
        ),
        Mistake("The absolute value is missing: louder and quieter bins cancel.", ".abs()", ""),
        Mistake("That is the sum: the mean is missing.", ".mean()", ".sum()"),
        Mistake(
            "You take the absolute value after the mean: bins cancel.",
            ".abs().mean()",
            ".mean().abs()",
        ),
        Mistake("That is the squared difference: take the absolute one.", ".abs()", ".square()"),
        Mistake("One number for each bin is left: take their mean.", ".mean()", ""),
        Mistake(
            "That is the waveform distance: make a spectrogram of each sound first.",
            "(a - b)",
            "(estimate - target)",
        ),
    ),
)

EXERCISES = (CANCELLING, MSE, HUBER, SPECTRAL)
