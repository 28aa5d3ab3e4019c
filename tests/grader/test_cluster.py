"""A cluster grades as this machine does, sees no label, and loses nothing when it breaks."""

import csv
import json
import os
import signal
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dask
import nbformat
import numpy as np
import pytest
import yaml
from distributed import Client
from packaging.specifiers import SpecifierSet

from grader import recipes
from grader.batch import cluster, connect, remote, runner, worker
from grader.batch.plan import Plan
from grader.batch.runner import Job
from grader.grade import grade_submissions
from grader.intake import hash_file
from grader.model_tests import QuestionResult
from grader.notebook.questions import NotebookRun
from grader.recipes import slurm
from grader.sandbox.protocol import Layer, Reply, SandboxError
from tests.adversarial.course import GOOD_CELLS, Course, make_course
from tests.grader import cluster_world
from tests.grader.leaks import find_in_tree
from tests.grader.road import solved_notebook, submission
from tests.submission.models import GOOD, STATIC
from utils.errors import ParameterError
from utils.submission.codes import Code, Rejection
from utils.submission.inference import Answers

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="models are protected on Linux")


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "PAUSE_SECONDS", 0.01)


@pytest.fixture(scope="module")
def workers() -> Iterator[Any]:
    """A cluster with two workers that others would start: Dask's settings name the certificate."""
    with connect.local_cluster(2) as found:
        yield found


