"""Stock `otter grade` with a real Docker engine and the sealed zip."""

import csv
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.assignment import load_assignment
from grader.grade import grade_submissions
from grader.hidden_split import HiddenSplit, build_hidden
from grader.release import Sealing, release_assignment
from tests.grader.docker_engine import Engine, missing
from tests.grader.road import HW3, solved_notebook, submission
from tests.submission.models import GOOD, RUNNING, STATIC, endless_loop

REASON = missing()
pytestmark = [
    pytest.mark.full,
    pytest.mark.trial,
    pytest.mark.skipif(REASON is not None, reason=str(REASON)),
    pytest.mark.timeout(1500),
]
BASE = "course-base"


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine() as engine:
        yield engine


def _notebook(*cells: str) -> bytes:
    import nbformat

    made = [nbformat.v4.new_code_cell(cell) for cell in cells]
    return nbformat.writes(nbformat.v4.new_notebook(cells=made)).encode()


def _submissions(folder: Path) -> list[Path]:
    """Return twelve submissions: one of each class of outcome."""
    solved, model = solved_notebook(), GOOD["opset 18"]
    kinds: dict[str, dict[str, bytes]] = {
        "01-all-right": {"hw3.ipynb": solved, "model.onnx": model, "history.json": b"{}"},
        "02-no-notebook": {"model.onnx": model},
        "03-no-model": {"hw3.ipynb": solved},
        "04-two-models": {"a/model.onnx": model, "b/model.onnx": model, "hw3.ipynb": solved},
        "05-other-shape": {"hw3.ipynb": solved, "model.onnx": STATIC["32 x 32"][0]},
        "06-no-onnx": {"hw3.ipynb": solved, "model.onnx": b"torch.save wrote this"},
        "07-not-finite": {
            "hw3.ipynb": solved,
            "model.onnx": RUNNING["logarithm of negative numbers"][0],
        },
        "08-endless-model": {"hw3.ipynb": solved, "model.onnx": endless_loop()},
        "09-ends-python": {"hw3.ipynb": _notebook("import os\nos._exit(0)"), "model.onnx": model},
        "10-endless-cell": {"hw3.ipynb": _notebook("while True: pass"), "model.onnx": model},
        "11-nothing": {"readme.txt": b"sorry"},
    }
    paths = [submission(folder / f"{name}.zip", files) for name, files in kinds.items()]
    text = folder / "12-not-a-zip.zip"
    text.write_bytes(b"my homework")
    return [*paths, text]


def test_twelve_submissions(engine: Engine, tmp_path: Path) -> None:
    build_hidden(["demo"], tmp_path / "hidden", n_notes=88, progress=False)
    # a model that never ends shall cost seconds here, not minutes
    shutil.copytree(load_assignment(HW3).folder, tmp_path / HW3)
    with (tmp_path / HW3 / "assignment.toml").open("a") as file:
        file.write("\n[limits]\ncpu_seconds = 10\nwall_seconds = 60\n")
    assignment = load_assignment(tmp_path / HW3)
    release = release_assignment(
        assignment,
        tmp_path / "release",
        run=False,
        sealing=Sealing(HiddenSplit.open(tmp_path / "hidden")),
        say=lambda _: None,
    )
    with zipfile.ZipFile(release.zip_file) as archive:
        wanted = archive.extract("requirements.txt", tmp_path)
        pins = archive.extract("requirements.constraints.txt", tmp_path)
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    paths = _submissions(tmp_path / "in")
    began = time.monotonic()
    engine.import_base(Path(wanted), Path(pins), BASE)
    print(f"base image: {time.monotonic() - began:.0f} s")
    began = time.monotonic()
    command = [sys.executable, "-m", "otter", "grade", "-n", "hw3", "-a", str(release.zip_file)]
    command += ["--ext", "zip", "--image", BASE, "--containers", "2", "--no-network", "--force"]
    done = subprocess.run(
        [*command, "-o", str(tmp_path / "out"), *map(str, paths)],
        env=engine.environment,
        capture_output=True,
        text=True,
        timeout=1400,
    )
    print(f"otter grade, image and 12 submissions: {time.monotonic() - began:.0f} s")
    assert done.returncode == 0, done.stderr[-3000:]
    with (tmp_path / "out" / "final_grades.csv").open(newline="") as file:
        rows = {row["file"]: row for row in csv.DictReader(file)}
    batch = grade_submissions(
        tmp_path / "in",
        hidden=tmp_path / "hidden",
        out=tmp_path / "o",
        assignment=assignment,
        jobs=2,
        progress=False,
    )
    assert {result.submission for result in batch.results} <= set(rows)
    for result in batch.results:
        row = rows[result.submission]
        assert float(row["model"]) == pytest.approx(result.model_points or 0), result.submission
        for question in result.questions:
            assert float(row[question.name]) == pytest.approx(question.points), result.submission
    assert len({result.code for result in batch.results}) >= 7
