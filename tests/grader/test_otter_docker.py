"""Stock `otter grade` with a real Docker engine and the sealed zip."""

import csv
import json
import pickle
import shutil
import subprocess
import sys
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest

from grader.assignment import Assignment, load_assignment
from grader.grade import grade_submissions
from grader.hidden_split import HiddenSplit, build_hidden
from grader.release import Sealing, release_assignment
from grader.results import Result
from tests.grader.docker_engine import Engine, Requirements, missing
from tests.grader.road import HW3, solved_notebook, submission
from tests.submission.models import GOOD, RUNNING, STATIC, endless_loop

REASON = missing()
pytestmark = [
    pytest.mark.full,
    pytest.mark.skipif(REASON is not None, reason=str(REASON)),
    pytest.mark.timeout(2400),
]
BASE = "course-base"
PRIVATE = "/autograder/source/files/private"
HOSTILE = "09-hostile.zip"
HOME = "/" + "root"  # in a container
CACHES = ("__pycache__", f"{HOME}/.cache", "/tmp/torchinductor_root")
"""What the grader's own programs keep."""

FORGE = """
import os, pickle
class Forged:
    def __reduce__(self):
        return os.system, ("touch {mark}",)
for name in ("results.pkl.new", "results.pkl", "results.json"):
    with open("/autograder/results/" + name, "wb") as file:
        pickle.dump(Forged(), file)
"""
"""A results file that runs a command on the machine of whoever reads it."""


