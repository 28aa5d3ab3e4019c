"""Run a submitted model on notes, and judge its answers.

:func:`run_model` needs onnxruntime; the grader calls it inside the sandbox.
:func:`check_answers` needs numpy only; the grader calls it outside of the sandbox, on
the numbers that came back.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import onnxruntime as ort

from utils.errors import ParameterError
from utils.notes.vocabulary import N_FAMILIES
from utils.submission.codes import Code, Rejection
from utils.submission.contract import INPUT_NAME, NOTE_SHAPE, OUTPUT_NAME

__all__ = [
    "BATCH_SIZE",
    "BATCH_TOLERANCE",
    "Answers",
    "check_answers",
    "choose_repeats",
    "count_single",
    "open_session",
    "run_model",
]

BATCH_SIZE = 64
N_SHUFFLED = 64
N_SINGLE = 16

# Answers for a note may differ between batches by rounding alone: sums of some 1e4 float32
# products in another order. Measured over the lecture CNN, one with batch norm, a GRU and an
# attention layer: at most 2e-7 of the largest logit; batch norm in train mode: 3 to 40 %.
# 1e-3 is far from both.
BATCH_TOLERANCE = 1e-3

# What lies further below a note's largest logit has no probability; above it, logits may move
# by this much. Rounding moves them a thousand times less, unless they are in the millions.
CLOSE, CLOSE_TOLERANCE = 50.0, 0.05


@dataclass(frozen=True)
class Answers:
    """Logits for all notes, and again for some of them in other batches.

    Attributes
    ----------
    logits : np.ndarray, shape=(n, 11), float32
        In batches of 64, in the order of the notes.
    shuffled : np.ndarray, shape=(k, 11), float32
        The notes ``repeats``, together in one batch.
    single : np.ndarray, shape=(m, 11), float32
        The first m of the notes ``repeats``, one a batch; m = min(k, 16).
    """

    logits: np.ndarray
    shuffled: np.ndarray
    single: np.ndarray


def open_session(model: bytes, *, flush_denormals: bool = False) -> ort.InferenceSession:
    """Return a session for a model, from bytes only, on one thread, silent.

    Parameters
    ----------
    model : bytes
        The content of ``model.onnx``.
    flush_denormals : bool
        Take numbers below 1e-38 for 0: they slow a network down a hundredfold. This holds
        for all that the calling thread computes from then on, so it is for the grader's
        own processes, never for a notebook.

    Raises
    ------
    Rejection
        If onnxruntime can't load it.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    # else bytes of onnxruntime's own .ort format would pass as a model
    options.add_session_config_entry("session.load_model_format", "ONNX")
    if flush_denormals:
        options.add_session_config_entry("session.set_denormal_as_zero", "1")
    try:
        return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except MemoryError:
        raise Rejection(Code.MEMORY, "out of memory while loading the model") from None
    except Exception as error:
        # onnxruntime's errors share no base class of their own
        raise Rejection(_loading_code(str(error)), _first_line(error)) from None


def _loading_code(message: str) -> Code:
    """Return the code for an error message of onnxruntime while loading."""
    lower = message.lower()
    if "external data" in lower or "external initializer" in lower:
        return Code.EXTERNAL_DATA
    if "not a registered" in lower or "no opset import for domain" in lower:
        return Code.CUSTOM_OP
    if "opset" in lower and "support" in lower:
        return Code.OPSET
    if _is_memory(lower):
        return Code.MEMORY
    return Code.BAD_MODEL


def _is_memory(message: str) -> bool:
    """Return whether a message of onnxruntime (lower case) means too little memory."""
    return any(m in message for m in ("bad_alloc", "bad allocation", "failed to allocate"))


