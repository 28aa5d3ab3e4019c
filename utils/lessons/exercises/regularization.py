"""Exercises of lecture 04 on cures: early stopping, dropout, penalties, augmentation."""

import math
from collections.abc import Sequence
from typing import Any

import torch

from utils.lessons.exercise import Case, Exercise, Function, Mistake
from utils.notes.augment_waveform import add_noise
from utils.reference.regularizers import dropout, l1_penalty, l2_penalty
from utils.training.early_stopping import EarlyStopping

__all__ = ["EXERCISES"]


def _observe_stopping(kind: Function, case: Case) -> dict[str, Any]:
    patience, losses = case.arguments
    stopping = kind(patience)
    verdicts = [stopping.step(loss) for loss in losses]
    # Nothing counts as "no" for who returns True only to stop, but not if nothing ever comes.
    if ... in verdicts or all(verdict is None for verdict in verdicts):
        return {"": verdicts[0]}
    stop = next((epoch for epoch, verdict in enumerate(verdicts, 1) if verdict), None)
    return {"stops after epoch": str(stop or "never")}


STOPPING = Exercise(
    key="F6.EarlyStopping",
    task="Write a class whose `step(loss)` says whether the loss hasn't improved for too long.",
    solution="""\
class EarlyStopping:
    def __init__(self, patience):
        self.patience, self.best, self.waited = patience, math.inf, 0
    def step(self, loss):
        if loss < self.best:
            self.best, self.waited = loss, 0
        else:
            self.waited += 1
        return self.waited >= self.patience
""",
    reference=EarlyStopping,
    cases=lambda: [
        Case((2, (1.0, 0.8, 0.9, 0.85, 0.95)), "patience 2, losses 1.0, 0.8, 0.9, 0.85, 0.95"),
        Case((2, (1.0, 0.8, 0.9, 0.7, 0.75, 0.72)), "patience 2, one more gain"),
        Case((3, (0.6, 0.6, 0.6, 0.6)), "patience 3, always 0.6"),
    ],
    observe=_observe_stopping,
    hints=(
        "Keep two things: the best loss so far, and for how many epochs it has stood.",
        "A better loss sets the waiting to 0, any other adds 1. Equal is not better.",
        "Stop with `self.waited >= self.patience`; and don't forget to renew `self.best`.",
    ),
    mistakes=(
        Mistake("Equal is no improvement: ask for a smaller loss.", "loss < ", "loss <= "),
        Mistake("You stop an epoch too late: >= instead of >.", ">= self.p", "> self.p"),
        Mistake(
            "You compare with the last epoch: compare with the best so far.",
            "        return self.waited",
            "        self.best = loss\n        return self.waited",
        ),
        Mistake(
            "A gain must set the waiting back to 0.",
            "self.best, self.waited = loss, 0",
            "self.best = loss",
        ),
        Mistake(
            "The best loss is never renewed: keep the better one in `self.best`.",
            "self.best, self.waited = loss, 0",
            "self.waited = 0",
        ),
        Mistake(
            "After a gain nothing has been waited yet: add 1 only otherwise (`else`).",
            "        else:\n            self.waited += 1",
            "        self.waited += 1",
        ),
        Mistake("You stop at the first epoch without a gain.", ">= self.patience", ">= 1"),
        Mistake("The smaller the loss the better: < instead of >.", "loss < ", "loss > "),
    ),
)


def _observe_dropout(function: Function, case: Case) -> dict[str, Any]:
    h, p, training = case.arguments
    generator = torch.Generator().manual_seed(3)
    out = function(h.clone(), p, training, generator)
    if not isinstance(out, torch.Tensor) or not training:
        return {"": out}
    again = function(h.clone(), p, training, generator)
    rows = (out == 0).double().mean(1)
    kept = out[out != 0]
    return {
        "share of zeros": round(float((out == 0).double().mean()), 2),
        "what is left of a 1": sorted({round(v, 3) for v in (kept[:50]).tolist()}),
        "another mask each time": not torch.equal(out, again),
        "another mask for each note": len(set(rows.tolist())) > 2,
    }


def _dropout_cases() -> Sequence[Case]:
    ones = torch.ones(400, 250)
    return [
        Case((ones, 0.25, True), "100 000 ones, p = 0.25, training"),
        Case((torch.tensor([[0.5, -2.0, 3.0]]), 0.25, False), "p = 0.25, evaluation"),
    ]


