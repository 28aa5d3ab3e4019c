"""``export_and_check(model)``: from a torch model to a ``model.onnx`` that will be graded.

Exports, runs exactly the checks of the grader, compares the file with the torch model,
and shows the practice score. Nothing is written unless every check passes.
"""

import contextlib
import io
import logging
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import nn

import utils
from utils.errors import ParameterError
from utils.files import write_atomically
from utils.models.modes import eval_mode
from utils.notes.front_end import FRONT_END_ID
from utils.notes.store import NoteSet, NoteStore
from utils.notes.vocabulary import N_FAMILIES
from utils.submission.codes import Code, Rejection
from utils.submission.contract import INPUT_NAME, NOTE_SHAPE, OUTPUT_NAME, inspect_model
from utils.submission.credit import Curve, credit, read_credit
from utils.submission.inference import BATCH_TOLERANCE
from utils.submission.practice import PracticeRun, practice_notes, run_practice
from utils.submission.score import ModelScore

__all__ = ["export_and_check", "export_model"]

OPSET = 20
N_COMPARED = 32
ASSIGNMENT_FILE = "assignment.toml"


def export_and_check(
    model: nn.Module,
    path: str | Path = "model.onnx",
    *,
    store: NoteStore | None = None,
    curve: Curve | None = None,
    points: float | None = None,
    quiet: bool = False,
) -> ModelScore:
    """Write a model as ONNX, run the grader's checks on it, and show its practice score.

    Parameters
    ----------
    model : torch.nn.Module
        Takes float32 ``(batch, 1, 64, 64)``, returns logits ``(batch, 11)``. It is exported
        in eval mode; every part gets its mode back afterwards.
    path : str or Path
        Where to write; replaced only if all checks pass.
    store : NoteStore, optional
        Notes with a split "practice"; default: those that come with the course.
    curve : Curve, optional
        From score to credit; default: the section ``[credit]`` of an ``assignment.toml``
        beside the notebook, if there is one.
    points : float, optional
        What the curve's end is worth; needed with ``curve``.
    quiet : bool
        Print nothing.

    Returns
    -------
    ModelScore
        On the practice split.

    Raises
    ------
    Rejection
        With the code, what was found, and what to change.
    ParameterError
        If ``model`` is no torch module, or ``curve`` comes without ``points``.
    """
    if not isinstance(model, nn.Module):
        raise ParameterError(f"expected a torch.nn.Module, got {type(model).__name__}")
    known = _known_curve(curve, points)
    notes = practice_notes(store)
    say = _be_silent if quiet else _say
    try:
        content = export_model(model)
        facts = inspect_model(content)
        say(f"exported: opset {facts.opset}, {facts.n_parameters:,} values, {_size(content)}")
        run = run_practice(content, notes)
        say("loads and runs; logits finite, and the same in any batch")
        say(f"fast enough: about {run.seconds:.1f} s for 4 096 notes, 120 s allowed")
        _check_same(model, run, notes)
        say("computes what the torch model computes")
    except Rejection as rejection:
        say(f"{rejection}\n  {Path(path).name} was not written.", mark="✗")
        raise
    write_atomically(path, content)
    say(f"written to {Path(path).name}")
    say(f"\n{run.score}", mark="")
    if known is not None:
        say(_describe_credit(run.score, *known), mark="")
    return run.score


def export_model(model: nn.Module) -> bytes:
    """Return a model as the bytes of an ONNX file, exported in eval mode.

    Raises
    ------
    Rejection
        If the model can't take or return the right shapes, or can't be exported.
    """
    device = next((p.device for p in model.parameters()), torch.device("cpu"))
    example = torch.rand((2, *NOTE_SHAPE), device=device)
    with eval_mode(model):
        _check_forward(model, example)
        proto = _export(model, example)
    _tidy(proto)
    return proto.SerializeToString()


def _say(text: str, *, mark: str = "✓") -> None:
    """Print the outcome of one check."""
    line = f"{mark} {text}" if mark else text
    encoding = sys.stdout.encoding or "utf-8"  # an old console may lack the marks
    print(line.encode(encoding, "replace").decode(encoding))


def _be_silent(text: str, *, mark: str = "") -> None:
    """Print nothing."""


def _size(model: bytes) -> str:
    """Return a size in words."""
    return f"{len(model) / 1e6:.1f} MB" if len(model) > 1e5 else f"{len(model) / 1e3:.0f} kB"


def _known_curve(curve: Curve | None, points: float | None) -> tuple[Curve, float] | None:
    """Return curve and points from the arguments, or from the assignment's file."""
    if curve is not None or points is not None:
        if curve is None or points is None:
            raise ParameterError("expected curve and points together, got only one of them")
        return curve, points
    if Path(ASSIGNMENT_FILE).is_file():
        return read_credit(ASSIGNMENT_FILE)
    return None