@pytest.fixture
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let workers make logits up."""
    monkeypatch.setattr(worker, "run_model", cluster_world.run_model)


def write_class(folder: Path, *models: str) -> Path:
    """Write submissions whose models are some text."""
    folder.mkdir()
    for i, model in enumerate(models):
        submission(folder / f"{i}.zip", {"hw3.ipynb": b"{}", "model.onnx": model.encode()})
    return folder


def rows(out: Path) -> list[dict[str, str]]:
    """Return the gradebook without the times."""
    with (out / "grades.csv").open(encoding="utf-8", newline="") as file:
        return [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(file)]


def run(folder: Path, hidden: Path, out: Path, where: str, **options: Any) -> list[dict[str, str]]:
    """Grade models on a cluster; return the gradebook."""
    options = {"notebooks": False} | options
    grade_submissions(folder, hidden=hidden, out=out, dask=where, progress=False, **options)
    return rows(out)


# --- the same grades --------------------------------------------------------------------------


@pytest.mark.full
def test_the_same_grades_as_here(
    tmp_path: Path, hidden: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "class"
    folder.mkdir()
    files = {"hw3.ipynb": solved_notebook(), "history.json": b"{}", "model.onnx": GOOD["opset 18"]}
    submission(folder / "ada.zip", files)
    submission(folder / "bob.zip", files | {"model.onnx": STATIC["32 x 32"][0]})
    submission(folder / "carl.zip", files | {"hw3.ipynb": b"no notebook"})
    (folder / "dora.zip").write_bytes(b"no zip")
    here, there = tmp_path / "here", tmp_path / "there"
    grade_submissions(folder, hidden=hidden, out=here, jobs=2, progress=False)
    capfd.readouterr()
    batch = grade_submissions(folder, hidden=hidden, out=there, dask="local:2", progress=False)
    assert rows(there) == rows(here)
    assert [row["status"] for row in rows(there)] == ["graded", "rejected", "graded", "rejected"]
    assert float(rows(there)[0]["auto_points"]) > 0
    assert batch.layers
    pages = {path.name: path.read_bytes() for path in (here / "pages").iterdir()}
    assert {path.name: path.read_bytes() for path in (there / "pages").iterdir()} == pages
    # workers write where the instructor reads: not a word, not even at the end
    assert capfd.readouterr() == ("", "")


def test_a_large_model_is_no_reason_to_warn(
    tmp_path: Path, hidden: Path, workers: Any, cheap: None, recwarn: pytest.WarningsRecorder
) -> None:
    folder = write_class(tmp_path / "class", "x" * 12_000_000)
    found = run(folder, hidden, tmp_path / "o", workers.scheduler_address)
    assert [row["status"] for row in found] == ["graded"]
    assert [w for w in recwarn if "large" in str(w.message)] == []


# --- what leaves the coordinator --------------------------------------------------------------


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    return make_course(tmp_path_factory.mktemp("course"))


@contextmanager
def what_is_sent(monkeypatch: pytest.MonkeyPatch, needles: dict[str, bytes]) -> Iterator[set[str]]:
    """Collect which texts this process, the scheduler included, sends to anybody."""
    from distributed import protocol

    dumps, found = protocol.dumps, set()

    def and_look(*arguments: Any, **options: Any) -> list:
        frames = dumps(*arguments, **options)
        content = b"".join(map(bytes, frames))
        found.update(name for name, needle in needles.items() if needle in content)
        return frames

    with monkeypatch.context() as patch:
        patch.setattr(protocol, "dumps", and_look)
        yield found


def needles_of(course: Course, plan: Plan) -> dict[str, bytes]:
    """Return what to look for: labels in some forms, and what workers do get."""
    found = {}
    for name, secret in course.secrets.items():
        texts = {"": secret} if isinstance(secret, bytes) else {
            code: secret.encode(code) for code in ("utf-8", "utf-32-le")
        }  # fmt: skip
        found |= {f"{name} {code}".strip(): text for code, text in texts.items()}
    found["spectrograms"] = plan.scorer.mels[3].tobytes()
    found["name of the split"] = plan.settings.description["hidden split"].encode()
    found["tests of the model"] = b"0 <= model_score.value <= 1"
    return found


def notebook(cells: Sequence[str]) -> bytes:
    """Return a notebook of some cells."""
    made = [nbformat.v4.new_code_cell(cell) for cell in cells]
    return nbformat.writes(nbformat.v4.new_notebook(cells=made)).encode()


ON_WORKERS = {"spectrograms", "hidden tests utf-8"}


def zygotes_of(client: Client) -> dict[int, set[int]]:
    """Return what each worker keeps warm."""
    return {pid: set(cluster_world.descendants(pid)) for pid in client.run(os.getpid).values()}


@pytest.mark.slow
def test_labels_stay_with_the_coordinator(
    tmp_path: Path, course: Course, workers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = Plan.make(course.assignment, course.hidden, autograder=course.sealed)
    needles = needles_of(course, plan)
    files = {"hw3.ipynb": notebook(GOOD_CELLS), "model.onnx": GOOD["opset 18"]}
    path = submission(tmp_path / "ada.zip", files)
    with what_is_sent(monkeypatch, needles) as sent, ExitStack() as stack:
        (station, _) = stack.enter_context(
            cluster.cluster_stations(plan, workers.scheduler_address)
        )
        client = station._cluster._client
        station.check()
        before = zygotes_of(client)
        result = station.mark(Job(path, hash_file(path)), plan.marker())
        assert (result.status, result.auto_points) == ("graded", 6)
        assert zygotes_of(client) == before  # nothing was started for it
        places = [Path(w["local_directory"]) for w in client.scheduler_info()["workers"].values()]
        pid, other = before
        assert cluster_world.find_in_memory(pid, needles) == ON_WORKERS
        assert [len(before[pid]), len(before[other])] == [2, 2]
        for zygote in before[pid]:  # what students' processes are forked from
            assert cluster_world.find_in_memory(zygote, needles) == set()
    assert sent == ON_WORKERS
    for place in places:
        assert find_in_tree(place, needles) == []


def test_a_label_that_leaves_is_seen(
    course: Course, workers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = Plan.make(course.assignment, course.hidden, autograder=course.sealed)
    needles = needles_of(course, plan)
    with (
        what_is_sent(monkeypatch, needles) as sent,
        workers.get_client() as client,
    ):
        client.submit(len, plan.scorer._hidden.families, pure=False).result()
        assert client.submit(len, plan.scorer._hidden.groups, pure=False).result() == 88
    assert {"families as i8", "groups utf-32-le"} <= sent


def test_workers_forget_at_the_end(tmp_path: Path, hidden: Path, workers: Any, cheap: None) -> None:
    run(write_class(tmp_path / "class", "a"), hidden, tmp_path / "o", workers.scheduler_address)
    with workers.get_client() as client:
        left = client.run(lambda dask_worker: list(dask_worker.plugins))
        pids = client.run(os.getpid).values()
    assert all(not name.startswith("music-ai-course") for names in left.values() for name in names)
    assert [list(cluster_world.descendants(pid)) for pid in pids] == [[], []]


MELS = np.zeros((5, 64, 64), np.uint8)
NONE = np.empty((0, 11), np.float32)


class Stub:
    """Stands for a station."""

    def __init__(self, plan: Plan) -> None:
        self.closed = False

    def close(self) -> None:
        self.closed = True


def test_no_two_tasks_of_a_worker_share_a_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "LocalStation", Stub)
    bench = worker.Bench(worker.Work(None, MELS, worker.software()))  # type: ignore[arg-type]
    bench.setup(None)
    with bench.station() as (first, _), bench.station() as (second, _):
        assert first is not second
    with bench.station() as (again, _):  # warm
        assert again in (first, second)
        bench.teardown(None)
        assert not again.closed
    assert first.closed
    assert second.closed


# --- what comes back --------------------------------------------------------------------------


def answer(content: bytes) -> Callable[..., bytes]:
    """Return a cluster that always says the same."""
    return lambda *_: content


def reply(logits: np.ndarray, **more: Any) -> bytes:
    """Return the reply of a worker."""
    return Reply(layers=(), answers=Answers(logits, NONE, NONE), **more).to_bytes()


def run_remotely(content: bytes) -> Any:
    sandbox = remote.RemoteSandbox(answer(content))
    return sandbox.run(b"", MELS, np.arange(3), limits=None)  # type: ignore[arg-type]


def test_logits_that_come_back() -> None:
    logits = np.arange(55, dtype=np.float32).reshape(5, 11)
    found = run_remotely(reply(logits, front_end="", n_parameters=7))
    assert found.n_parameters == 7
    np.testing.assert_array_equal(found.logits, logits)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x80\x04N.",
        reply(np.zeros((4, 11), np.float32)),
        reply(np.zeros((6, 11), np.float32)),
        reply(np.full((5, 11), np.nan, np.float32)),
        Reply(layers=()).to_bytes(),
        Reply(layers=(), code=Code.INFRA_ERROR, detail="disk full").to_bytes(),
        Reply(layers=(), code=Code.NOT_FINISHED).to_bytes(),
        Reply(layers=(), code=Code.EXPORT_FAILED).to_bytes(),
    ],
)
def test_no_student_pays_for_a_worker_that_errs(content: bytes) -> None:
    with pytest.raises(SandboxError):
        run_remotely(content)


def test_a_refusal_that_comes_back() -> None:
    content = Reply(layers=(), code=Code.TIMEOUT, detail="too\x1b[2J slow").to_bytes()
    with pytest.raises(Rejection) as refused:
        run_remotely(content)
    assert refused.value.code == Code.TIMEOUT
    assert "\x1b" not in refused.value.detail


QUESTION = QuestionResult("q1", 1.0, 2.0, (), "nearly")


def grade_remotely(content: bytes) -> NotebookRun:
    questions = SimpleNamespace(
        files=lambda _: {}, without=lambda _: NotebookRun((QUESTION,), (), 0.0)
    )
    remote_questions = remote.RemoteQuestions(answer(content), questions)  # type: ignore[arg-type]
    return remote_questions.grade(None, None)  # type: ignore[arg-type]


def test_points_that_come_back() -> None:
    sent = NotebookRun((QUESTION,), ("cell 3: a note",), 1.5)
    assert grade_remotely(json.dumps(asdict(sent)).encode()) == sent


@pytest.mark.parametrize(
    "change",
    [
        {"points": 2.5},
        {"points": -1},
        {"points": float("nan")},
        {"points": "2"},
        {"name": "q2"},
        {"max_points": 100.0},
        {"cases": 3},
        {"surprise": 1},
    ],
)
def test_points_that_can_not_be(change: dict) -> None:
    table = asdict(NotebookRun((QUESTION,), (), 0.0))
    table["questions"] = [table["questions"][0] | change]
    with pytest.raises(SandboxError, match="something else than points"):
        grade_remotely(json.dumps(table).encode())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x80\x04N.", "something else"),
        (b"[]", "something else"),
        (b"[" * 100_000, "something else"),
        (b"{}", "something else than points"),
        (b'{"error": "no more\\u001b[2J disk"}', "no more.*disk"),
    ],
)
def test_answers_that_are_none(content: bytes, message: str) -> None:
    with pytest.raises(SandboxError, match=message):
        grade_remotely(content)


def test_the_layers_that_come_back() -> None:
    layer = Layer("no files", True, "note")
    content = json.dumps({"layers": [asdict(layer)]}).encode()
    assert remote.layers_from(content) == (layer,)
    with pytest.raises(SandboxError, match="something else than layers"):
        remote.layers_from(b'{"layers": [1]}')


# --- what breaks ------------------------------------------------------------------------------


@pytest.mark.slow
def test_poison_takes_nobody_with_it(
    tmp_path: Path, hidden: Path, workers: Any, cheap: None
) -> None:
    folder = write_class(tmp_path / "class", "die", *"abcdef")
    found = run(folder, hidden, tmp_path / "o", workers.scheduler_address)
    assert [row["code"] for row in found] == ["INFRA_ERROR", *[""] * 6]
    assert "every worker that this was given to died" in found[0]["message"]
    assert found[0]["points"] == ""
    # and the next run tries it again
    (folder / "0.zip").unlink()
    submission(folder / "0.zip", {"hw3.ipynb": b"{}", "model.onnx": b"antidote"})
    again = run(folder, hidden, tmp_path / "o", workers.scheduler_address)
    assert again[1:] == found[1:]
    assert again[0]["status"] == "graded"


class Later:
    """A run in a thread, which may fail."""

    def __init__(self, *arguments: Any) -> None:
        self.error: BaseException | None = None

        def job() -> None:
            try:
                run(*arguments)
            except BaseException as error:
                self.error = error

        self._thread = threading.Thread(target=job, daemon=True)
        self._thread.start()

    def wait(self) -> None:
        self._thread.join(120)
        assert not self._thread.is_alive()


def wait_for(path: Path) -> str:
    """Return what is in a file, as soon as it is there."""
    end = time.monotonic() + 120
    while not path.exists() or not path.read_text():
        assert time.monotonic() < end, f"nobody wrote {path}"
        time.sleep(0.05)
    return path.read_text()


@pytest.mark.parametrize("number", [1, 2])
def test_workers_that_are_killed(
    tmp_path: Path, hidden: Path, workers: Any, cheap: None, number: int
) -> None:
    go = [tmp_path / "go1", tmp_path / "go2"]
    models = (f"wait {go[0]}", f"wait {go[1]}", *"abc")
    folder = write_class(tmp_path / "class", *models)
    job = Later(folder, hidden, tmp_path / "o", workers.scheduler_address)
    pids = [int(wait_for(path.with_suffix(".here"))) for path in go]
    assert len(set(pids)) == 2
    for pid in pids[:number]:
        os.kill(pid, signal.SIGKILL)
    for path in go:
        path.touch()
    job.wait()
    assert job.error is None
    # all files are there: nobody waits any more
    assert rows(tmp_path / "o") == run(
        folder, hidden, tmp_path / "again", workers.scheduler_address
    )
    assert {row["status"] for row in rows(tmp_path / "o")} == {"graded"}


MANIFEST = Path(recipes.__file__).with_name("kubernetes.yaml")


def parts() -> dict[str, Any]:
    """Return what the manifest for Kubernetes describes, by kind and name."""
    documents = yaml.safe_load_all(MANIFEST.read_text(encoding="utf-8"))
    return {f"{d['kind']} {d['metadata']['name']}": d for d in documents if d}


def container(name: str) -> dict[str, Any]:
    """Return the only container of a deployment."""
    (found,) = parts()[f"Deployment {name}"]["spec"]["template"]["spec"]["containers"]
    return found


@contextmanager
def pods(place: Path, keys: Path) -> Iterator[tuple[str, subprocess.Popen]]:
    """Start what the manifest starts: a scheduler, a worker; give address and scheduler."""
    settings = parts()["ConfigMap grader-dask"]["data"]
    variables = {name: value.replace("/tls", str(keys)) for name, value in settings.items()}
    variables["PYTHONPATH"] = os.pathsep.join(sys.path)

    def start(name: str, changes: dict[str, str], *more: str) -> subprocess.Popen:
        command = [changes.get(word, word) for word in container(name)["command"]]
        return subprocess.Popen(
            [sys.executable, "-m", *command, *more],
            env=os.environ | variables,
            stderr=subprocess.DEVNULL,
        )

    file = place / "address.json"
    more = ("--host", "127.0.0.1", "--scheduler-file", str(file))
    started = [start("grader-scheduler", {"8786": "0"}, *more)]
    try:
        wait_for(file)
        address = json.loads(file.read_text())["address"]
        assert address.startswith("tls://")
        local = {"tls://grader-scheduler:8786": address, "/tmp": str(place)}
        started.append(start("grader-worker", local))
        yield address, started[0]
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait(60)


STOPPED = """
import sys
from grader.batch import worker
from grader.cli import main
from tests.grader.cluster_world import run_model
worker.run_model = run_model
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.slow
def test_ctrl_c_ends_all_in_good_order(tmp_path: Path, hidden: Path) -> None:
    go = tmp_path / "go"
    folder = write_class(tmp_path / "class", f"wait {go}", "b")
    grade = ["grade", str(folder), "--hidden", str(hidden), "--out", str(tmp_path / "o")]
    grader = subprocess.Popen(
        [sys.executable, "-c", STOPPED, *grade, "--no-notebooks", "--dask", "local:2"],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    helper = int(wait_for(go.with_suffix(".here")))
    os.killpg(grader.pid, signal.SIGINT)  # as a terminal does: all of them get it
    said, _ = grader.communicate(timeout=120)
    assert grader.returncode == 130
    assert "stopped; run the same command again" in said
    assert "Traceback" not in said
    assert not Path(f"/proc/{helper}").exists()
    assert {row["code"] for row in rows(tmp_path / "o")} <= {"", "NOT_FINISHED"}


@pytest.mark.slow
def test_a_scheduler_that_is_gone(
    tmp_path: Path, hidden: Path, workers: Any, cheap: None, capfd: pytest.CaptureFixture[str]
) -> None:
    go, out = tmp_path / "go", tmp_path / "o"
    folder = write_class(tmp_path / "class", "a", f"wait {go}", "b")
    keys = Path(workers.security.tls_ca_file).parent
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    with pods(tmp_path / "first", keys) as (address, scheduler):
        job = Later(folder, hidden, out, address)
        wait_for(go.with_suffix(".here"))
        capfd.readouterr()
        scheduler.kill()
        job.wait()
    assert isinstance(job.error, SandboxError)
    assert "is gone; what is finished is kept" in str(job.error)
    assert "Traceback" not in capfd.readouterr().err
    assert [row["code"] for row in rows(out)] == ["", "NOT_FINISHED", "NOT_FINISHED"]
    go.touch()
    with pods(tmp_path / "second", keys) as (address, _):
        batch = grade_submissions(
            folder, hidden=hidden, out=out, dask=address, notebooks=False, progress=False
        )
    assert batch.n_known == 1
    assert rows(out) == run(folder, hidden, tmp_path / "w", workers.scheduler_address)


def test_nobody_works_any_more(
    tmp_path: Path, hidden: Path, cheap: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "LONELY_SECONDS", 0.0)
    go = tmp_path / "go"
    folder = write_class(tmp_path / "class", f"wait {go}")
    with connect.local_cluster(1) as small:
        job = Later(folder, hidden, tmp_path / "o", small.scheduler_address)
        wait_for(go.with_suffix(".here"))
        small.scale(0)
        job.wait()
    assert isinstance(job.error, SandboxError)
    assert "no worker is left" in str(job.error)
    assert [row["code"] for row in rows(tmp_path / "o")] == ["NOT_FINISHED"]


def test_a_worker_of_another_version(
    tmp_path: Path, hidden: Path, workers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = worker.software()
    monkeypatch.setattr(worker, "software", lambda: ours | {"grader": "999"})
    with pytest.raises(SandboxError, match=r"worker tls://.*'grader': '999'"):
        run(write_class(tmp_path / "class", "a"), hidden, tmp_path / "o", workers.scheduler_address)
    assert not (tmp_path / "o" / "grades.csv").exists()


CERTIFICATES = [f"distributed.comm.tls.{name}" for name in ("ca-file", "client.key", "client.cert")]


@pytest.fixture
def no_certificates() -> Iterator[None]:
    """Forget those of the workers above."""
    with dask.config.set(dict.fromkeys(CERTIFICATES)):
        yield


@pytest.mark.usefixtures("no_certificates")
@pytest.mark.parametrize(
    ("where", "options", "kind", "message"),
    [
        ("local:0", {}, ParameterError, "local:N with N workers, got 'local:0'"),
        ("local:two", {}, ParameterError, "local:N"),
        ("somewhere", {}, ParameterError, "expected tcp://HOST:PORT"),
        ("local:1", {"sandbox": "weak"}, ParameterError, "workers can't be weak"),
        ("tcp://127.0.0.1:1", {}, SandboxError, "no scheduler of Dask answers at tcp://127.0.0.1"),
        ("tcp://127.0.0.1:none", {}, SandboxError, "no scheduler"),
        ("tls://127.0.0.1:1", {}, ParameterError, "TLS__CA_FILE, .*TLS__CLIENT__KEY, .*CERT$"),
    ],
)
def test_addresses_that_are_none(
    tmp_path: Path,
    hidden: Path,
    monkeypatch: pytest.MonkeyPatch,
    where: str,
    options: dict,
    kind: type[Exception],
    message: str,
) -> None:
    monkeypatch.setattr(connect, "CONNECT_SECONDS", 1)
    with pytest.raises(kind, match=message):
        run(write_class(tmp_path / "class", "a"), hidden, tmp_path / "o", where, **options)


def test_certificates_that_are_missing(tmp_path: Path, hidden: Path) -> None:
    folder = write_class(tmp_path / "class", "a")
    with (
        dask.config.set(dict.fromkeys(CERTIFICATES, "/no/file.pem")),
        pytest.raises(SandboxError, match="No such file"),
    ):
        run(folder, hidden, tmp_path / "o", "tls://127.0.0.1:1")


def test_a_scheduler_without_workers(
    tmp_path: Path, hidden: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connect, "CONNECT_SECONDS", 1)
    with (
        connect.local_cluster(0) as empty,
        pytest.raises(SandboxError, match="has no workers yet"),
    ):
        run(write_class(tmp_path / "class", "a"), hidden, tmp_path / "o", empty.scheduler_address)


def test_a_stranger_is_not_let_in(workers: Any) -> None:
    address = workers.scheduler_address
    with (
        dask.config.set({"distributed.comm.tls.ca-file": None}),
        connect.local_cluster(0),
        pytest.raises(OSError, match="TLS certificate does not match"),
    ):
        Client(address, timeout=2, set_as_default=False)
    with pytest.raises(OSError, match=r"imed out|reset|closed"):
        Client(address.replace("tls://", "tcp://"), timeout=2, set_as_default=False)


def test_without_dask_there_is_a_sentence() -> None:
    code = "import sys; sys.modules['distributed'] = None; import grader.batch.cluster"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (
        "--dask needs Dask: python -m pip install -c constraints.txt -e '.[cluster]'" in done.stderr
    )


def test_without_openssl_there_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(ParameterError, match="needs the program openssl"), connect.local_cluster(1):
        pass


# --- recipes ----------------------------------------------------------------------------------


def test_the_manifest_fits_together() -> None:
    found = parts()
    scheduler, helper = container("grader-scheduler"), container("grader-worker")
    assert scheduler["image"] == helper["image"]
    (port,) = found["Service grader-scheduler"]["spec"]["ports"]
    assert f"tls://grader-scheduler:{port['port']}" in helper["command"]
    assert str(port["port"]) in scheduler["command"]
    for name in ("grader-scheduler", "grader-worker"):
        spec = found[f"Deployment {name}"]["spec"]
        labels = spec["template"]["metadata"]["labels"]
        assert spec["selector"]["matchLabels"] == labels
        policy = found["NetworkPolicy grader"]["spec"]["podSelector"]["matchLabels"]
        assert policy.items() <= labels.items()
        mounts = {mount["name"] for mount in container(name)["volumeMounts"]}
        assert mounts == {volume["name"] for volume in spec["template"]["spec"]["volumes"]}
        assert container(name)["envFrom"] == [{"configMapRef": {"name": "grader-dask"}}]
        rights = container(name)["securityContext"]
        assert not rights["allowPrivilegeEscalation"]
        assert rights["capabilities"]["drop"] == ["ALL"]
        assert rights["seccompProfile"] == {"type": "RuntimeDefault"}
    assert "secret" not in json.dumps(found["ConfigMap grader-dask"]).lower()
    memory = helper["resources"]["limits"]["memory"]
    assert memory == helper["resources"]["requests"]["memory"] == f"{slurm.MEMORY_GB}Gi"


def test_every_setting_of_the_manifest_is_one_of_dasks() -> None:
    for name in parts()["ConfigMap grader-dask"]["data"]:
        if name.startswith("DASK_"):
            key = name.removeprefix("DASK_").lower().replace("__", ".").replace("_", "-")
            dask.config.get(key)  # raises if there is none


def test_what_the_image_is_made_of(root: Path) -> None:
    lines = MANIFEST.with_name("Dockerfile").read_text(encoding="utf-8").splitlines()
    copied = {name for line in lines if line.startswith("COPY") for name in line.split()[1:-1]}
    assert {"utils", "grader", "pyproject.toml", "constraints.txt"} <= copied
    assert [name for name in copied if not (root / name).exists()] == []
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (image,) = [line.split(":")[1] for line in lines if line.startswith("FROM")]
    assert SpecifierSet(project["requires-python"]).contains(image.partition("-")[0] + ".0")
    assert "cluster" in project["optional-dependencies"]


SLURM = {
    # the script is gone as soon as it was handed in
    "sbatch": 'cp "$1" "$0.$$"; setsid bash "$0.$$" >/dev/null 2>&1 & echo "Submitted job $!"',
    "scancel": 'for job in "$@"; do kill -- "-$job"; done',
}


def test_the_script_of_a_job(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--queue", "cpu", "--account", "music", "--workers-a-job", "4", "--sbatch=--qos=low"]
    assert slurm.main([*options, "--folder", str(tmp_path)]) == 0
    script = capsys.readouterr().out
    for line in ("-p cpu", "-A music", "--cpus-per-task=4", "-t 02:00:00", "--qos=low"):
        assert f"#SBATCH {line}\n" in script
    command = script.strip().splitlines()[-1].split()
    assert command[0] == sys.executable
    for option, value in (("--nworkers", "4"), ("--nthreads", "1"), ("--protocol", "tls://")):
        assert command[command.index(option) + 1] == value
    for option in ("--tls-ca-file", "--tls-cert", "--tls-key"):
        assert Path(command[command.index(option) + 1]).is_relative_to(tmp_path)
    assert list(tmp_path.iterdir()) == []  # no key stays


def test_where_there_is_no_slurm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(slurm.shutil, "which", lambda _: None)
    assert slurm.main(["--folder", str(tmp_path), "--", "grade"]) == 1
    assert capsys.readouterr().err.startswith("error: there is no program sbatch here")


@pytest.mark.slow
def test_jobs_of_a_slurm_that_is_made_up(
    tmp_path: Path, hidden: Path, cheap: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    for name, script in SLURM.items():
        path = tmp_path / "bin" / name
        path.write_text(f"#!/bin/bash\n{script}\n")
        path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    folder = write_class(tmp_path / "class", "a", "b")
    grade = ["grade", str(folder), "--hidden", str(hidden), "--out", str(tmp_path / "o")]
    options = ["--jobs", "2", "--interface", "lo", "--folder", str(tmp_path / "f")]
    assert slurm.main([*options, "--", *grade, "--no-notebooks"]) == 0
    assert [row["status"] for row in rows(tmp_path / "o")] == ["graded", "graded"]
    assert list((tmp_path / "f").iterdir()) == []
