"""The six submissions of the demonstration: real zips with a notebook and a model."""

import os
import shutil
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from grader.release import Release
from utils.errors import CourseError
from utils.notes.embedded import load_notes
from utils.submission.codes import Code

__all__ = ["EXPECTED", "make_submissions", "zip_submission"]

GRU_EPOCHS = 6

EXPECTED: Mapping[str, Code | None] = MappingProxyType(
    {
        "1-reference": None,
        "2-undertrained": None,
        "3-conv-and-gru": None,
        "4-train-mode": Code.BATCH_DEPENDENT,
        "5-32x32-pictures": Code.INPUT_SHAPE,
        "6-not-a-zip": Code.NOT_ZIP,
    }
)
"""Name of each submission → why it is refused; None: it gets a score."""


def zip_submission(path: Path, files: Mapping[str, Path]) -> None:
    """Write a submission as the last cell of the notebook does.

    Parameters
    ----------
    path : Path
        The zip.
    files : mapping of str to Path
        Name in the zip → file.
    """
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, source in files.items():
            archive.write(source, name)


def make_submissions(
    release: Release, models: Path, submissions: Path, *, say: Callable[[str], None]
) -> None:
    """Train and export the models, and zip each with the homework's notebook.

    Parameters
    ----------
    release : Release
        Of homework 3, with a reference run.
    models, submissions : Path
        New folder for what the zips hold, and an existing one for the zips.
    say : callable
        Gets a line for each submission.
    """
    if release.reference is None:
        raise CourseError("expected a release with a reference run, got one without")
    models.mkdir()
    paths = {name: models / f"{name}.onnx" for name in list(EXPECTED)[:5]}
    say("1: the model that the reference run of the homework trained")
    shutil.copyfile(release.reference / "model.onnx", paths["1-reference"])
    _good_models(paths, say)
    _broken_models(paths, say)
    notebook, history = release.student / "hw3.ipynb", release.reference / "history.json"
    for name, path in paths.items():
        files = {"hw3.ipynb": notebook, "model.onnx": path, "history.json": history}
        zip_submission(submissions / f"{name}.zip", files)
    say("6: a text file called .zip")
    text = "I could not find the export cell, so here is my code: model = LectureCNN()\n"
    (submissions / "6-not-a-zip.zip").write_text(text, encoding="utf-8")


def _good_models(paths: Mapping[str, Path], say: Callable[[str], None]) -> None:
    """Train and export the lecture CNN for one epoch, and the network with a GRU."""
    # torch looks at this once, when it is loaded: else threads that wait keep their processor
    # busy, and training on a machine that does other things, too, takes several times as long
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    from grader.demo_models import train_conv_gru, train_undertrained
    from utils.submission.export import export_model

    notes = load_notes()
    train, validation = notes.split("train"), notes.split("validation")
    say("2: the lecture CNN after one epoch")
    paths["2-undertrained"].write_bytes(export_model(train_undertrained(train, validation)))
    say(f"3: a GRU behind convolutions, {GRU_EPOCHS} epochs")
    gru = train_conv_gru(train, validation, epochs=GRU_EPOCHS)
    paths["3-conv-and-gru"].write_bytes(export_model(gru))


def _broken_models(paths: Mapping[str, Path], say: Callable[[str], None]) -> None:
    """Export the models that must be refused; they need no training."""
    from grader.demo_models import BatchNormCNN, SmallInputCNN, export_as_it_is

    say("4: batch norm, exported in train mode")
    export_as_it_is(BatchNormCNN(), paths["4-train-mode"], train_mode=True)
    say("5: a network for pictures of 32 × 32")
    small = SmallInputCNN()
    export_as_it_is(small, paths["5-32x32-pictures"], side=small.side)
