"""Every reason why a submission can be refused, with exactly one hint each.

The same closed list is used by the check in the notebook, by the grader and in
``grades.csv``. A hint tells what to change; the ``detail`` of a
:class:`Rejection` tells what was found.
"""

from enum import StrEnum
from types import MappingProxyType

from utils.errors import CourseError

__all__ = ["GRADER_CODES", "HINTS", "STUDENT_ONLY_CODES", "Code", "Rejection"]


class Code(StrEnum):
    """Why a submission was refused (or could not be graded); no code means no problem."""

    # the zip
    NOT_ZIP = "NOT_ZIP"
    BAD_PATH = "BAD_PATH"
    TOO_BIG = "TOO_BIG"
    TOO_MANY = "TOO_MANY"
    ENCRYPTED = "ENCRYPTED"
    NO_MODEL = "NO_MODEL"
    TWO_MODELS = "TWO_MODELS"
    # the file model.onnx
    EMPTY_MODEL = "EMPTY_MODEL"
    BAD_MODEL = "BAD_MODEL"
    EXTERNAL_DATA = "EXTERNAL_DATA"
    CUSTOM_OP = "CUSTOM_OP"
    OPSET = "OPSET"
    NO_CONVOLUTION = "NO_CONVOLUTION"
    FRONT_END = "FRONT_END"
    INPUTS = "INPUTS"
    INPUT_SHAPE = "INPUT_SHAPE"
    INPUT_TYPE = "INPUT_TYPE"
    OUTPUTS = "OUTPUTS"
    OUTPUT_SHAPE = "OUTPUT_SHAPE"
    OUTPUT_TYPE = "OUTPUT_TYPE"
    # what the network answers
    RUN_FAILED = "RUN_FAILED"
    NONFINITE = "NONFINITE"
    BATCH_DEPENDENT = "BATCH_DEPENDENT"
    MEMORY = "MEMORY"
    TIMEOUT = "TIMEOUT"
    # export, in the notebook only
    EXPORT_FAILED = "EXPORT_FAILED"
    EXPORT_DIFFERS = "EXPORT_DIFFERS"
    # the process that runs the network
    FLOOD = "FLOOD"
    PROTOCOL = "PROTOCOL"
    CRASH = "CRASH"
    # the grader itself
    NOT_FINISHED = "NOT_FINISHED"
    INFRA_ERROR = "INFRA_ERROR"


GRADER_CODES = frozenset({Code.NOT_FINISHED, Code.INFRA_ERROR})
"""Nothing that a student did: such a submission counts as not yet graded."""

STUDENT_ONLY_CODES = frozenset({Code.EXPORT_FAILED, Code.EXPORT_DIFFERS})
"""Raised by the export in the notebook, never by the grader."""

_EXPORT = 'export_and_check(model, "model.onnx")'