@dataclass(frozen=True)
class Container:
    """What a grading container has left.

    Attributes
    ----------
    folder : Path
        Its ``/autograder/results``.
    changes : tuple of str
        From the image: "A", "C" or "D" and a path.
    """

    folder: Path
    changes: tuple[str, ...]

    @property
    def report(self) -> dict[str, Any]:
        """As Gradescope would show it."""
        return json.loads((self.folder / "results.json").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Graded:
    """The same submissions on two roads.

    Attributes
    ----------
    results : dict
        Of `python -m grader grade`, by the submission's name, as all that follows.
    columns : tuple of str
        Of otter's table.
    rows, summaries, containers : dict
        Of `otter grade`.
    in_image : str
        What otter's image holds: the size of the metadata, and the private files.
    forged : Path
        Exists if a forged pickle was read.
    """

    results: dict[str, Result]
    columns: tuple[str, ...]
    rows: dict[str, dict[str, str]]
    summaries: dict[str, str]
    containers: dict[str, Container]
    in_image: str
    forged: Path


def _notebook(*cells: str) -> bytes:
    made = [nbformat.v4.new_code_cell(cell) for cell in cells]
    return nbformat.writes(nbformat.v4.new_notebook(cells=made)).encode()


def _submissions(folder: Path, forged: Path) -> list[Path]:
    """Return twelve submissions: one of each class of outcome."""
    solved, model = solved_notebook(), GOOD["opset 18"]
    partly = solved.replace(b"out_channels * (in_channels * kernel_size**2 + 1)", b"0")
    assert partly != solved
    hostile = _notebook(
        FORGE.format(mark=forged),
        f"open('{PRIVATE}/hidden/labels.npz')",
        "open('/autograder/source/tests/left.py', 'w')",
        f"open('{HOME}/left', 'w')",
        "import os\nos._exit(0)",
    )
    kinds: dict[str, dict[str, bytes]] = {
        "01-all-right": {"hw3.ipynb": solved, "model.onnx": model, "history.json": b"{}"},
        "02-no-notebook": {"model.onnx": model},
        "03-no-model": {"hw3.ipynb": partly},
        "04-two-models": {"a/model.onnx": model, "b/model.onnx": model, "hw3.ipynb": solved},
        "05-other-shape": {"hw3.ipynb": solved, "model.onnx": STATIC["32 x 32"][0]},
        "06-no-onnx": {"hw3.ipynb": solved, "model.onnx": b"torch.save wrote this"},
        "07-not-finite": {
            "hw3.ipynb": solved,
            "model.onnx": RUNNING["logarithm of negative numbers"][0],
        },
        "08-endless-model": {"hw3.ipynb": _notebook("pass"), "model.onnx": endless_loop()},
        HOSTILE.removesuffix(".zip"): {"hw3.ipynb": hostile, "model.onnx": model},
        "10-endless-cell": {"hw3.ipynb": _notebook("while True: pass"), "model.onnx": model},
        "11-outside": {"../../source/tests/q1_power.py": b"", "model.onnx": model},
    }
    paths = [submission(folder / f"{name}.zip", files) for name, files in kinds.items()]
    text = folder / "12-not-a-zip.zip"
    text.write_bytes(b"my homework")
    return [*paths, text]


def _quick_assignment(folder: Path) -> Assignment:
    """Return the homework with limits by which an endless model costs seconds, not minutes."""
    shutil.copytree(load_assignment(HW3).folder, folder)
    with (folder / "assignment.toml").open("a") as file:
        file.write("\n[limits]\ncpu_seconds = 10\nwall_seconds = 60\n")
    return load_assignment(folder)


def _requirements(sealed: Path, folder: Path) -> Requirements:
    """Return what the zip would install."""
    with zipfile.ZipFile(sealed) as archive:
        names = archive.extract("requirements.txt", folder)
        pins = archive.extract("requirements.constraints.txt", folder)
        index = archive.read("requirements.torch-index").decode().strip()
    return Requirements(Path(names), Path(pins), index)


def _otter_grade(engine: Engine, sealed: Path, out: Path, paths: list[Path]) -> None:
    command = [sys.executable, "-m", "otter", "grade", "-n", "hw3", "-a", str(sealed)]
    command += ["--ext", "zip", "--image", BASE, "--containers", "2", "--no-network", "--force"]
    done = subprocess.run(
        [*command, "--summaries", "-o", str(out), *map(str, paths)],
        env=engine.environment,
        capture_output=True,
        text=True,
        timeout=1400,
    )
    assert done.returncode == 0, done.stderr[-3000:]


def _containers(kept: Path, copy: Path) -> dict[str, Container]:
    """Return what was kept of the containers, by the name of the submission."""
    shutil.copytree(kept, copy)
    found = {}
    for folder in copy.iterdir():
        name = (folder / "log").read_text().strip().splitlines()[-1].partition(":")[0]
        changes = tuple((folder / "changes").read_text().splitlines())
        assert (folder / "results" / "results.pkl").stat().st_uid == 0
        found[name] = Container(folder / "results", changes)
    return found


def _phase(name: str, began: float) -> float:
    """Print how long a phase took; return the time now."""
    now = time.monotonic()
    print(f"{name}: {now - began:.0f} s")
    return now


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Graded:
    folder = tmp_path_factory.mktemp("docker")
    forged, out = folder / "forged", folder / "out"
    for name in ("in", "out"):
        (folder / name).mkdir()
    build_hidden(["demo"], folder / "hidden", n_notes=88, progress=False)
    assignment = _quick_assignment(folder / HW3)
    sealing = Sealing(HiddenSplit.open(folder / "hidden"))
    sealed = release_assignment(
        assignment, folder / "release", run=False, sealing=sealing, say=lambda _: None
    ).zip_file
    paths = _submissions(folder / "in", forged)
    began = time.monotonic()
    with Engine() as engine:
        engine.import_base(_requirements(sealed, folder), BASE)
        began = _phase(f"base image ({engine.driver})", began)
        _otter_grade(engine, sealed, out, paths)
        began = _phase("otter grade, its image and 12 submissions", began)
        look = f"stat -c %s /autograder/submission_metadata.json; ls {PRIVATE}/hidden"
        run = ("run", "--rm", "--network", "none", "otter-grade:hw3", "sh", "-c", look)
        in_image = engine.docker(*run)
        containers = _containers(engine.kept, folder / "kept")
    batch = grade_submissions(
        folder / "in",
        hidden=folder / "hidden",
        out=folder / "batch",
        assignment=assignment,
        jobs=2,
        progress=False,
    )
    _phase("the same without Docker", began)
    with (out / "final_grades.csv").open(newline="") as file:
        table = csv.DictReader(file)
        rows = {row["file"]: row for row in table}
    return Graded(
        {result.submission: result for result in batch.results},
        tuple(table.fieldnames or ()),
        rows,
        {f"{p.stem}.zip": p.read_text() for p in (out / "grading-summaries").iterdir()},
        containers,
        in_image,
        forged,
    )


def test_no_submission_is_lost(graded: Graded) -> None:
    assert len(graded.results) == 12
    assert set(graded.rows) == {*graded.results, "points-per-question"}
    assert set(graded.summaries) == set(graded.containers) == set(graded.results)
    status = {row["grading_status"] for name, row in graded.rows.items() if name in graded.results}
    assert status == {"Completed"}


def test_the_table_has_otters_columns(graded: Graded) -> None:
    questions = [q.name for q in graded.results["01-all-right.zip"].questions]
    assert graded.columns == (
        "file",
        *sorted([*questions, "model"]),
        "total_points_earned",
        "percent_correct",
        "grading_status",
    )
    possible = graded.rows["points-per-question"]
    assert float(possible["total_points_earned"]) == 40
    assert sum(float(possible[name]) for name in [*questions, "model"]) == 40


def test_the_points_are_those_of_the_batch(graded: Graded) -> None:
    for name, result in graded.results.items():
        row = graded.rows[name]
        wanted = {q.name: q.points for q in result.questions} | {"model": result.model_points or 0}
        assert {key: float(row[key]) for key in wanted} == pytest.approx(wanted), name
        assert float(row["total_points_earned"]) == pytest.approx(sum(wanted.values())), name
    points = {float(graded.rows[name]["total_points_earned"]) for name in graded.results}
    assert len(points) >= 4  # all, none, and between


def test_each_kind_of_outcome_has_its_code_and_hint(graded: Graded) -> None:
    codes = {result.code for result in graded.results.values()} - {""}
    assert len(codes) >= 7
    for name, result in graded.results.items():
        report = graded.containers[name].report
        (shown,) = (t["output"] for t in report["tests"] if t["name"] == "model.onnx")
        if result.code:
            assert shown == f"{result.code}: {result.message}\n{result.hint}", name
            assert result.code in graded.summaries[name], name
        else:
            assert shown.startswith("Accepted"), name


def test_the_hidden_split_is_in_the_image_and_in_no_ended_container(graded: Graded) -> None:
    assert graded.in_image.split() == ["0", "inputs.npy", "labels.npz", "manifest.json"]
    for name, container in graded.containers.items():
        assert f"D {PRIVATE}" in container.changes, name


def test_only_results_are_left(graded: Graded) -> None:
    for name, container in graded.containers.items():
        added = {line for line in container.changes if line[0] == "A"}
        left = {line for line in added if not any(cache in line for cache in CACHES)}
        wanted = ("results/results.json", "results/results.pkl", f"submission/{name}")
        assert left == {f"A /autograder/{path}" for path in wanted}, name


def test_a_notebook_writes_no_results_and_reads_no_labels(graded: Graded) -> None:
    notes = graded.containers[HOSTILE].report["output"].splitlines()
    assert [line.split(":")[1].strip() for line in notes if "Errno" in line] == [
        "PermissionError",
        "FileNotFoundError",
        "PermissionError",
        "PermissionError",
    ]
    assert not graded.forged.exists()


def test_pickles_hold_otters_classes_and_nothing_else(graded: Graded) -> None:
    class Plain(pickle.Unpickler):
        def find_class(self, module_name: str, global_name: str) -> Any:
            assert module_name.startswith("otter.test_files"), module_name
            return super().find_class(module_name, global_name)

    for name, container in graded.containers.items():
        with (container.folder / "results.pkl").open("rb") as file:
            results = Plain(file).load()
        total = float(graded.rows[name]["total_points_earned"])
        assert results.total == pytest.approx(total), name