def _first_line(error: Exception, length: int = 240) -> str:
    """Return the first line of an error of onnxruntime, without its own prefix, shortened."""
    text = re.sub(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ", "", str(error).strip())
    lines = text.splitlines() or [type(error).__name__]
    return lines[0][:length]


def choose_repeats(n_notes: int, generator: np.random.Generator) -> np.ndarray:
    """Return the positions of the notes that are run a second time, in random order."""
    return generator.permutation(n_notes)[:N_SHUFFLED]


def count_single(repeats: np.ndarray) -> int:
    """Return how many of the notes ``repeats`` are also run alone."""
    return min(len(repeats), N_SINGLE)


def run_model(
    model: bytes,
    inputs: np.ndarray,
    repeats: np.ndarray,
    *,
    before_batch: Callable[[int], None] | None = None,
    flush_denormals: bool = False,
) -> Answers:
    """Run a model on notes in batches of 64, and on some of them in other batches.

    Parameters
    ----------
    model : bytes
        The content of ``model.onnx``.
    inputs : np.ndarray, shape=(n, 1, 64, 64), float32
        Log-mel spectrograms in [0, 1].
    repeats : np.ndarray, int
        Positions in ``inputs``, from :func:`choose_repeats`.
    before_batch : callable, optional
        Called with the number of notes done before each batch; may raise to stop.
    flush_denormals : bool
        See :func:`open_session`.

    Raises
    ------
    ParameterError
        If ``inputs`` has another shape or type.
    Rejection
        If the model can't be loaded, fails on a batch, or answers in another shape.
    """
    if inputs.shape[1:] != NOTE_SHAPE or inputs.dtype != np.float32:
        raise ParameterError(
            f"expected float32 (n, {', '.join(map(str, NOTE_SHAPE))}), "
            f"got {inputs.dtype} {inputs.shape}"
        )
    session = open_session(model, flush_denormals=flush_denormals)
    logits = np.empty((len(inputs), N_FAMILIES), np.float32)
    for start in range(0, len(inputs), BATCH_SIZE):
        if before_batch is not None:
            before_batch(start)
        part = slice(start, start + BATCH_SIZE)
        logits[part] = _answer(session, inputs[part])
    shuffled = _answer(session, inputs[repeats])
    single = [_answer(session, inputs[i : i + 1]) for i in repeats[: count_single(repeats)]]
    return Answers(logits, shuffled, np.concatenate(single))


def _answer(session: ort.InferenceSession, batch: np.ndarray) -> np.ndarray:
    """Return the logits for one batch."""
    try:
        outputs = session.run([OUTPUT_NAME], {INPUT_NAME: np.ascontiguousarray(batch)})
    except MemoryError:
        raise Rejection(Code.MEMORY, f"out of memory on a batch of {len(batch)}") from None
    except Exception as error:
        # onnxruntime's errors share no base class of their own
        if _is_memory(str(error).lower()):
            raise Rejection(Code.MEMORY, f"out of memory on a batch of {len(batch)}") from None
        detail = f"on a batch of {len(batch)}: {_first_line(error)}"
        raise Rejection(Code.RUN_FAILED, detail) from None
    logits = outputs[0]
    if not isinstance(logits, np.ndarray) or logits.dtype != np.float32:
        kind = getattr(logits, "dtype", type(logits).__name__)
        raise Rejection(Code.OUTPUT_TYPE, f"the output is {kind}, expected float32")
    if logits.shape != (len(batch), N_FAMILIES):
        raise Rejection(
            Code.OUTPUT_SHAPE,
            f"the output is {list(logits.shape)} for a batch of {len(batch)}, "
            f"expected [{len(batch)}, {N_FAMILIES}]",
        )
    return logits


def check_answers(answers: Answers, repeats: np.ndarray) -> None:
    """Refuse logits that are not finite, or that depend on the rest of the batch.

    Parameters
    ----------
    answers : Answers
        From :func:`run_model`.
    repeats : np.ndarray, int
        The positions that were given to it.

    Raises
    ------
    Rejection
        NONFINITE or BATCH_DEPENDENT.
    """
    bad = ~np.isfinite(answers.logits).all(axis=1)
    if bad.any():
        raise Rejection(Code.NONFINITE, f"NaN or infinity for {int(bad.sum())} of {len(bad)} notes")
    largest = np.abs(answers.logits).max(axis=1)
    # Each note by its own size, or a typical one: one huge logit must not hide what happens to
    # all other notes.
    scale = np.maximum(np.maximum(largest, np.median(largest)), 1e-30)
    for again in (answers.shuffled, answers.single):
        same = repeats[: len(again)]
        change = np.abs(again - answers.logits[same]).max(axis=1) / scale[same]
        # "not <=" so that NaN in a repeated answer counts as different
        if not (change <= BATCH_TOLERANCE).all():
            raise Rejection(
                Code.BATCH_DEPENDENT,
                f"the logits of a note change by {change.max():.1%} of the largest logit when "
                "its batch changes (rounding: under 0.1 %)",
            )
        moved = np.abs(_below_top(again) - _below_top(answers.logits[same])).max()
        # a huge logit in every note must not hide the others
        if not moved <= CLOSE_TOLERANCE:
            raise Rejection(
                Code.BATCH_DEPENDENT,
                f"logits near the largest one move by {moved:.2g} when its batch changes",
            )


def _below_top(logits: np.ndarray) -> np.ndarray:
    """Return how far each logit lies below the largest of its note, at most ``CLOSE``."""
    wide = logits.astype(np.float64)
    return np.maximum(wide - wide.max(axis=1, keepdims=True), -CLOSE)
