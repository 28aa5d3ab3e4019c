"""What the first code cell of every notebook does.

The cell is the same everywhere: its text is :data:`SETUP_CELL`, and a test compares.
Before it imports anything from ``utils`` it looks where that package would come
from, because a stray ``utils.py`` beside the notebook, or an unrelated package of
that name, would be taken instead. Then it calls :func:`start`.
"""

import os
import random
import sys

from utils import __version__
from utils.errors import CourseError, StoreError

__all__ = ["SETUP_CELL", "start"]

SETUP_CELL = """\
import importlib.util
import sys
from pathlib import Path

sys.path += [str(p) for p in Path.cwd().parents if (p / "utils/course_setup.py").is_file()]
found = getattr(importlib.util.find_spec("utils"), "origin", None) or "nothing"
if not Path(found).with_name("course_setup.py").is_file():
    raise ImportError(f"expected the course's utils, got {found}: rename it, or install the course")
importlib.import_module("utils.course_setup").start(seed=0)
"""


def start(*, seed: int = 0) -> None:
    """Make a notebook ready: libraries there, generators seeded, notes at hand.

    Seeds Python's, NumPy's and PyTorch's global generators, makes
    ``import torchaudio`` work beside every build of PyTorch, opens the notes that
    come with the course, and prints one line.

    Parameters
    ----------
    seed : int
        Where all random numbers start, from 0 to 2**32 - 1.

    Raises
    ------
    CourseError
        A library is missing in this kernel.
    StoreError
        The notes can't be opened; the message says what to do.
    """
    torch_version = _seed(seed)
    n_notes = _count_notes()
    python = ".".join(map(str, sys.version_info[:3]))
    print(
        f"Music & AI course {__version__}: Python {python}, PyTorch {torch_version}, "
        f"{n_notes:,} notes, seed {seed}."
    )


def _seed(seed: int) -> str:
    """Seed all global generators; return PyTorch's version."""
    # Waiting threads must not spin: beside another busy program that costs a factor of five
    # in training. OpenMP reads this when torch is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    try:
        import numpy as np
        import torch

        from utils.torchaudio_shim import import_torchaudio

        import_torchaudio()
    except ImportError as error:
        raise CourseError(
            f"expected the course's libraries in {sys.executable}, got: {error}. Start JupyterLab "
            "with `python3 course.py lab`, or choose the kernel that has them."
        ) from error
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002  (libraries that take no generator use this one)
    torch.manual_seed(seed)
    return str(torch.__version__)


def _count_notes() -> int:
    """Open the notes that come with the course; return how many there are."""
    try:
        from utils.notes.embedded import load_notes

        return len(load_notes().notes())
    except (StoreError, OSError) as error:
        raise StoreError(
            f"expected the notes that come with the course, got: {error}. Is the disk full, or a "
            "file missing? Get the course's folder again, or set MUSIC_AI_COURSE_CACHE to a "
            "folder that you may write to."
        ) from error