def _check_forward(model: nn.Module, example: torch.Tensor) -> None:
    """Refuse a model that can't take a batch of two notes, or returns something else."""
    expected = f"a batch of 2 notes {list(example.shape)}"
    try:
        with torch.no_grad():
            logits = model(example)
    except Exception as error:
        raise Rejection(
            _forward_code(str(error)), f"forward fails on {expected}: {_short(error)}"
        ) from error
    if not isinstance(logits, torch.Tensor):
        raise Rejection(
            Code.OUTPUTS, f"forward returns {type(logits).__name__}, expected one tensor"
        )
    if tuple(logits.shape) != (2, N_FAMILIES):
        raise Rejection(
            Code.OUTPUT_SHAPE,
            f"forward returns {list(logits.shape)} for {expected}, expected [2, {N_FAMILIES}]",
        )
    if logits.dtype != torch.float32:
        raise Rejection(Code.OUTPUT_TYPE, f"forward returns {logits.dtype}, expected float32")


def _forward_code(message: str) -> Code:
    """Return the code for an error of ``forward``: wrong type, or else wrong shape."""
    lower = message.lower()
    is_type = "dtype" in lower or "should be the same" in lower or "scalar type" in lower
    return Code.INPUT_TYPE if is_type else Code.INPUT_SHAPE


def _short(error: BaseException, length: int = 300) -> str:
    """Return the first line of an error that says something."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0] if lines else ''}"[:length]


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporter's progress, warnings and log lines off the screen."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def _export(model: nn.Module, example: torch.Tensor) -> onnx.ModelProto:
    """Return the exported model, with a dynamic batch and its weights inside."""
    try:
        with _quiet(), torch.no_grad():
            program = torch.onnx.export(
                model,
                (example,),
                dynamo=True,
                external_data=False,
                opset_version=OPSET,
                input_names=[INPUT_NAME],
                output_names=[OUTPUT_NAME],
                dynamic_shapes=({0: torch.export.Dim("batch")},),
                verbose=False,
            )
            if program is None:
                raise RuntimeError("the exporter returned nothing")
            return program.model_proto
    except Exception as error:
        # the exporter has no common base class for its errors
        rejection = _explain(error)
    raise rejection from None  # the exporter's own report is pages long


def _explain(error: BaseException) -> Rejection:
    """Return the rejection for an error of the exporter, from the innermost cause."""
    chain: list[BaseException] = [error]
    while (cause := chain[-1].__cause__ or chain[-1].__context__) and cause not in chain:
        chain.append(cause)
    messages = " ".join(str(e) for e in chain).lower()
    if "constraint" in messages and ("specialized" in messages or "constant" in messages):
        return Rejection(
            Code.INPUT_SHAPE, "the network works for one batch size only (a number in view()?)"
        )
    return Rejection(Code.EXPORT_FAILED, _short(chain[-1]))


def _tidy(proto: onnx.ModelProto) -> None:
    """Write the course's metadata, and remove the exporter's notes.

    Those hold paths and source lines of the student's own computer.
    """
    del proto.metadata_props[:]
    onnx.helper.set_model_props(
        proto, {"front_end": FRONT_END_ID, "course_version": utils.__version__}
    )
    graphs = [proto.graph]
    while graphs:
        graph = graphs.pop()
        del graph.metadata_props[:]
        for value in (*graph.input, *graph.output, *graph.value_info, *graph.initializer):
            del value.metadata_props[:]
        for node in graph.node:
            node.ClearField("doc_string")
            del node.metadata_props[:]
            graphs.extend(a.g for a in node.attribute if a.HasField("g"))
    for function in proto.functions:
        del function.metadata_props[:]
        for node in function.node:
            node.ClearField("doc_string")
            del node.metadata_props[:]


def _check_same(model: nn.Module, run: PracticeRun, notes: NoteSet) -> None:
    """Refuse a file that does not compute what the torch model computes."""
    some = np.arange(min(N_COMPARED, len(notes)))
    device = next((p.device for p in model.parameters()), torch.device("cpu"))
    with eval_mode(model), torch.no_grad():
        expected = model(torch.from_numpy(notes.inputs(some)).to(device)).cpu().numpy()
    difference = np.abs(expected - run.logits[some]).max()
    scale = float(np.abs(run.logits).max())
    if not difference <= BATCH_TOLERANCE * scale:
        raise Rejection(
            Code.EXPORT_DIFFERS,
            f"the logits differ by {difference / max(scale, 1e-30):.1%} of the largest one",
        )


def _describe_credit(score: ModelScore, curve: Curve, points: float) -> str:
    """Return what the score would earn, and what luck could make of it."""
    earned, low, high = (credit(v, curve, points) for v in (score.value, score.low, score.high))
    return (
        f"On the hidden split, this score would earn {earned:.1f} of {points:g} points "
        f"(within the interval: {low:.1f} to {high:.1f})."
    )