DROPOUT = Exercise(
    key="F7.dropout",
    task="Switch units off with probability p and scale the others, in training only.",
    solution="""\
def dropout(h, p, training, generator):
    if not training:
        return h
    kept = torch.rand(h.shape, generator=generator) >= p
    return h * kept / (1 - p)
""",
    reference=lambda h, p, training, generator: dropout(
        h, p=p, training=training, generator=generator
    ),
    cases=_dropout_cases,
    observe=_observe_dropout,
    rtol=0.03,
    hints=(
        "One random number for each unit decides whether it stays.",
        "`torch.rand(h.shape, generator=generator) >= p` is True with probability 1 − p.",
        "`h * kept / (1 - p)` in training; in evaluation just `h`.",
    ),
    mistakes=(
        Mistake(
            "The scaling is missing: divide by 1 − p, so that the mean stays.", " / (1 - p)", ""
        ),
        Mistake("You divide by p: what stays is the share 1 − p.", "/ (1 - p)", "/ p"),
        Mistake("You keep what should go: the share of zeros must be p.", ">= p", "< p"),
        Mistake(
            "In evaluation nothing is dropped: return h.",
            "    if not training:\n        return h\n",
            "",
        ),
        Mistake("In evaluation nothing is scaled: return h.", "return h\n", "return h * (1 - p)\n"),
        Mistake(
            "All notes get the same mask: draw a number for each element.",
            "torch.rand(h.shape,",
            "torch.rand(h.shape[1:],",
        ),
    ),
)


def _penalty_cases() -> Sequence[Case]:
    return [
        Case((torch.tensor([0.5, -2.0, 0.0, 3.0]), 0.1)),
        Case((torch.tensor([[0.25, -0.5], [1.5, -1.0]]), 0.03)),
    ]


L1 = Exercise(
    key="F8.l1_penalty",
    task="Return the L1 penalty: the strength times the sum of the absolute weights.",
    solution="""\
def l1_penalty(weights, strength):
    return strength * weights.abs().sum()
""",
    reference=lambda weights, strength: l1_penalty(weights, strength=strength),
    cases=_penalty_cases,
    gradient=True,
    hints=(
        "Large weights cost, whatever their sign.",
        "Absolute values, then their sum, then the strength.",
        "`strength * weights.abs().sum()`.",
    ),
    mistakes=(
        Mistake("Without absolute values, −2 and +2 cancel.", ".abs()", ""),
        Mistake("Sum, not mean: more weights cost more.", ".sum()", ".mean()"),
        Mistake("The strength λ is missing.", "strength * ", ""),
        Mistake("These are squares: that is L2.", ".abs()", ".square()"),
    ),
)

L2 = Exercise(
    key="F8.l2_penalty",
    task="Return the L2 penalty: the strength times the sum of the squared weights.",
    solution="""\
def l2_penalty(weights, strength):
    return strength * weights.square().sum()
""",
    reference=lambda weights, strength: l2_penalty(weights, strength=strength),
    cases=_penalty_cases,
    gradient=True,
    hints=(
        "As L1, with squares in place of absolute values.",
        "Squares, then their sum, then the strength. No root.",
        "`strength * weights.square().sum()`.",
    ),
    mistakes=(
        Mistake("These are absolute values: that is L1.", ".square()", ".abs()"),
        Mistake("Sum, not mean: more weights cost more.", ".sum()", ".mean()"),
        Mistake("The root is too much: no length, but its square.", ".sum()", ".sum().sqrt()"),
        Mistake(
            "The half is not in our formula: λΣw², so SGD's weight_decay is 2λ.",
            "strength * ",
            "0.5 * strength * ",
        ),
        Mistake("The strength λ is missing.", "strength * ", ""),
        Mistake(
            "That is the square of the sum: square each weight, then add.",
            "square().sum()",
            "sum().square()",
        ),
    ),
)


def _noisy(wave: Any, snr: float, generator: torch.Generator) -> Any:
    return add_noise(wave[None], snr=snr, generator=generator)[0]


def _observe_noise(function: Function, case: Case) -> dict[str, Any]:
    wave, snr = case.arguments
    generator = torch.Generator().manual_seed(5)
    noisy = function(wave.clone(), snr, generator)
    if not isinstance(noisy, torch.Tensor) or noisy.shape != wave.shape:
        return {"": noisy}
    noise = noisy - wave
    again = function(wave.clone(), snr, generator) - wave
    return {
        "note above noise in dB": round(20 * math.log10(float(wave.norm() / noise.norm()))),
        "other noise each time": not torch.allclose(noise, again),
        "mean of the noise, in parts of its level": round(float(noise.mean() / noise.std()), 1),
    }