HINTS = MappingProxyType(
    {
        Code.NOT_ZIP: "Hand in the zip file that the last cell of the notebook writes, as it is; "
        "renaming another file to .zip does not make it one.",
        Code.BAD_PATH: "Make the zip anew from the two files themselves (notebook and "
        "model.onnx): no links, no absolute paths, no '..' and no odd characters in names.",
        Code.TOO_BIG: "Put nothing but the notebook and model.onnx into the zip, and keep "
        "model.onnx under 32 MB: use fewer channels, or fewer inputs to the first nn.Linear.",
        Code.TOO_MANY: "Put nothing but the notebook and model.onnx into the zip: no data set, "
        "no .venv, no checkpoints.",
        Code.ENCRYPTED: "Make the zip without a password.",
        Code.NO_MODEL: f"Run {_EXPORT} in the notebook's folder, then the last cell again, so "
        "that the zip holds a file with exactly the name model.onnx.",
        Code.TWO_MODELS: "Keep one model.onnx in the zip: the one that shall be graded.",
        Code.EMPTY_MODEL: f"The file has 0 bytes: run {_EXPORT} again and look at its size.",
        Code.BAD_MODEL: "The file is not an ONNX model that can be loaded: write it with "
        f"{_EXPORT} (torch.save and pickle write something else) and don't edit it.",
        Code.EXTERNAL_DATA: "The weights must be inside model.onnx: "
        f"use {_EXPORT}, or torch.onnx.export(..., external_data=False).",
        Code.CUSTOM_OP: "Only standard ONNX operators are allowed: build the network from "
        f"torch.nn layers and write it with {_EXPORT}.",
        Code.OPSET: f"Write the model with {_EXPORT}, or torch.onnx.export(..., opset_version=20): "
        "opset 18 to 20 and IR version up to 10 are accepted.",
        Code.NO_CONVOLUTION: "This homework is about CNNs: use at least one nn.Conv2d (or "
        "nn.Conv1d) in the network.",
        Code.FRONT_END: "The model was trained on spectrograms of another front end: train on "
        f"the notes of this course (load_notes()), then run {_EXPORT}.",
        Code.INPUTS: "The network must take exactly one input, named mel: "
        'torch.onnx.export(..., input_names=["mel"]), and forward(self, x) with one argument.',
        Code.INPUT_SHAPE: "The network must take [batch, 1, 64, 64] for a batch of any size: "
        "begin with nn.Conv2d(1, ...), write x.flatten(1) rather than x.view(64, -1), and "
        'export with dynamic_shapes=({0: torch.export.Dim("batch")},).',
        Code.INPUT_TYPE: "The input must be float32: call model.float() before the export.",
        Code.OUTPUTS: "The network must return exactly one tensor, named logits: return only "
        'the logits from forward, and torch.onnx.export(..., output_names=["logits"]).',
        Code.OUTPUT_SHAPE: "The network must return 11 logits a note, shape [batch, 11]: end "
        "with nn.Linear(..., 11), and don't take argmax or squeeze in forward.",
        Code.OUTPUT_TYPE: "Return the float32 logits themselves, not argmax (int64): call "
        "model.float() and end forward with the last nn.Linear.",
        Code.RUN_FAILED: "The network stops on some batch: write x.flatten(1), not a number, "
        "wherever the batch size comes in, and try model(torch.rand(3, 1, 64, 64)) "
        "and model(torch.rand(1, 1, 64, 64)).",
        Code.NONFINITE: "The network returns NaN or infinity: look at the loss curve, train "
        "with a smaller learning rate, and never take log(0) or divide by 0 in forward.",
        Code.BATCH_DEPENDENT: "The answer for a note must not depend on the other notes of its "
        f"batch: call model.eval() before exporting (as {_EXPORT} does), average over "
        "positions, never over dim 0, and use no random numbers in forward.",
        Code.MEMORY: "The network needs too much memory: pool earlier, or use fewer channels in "
        "the first layers, where the feature maps are large.",
        Code.TIMEOUT: "The network is too slow, or never ends: pool earlier, use fewer "
        "channels or layers, and no loop that depends on the data.",
        Code.EXPORT_FAILED: "torch could not turn forward into a graph: replace 'if' and 'for' "
        "that look at values of a tensor by torch.where(condition, a, b), and use no numpy in it.",
        Code.EXPORT_DIFFERS: "The exported model does not compute what the torch model computes: "
        "use no random numbers in forward (nn.Dropout instead of F.dropout), and no state that "
        "changes from call to call.",
        Code.FLOOD: "The process that ran the model sent far too much. Please tell your "
        f"instructor; then write the model anew with {_EXPORT}.",
        Code.PROTOCOL: "The process that ran the model gave no valid answer. Please tell your "
        f"instructor; then write the model anew with {_EXPORT}.",
        Code.CRASH: "The process that ran the model broke down, twice: make the network "
        f"simpler (fewer nested layers), and write it anew with {_EXPORT}.",
        Code.NOT_FINISHED: "The grader was stopped before this submission's turn; nothing to "
        "change. Instructor: run the same command again, it goes on where it stopped.",
        Code.INFRA_ERROR: "The grader itself failed here; nothing to change, and no points are "
        "lost. Instructor: see the message, then run the same command again.",
    }
)
"""What to change, for each code."""


class Rejection(CourseError):  # noqa: N818 (a verdict, not a failure of the program)
    """A submission breaks the rules; carries the code, what was found, and the hint.

    Parameters
    ----------
    code : Code
        The reason.
    detail : str
        What was found, in words; shown together with the hint.
    """

    def __init__(self, code: Code, detail: str) -> None:
        super().__init__(code, detail)
        self.code = Code(code)
        self.detail = detail

    @property
    def hint(self) -> str:
        """What to change."""
        return HINTS[self.code]

    def __str__(self) -> str:
        return f"{self.code.value}: {self.detail}\n  What to change: {self.hint}"
