"""Seal otter's autograder zip: our scripts, our code and the hidden split go into it."""

import json
import re
import tomllib
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np

from grader.assignment import Assignment
from grader.autograder.grading import FORMAT, HIDDEN, PRACTICE, SEAL
from grader.hidden_split import INPUTS, LABELS, MANIFEST, HiddenSplit
from grader.notebook.grading import training_cells
from grader.sandbox.launch import PACKAGES
from grader.sandbox.policy import Policy
from utils.errors import CourseError
from utils.notes.store import NoteSet

__all__ = ["seal_zip"]

SCRIPTS = Path(__file__).parent / "zip"
GUARD = "grader.autograder.guard.SealedZip"
_REPLACED = {"setup.sh", "run_autograder", "run_otter.py", "environment.yml", "otter_config.json"}
_NOT_NEEDED = {"jupyterlab", "nbgrader"}
_LEFT_OUT = {"__pycache__", "node_modules"}
_RUNNABLE = 0o755 << 16


def seal_zip(
    otters: Path,
    out: Path,
    assignment: Assignment,
    *,
    practice: NoteSet,
    hidden: HiddenSplit | None = None,
    policy: Policy = "strict",
) -> None:
    """Write a sealed autograder zip.

    Parameters
    ----------
    otters : Path
        The zip that ``otter assign`` wrote.
    out : Path
        The sealed one; appears complete or not at all.
    assignment : Assignment
    practice : NoteSet
        The practice split, for the students' pages.
    hidden : HiddenSplit, optional
        Without it, the zip grades the notebook and says that it can't grade the model.
    policy : {"strict", "weak"}
        Which protections must hold where it grades.

    Raises
    ------
    CourseError
        Otter's zip can't be read, or the disk fails.
    """
    if policy == "none":
        raise CourseError("expected --sandbox strict or weak for a sealed zip, got none")
    new = out.with_name(f".{out.name}.new")
    try:
        with (
            zipfile.ZipFile(otters) as source,
            zipfile.ZipFile(new, "w", zipfile.ZIP_DEFLATED) as target,
        ):
            for entry in source.infolist():
                if not _is_replaced(entry.filename):
                    target.writestr(entry, source.read(entry))
            _add_scripts(target, source)
            _add_code(target)
            _add_private(target, assignment, practice, hidden, policy)
        new.chmod(0o600)  # labels are in it
        new.replace(out)
    except (OSError, zipfile.BadZipFile, KeyError, ValueError) as error:
        raise CourseError(f"can't seal {otters.name}: {error}") from error
    finally:
        new.unlink(missing_ok=True)


def _is_replaced(name: str) -> bool:
    """Return whether a file of the zip makes room for ours; also where it was sealed before."""
    return name in _REPLACED or name.startswith(
        ("files/course/", "files/private/", "requirements.")
    )


def _add_scripts(target: zipfile.ZipFile, source: zipfile.ZipFile) -> None:
    """Add what installs and starts grading, in place of otter's."""
    for name in ("setup.sh", "run_autograder"):
        entry = zipfile.ZipInfo(name)
        entry.external_attr = _RUNNABLE
        entry.compress_type = zipfile.ZIP_DEFLATED
        target.writestr(entry, (SCRIPTS / name).read_bytes())
    # otter's Dockerfile wants these two; neither is used
    target.writestr("run_otter.py", "raise SystemExit('this zip is sealed: see run_autograder')\n")
    target.writestr("environment.yml", "name: unused\n")
    config = json.loads(source.read("otter_config.json"))
    config["plugins"] = [GUARD]
    target.writestr("otter_config.json", json.dumps(config, indent=1))
    pyproject = tomllib.loads((PACKAGES / "pyproject.toml").read_text(encoding="utf-8"))
    target.writestr("requirements.txt", "".join(f"{line}\n" for line in _requirements(pyproject)))
    target.writestr("requirements.constraints.txt", (PACKAGES / "constraints.txt").read_text())
    index = pyproject["tool"]["music-ai-course"]["torch-cpu-index"]
    target.writestr("requirements.torch-index", f"{index}\n")


def _requirements(pyproject: dict) -> list[str]:
    """Return what a grading machine installs."""
    wanted = pyproject["project"]["dependencies"]
    return [line for line in wanted if re.split(r"[^\w-]", line)[0] not in _NOT_NEEDED]


def _add_code(target: zipfile.ZipFile) -> None:
    """Add the packages themselves: the zip needs no other copy of the course."""
    for package in ("utils", "grader"):
        for path in _files(PACKAGES / package):
            target.write(path, f"files/course/{path.relative_to(PACKAGES).as_posix()}")


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not _LEFT_OUT & set(path.parts):
            yield path


def _add_private(
    target: zipfile.ZipFile,
    assignment: Assignment,
    practice: NoteSet,
    hidden: HiddenSplit | None,
    policy: Policy,
) -> None:
    """Add what is deleted before a student's notebook runs."""
    place = "files/private"
    target.write(assignment.folder / "assignment.toml", f"{place}/assignment.toml")
    seal = {
        "format": FORMAT,
        "left_out": sorted(training_cells(assignment.notebook_path)),
        "policy": policy,
        "hidden": hidden is not None,
    }
    target.writestr(f"{place}/{SEAL}", json.dumps(seal))
    arrays = BytesIO()
    np.savez_compressed(
        arrays,
        mels=practice.mels_uint8(),
        families=practice.families.astype(np.int64),
        groups=practice.groups,
    )
    target.writestr(f"{place}/{PRACTICE}", arrays.getvalue())
    if hidden is not None:
        for name in (MANIFEST, INPUTS, LABELS):
            target.write(hidden.path / name, f"{place}/{HIDDEN}/{name}")