def _noise_cases() -> Sequence[Case]:
    t = torch.arange(8000) / 16_000
    tone = torch.sin(2 * math.pi * 440 * t)
    return [
        Case((0.1 * tone, 20.0), "a soft note, 20 dB"),
        Case((0.8 * tone, 6.0), "a loud note, 6 dB"),
    ]


NOISE = Exercise(
    key="F9.add_noise",
    task="Add random noise that lies `snr` decibels below the note.",
    solution="""\
def add_noise(wave, snr, generator):
    noise = torch.randn(wave.shape, generator=generator)
    level = wave.norm() * 10 ** (-snr / 20)
    return wave + noise * level / noise.norm()
""",
    reference=_noisy,
    cases=_noise_cases,
    observe=_observe_noise,
    hints=(
        "First noise of any level, then bring it to the level that you want.",
        "20 dB less is a factor of 1/10 in amplitude: `10 ** (-snr / 20)`.",
        "`noise / noise.norm()` has length 1; give it `wave.norm() * 10 ** (-snr / 20)`.",
    ),
    mistakes=(
        Mistake("For amplitudes divide by 20: 10 is for powers.", "-snr / 20", "-snr / 10"),
        Mistake("The noise lies above the note: mind the sign.", "-snr", "snr"),
        Mistake(
            "The level of the note is missing: a loud note bears more noise.",
            "wave.norm() * ",
            "len(wave) ** 0.5 * ",
        ),
        Mistake("The noise is never brought to length 1.", " / noise.norm()", ""),
        Mistake("That is the noise alone: add it to the note.", "return wave + ", "return "),
        Mistake("The noise is never negative: take `torch.randn`.", "torch.randn", "torch.rand"),
    ),
)


def _mask(mel: Any, width: int, generator: torch.Generator) -> Any:
    last = mel.shape[-1] - width
    start = int(torch.rand(1, generator=generator) * (last + 1))
    frames = torch.arange(mel.shape[-1])
    return mel * ((frames < start) | (frames >= start + width))


def _or(counts: set[int]) -> str:
    return " or ".join(str(count) for count in sorted(counts))


def _observe_mask(function: Function, case: Case) -> dict[str, Any]:
    shape, width = case.arguments
    generator = torch.Generator().manual_seed(0)
    mel = torch.rand(shape, generator=torch.Generator().manual_seed(1)) + 0.1
    given = mel.clone()
    outs = [function(given, width, generator) for _ in range(400)]
    if any(not isinstance(out, torch.Tensor) or out.shape != mel.shape for out in outs):
        return {"": outs[0]}
    starts = {tuple((out == 0).all(0).nonzero()[:, 0].tolist()) for out in outs}
    return {
        "silent frames": _or({len(frames) for frames in starts}),
        "silent bands": _or({int((out == 0).all(1).sum()) for out in outs}),
        "different places": len(starts),
        "the note itself is untouched": torch.equal(given, mel),
        "all else is untouched": all(torch.equal(out[out != 0], mel[out != 0]) for out in outs),
    }


MASK = Exercise(
    key="F9.mask_frames",
    task="Return a copy of a log-mel with `width` frames in a row silent, at a random place.",
    solution="""\
def mask_frames(mel, width, generator):
    last = mel.shape[-1] - width
    start = torch.randint(last + 1, (1,), generator=generator).item()
    masked = mel.clone()
    masked[..., start : start + width] = 0
    return masked
""",
    reference=_mask,
    cases=lambda: [Case(((6, 12), 3), "6 bands, 12 frames, width 3")],
    observe=_observe_mask,
    hints=(
        "Draw where the silence begins; it must fit in to its end.",
        "The first frame is one of 0 … T − width: that many, and one more, places.",
        "`masked = mel.clone()`, then `masked[..., start : start + width] = 0`.",
    ),
    mistakes=(
        Mistake("The note itself is changed: work on a copy.", "mel.clone()", "mel"),
        Mistake("You mask bands: time is the last axis.", "[..., start", "[start"),
        Mistake("One place is never drawn: the very end.", "last + 1,", "last,"),
        Mistake(
            "Near the end the mask is cut off: the last start is T − width.",
            "mel.shape[-1] - width",
            "mel.shape[-1] - 1",
        ),
        Mistake("Always the same place: draw it.", "start = torch", "start = 0 * torch"),
        Mistake("One frame only: mask a stretch.", "start : start + width", "start"),
    ),
)

EXERCISES = (STOPPING, DROPOUT, L1, L2, NOISE, MASK)
