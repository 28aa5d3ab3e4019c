"""The sandbox: every way a model can misbehave ends in a code, and the next model runs."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from grader.assignment import Limits
from grader.sandbox import launch
from grader.sandbox.parent import ModelRun, Sandbox
from grader.sandbox.protocol import HEADER_BYTES, Layer, Reply, SandboxError, reply_length
from tests.submission.models import GOOD, RUNNING, STATIC, endless_loop, memory_bomb, model
from utils.notes.front_end import FRONT_END_ID
from utils.notes.store import dequantize
from utils.submission.codes import Code, Rejection
from utils.submission.inference import Answers, run_model

LINUX = sys.platform == "linux"
ROOT = LINUX and os.geteuid() == 0
linux_only = pytest.mark.skipif(not LINUX, reason="only Linux can fork safely and watch memory")

MELS = np.random.default_rng(0).integers(0, 256, (70, 64, 64), dtype=np.uint8)
REPEATS = np.random.default_rng(1).permutation(70)[:64]
LIMITS = Limits(cpu_seconds=20, wall_seconds=60, memory_mb=500)
KINDS = [pytest.param(True, id="fork", marks=linux_only), pytest.param(False, id="process")]


@pytest.fixture(scope="module", params=KINDS)
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    with Sandbox(slot=40, fork=request.param) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def forking() -> Iterator[Sandbox]:
    with Sandbox(slot=41, fork=True) as sandbox:
        yield sandbox


def run(sandbox: Sandbox, content: bytes, limits: Limits = LIMITS) -> ModelRun:
    return sandbox.run(content, MELS, REPEATS, limits=limits)


def refusal(sandbox: Sandbox, content: bytes, limits: Limits = LIMITS) -> Rejection:
    """Return why a model is refused; afterwards a good one must still run."""
    with pytest.raises(Rejection) as caught:
        run(sandbox, content, limits)
    assert np.isfinite(run(sandbox, model()).logits).all()
    return caught.value


def test_answers_are_those_of_the_notebook(sandbox: Sandbox) -> None:
    result = run(sandbox, model())
    here = run_model(model(), dequantize(MELS)[:, None], REPEATS)
    assert np.array_equal(result.logits, here.logits)
    assert result.front_end == FRONT_END_ID
    assert result.n_parameters == 11 * 64 * 64


@linux_only
@pytest.mark.parametrize("name", [*STATIC, *RUNNING])
def test_the_same_codes_as_in_the_notebook(forking: Sandbox, name: str) -> None:
    content, code = (STATIC | RUNNING)[name]
    assert refusal(forking, content).code == code


@linux_only
@pytest.mark.parametrize("name", GOOD)
def test_good_models_run(forking: Sandbox, name: str) -> None:
    assert run(forking, GOOD[name]).logits.shape == (70, 11)


def test_the_size_limit_of_the_assignment(sandbox: Sandbox) -> None:
    assert refusal(sandbox, model(), Limits(model_mb=0.1)).code == Code.TOO_BIG


def test_an_endless_loop_ends_by_its_processor_time(sandbox: Sandbox) -> None:
    rejection = refusal(sandbox, endless_loop(), Limits(cpu_seconds=1, wall_seconds=60))
    assert rejection.code == Code.TIMEOUT
    assert "1 s of processor time" in rejection.detail


def test_an_endless_loop_ends_by_the_clock(sandbox: Sandbox) -> None:
    began = time.monotonic()
    with pytest.raises(Rejection, match="did not finish within 2 s") as caught:
        run(sandbox, endless_loop(), Limits(wall_seconds=2))
    assert caught.value.code == Code.TIMEOUT
    assert time.monotonic() - began < 20


@linux_only
@pytest.mark.parametrize("values", [25 * 10**9, 4 * 10**8], ids=["100 GB", "1.6 GB"])
def test_a_memory_bomb_can_not_be_allocated(forking: Sandbox, values: int) -> None:
    rejection = refusal(forking, memory_bomb(values))
    assert rejection.code == Code.MEMORY
    assert "out of memory on a batch of 64" in rejection.detail


@linux_only
def test_memory_in_use_is_watched(forking: Sandbox) -> None:
    # 900 MB fit into the address space, which is twice the limit, but not into the limit
    rejection = refusal(forking, memory_bomb(112 * 10**6), Limits(memory_mb=600))
    assert rejection.code == Code.MEMORY
    assert "needs more than 600 MB" in rejection.detail


@linux_only
@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT, signal.SIGKILL])
def test_a_crash_is_tried_twice(monkeypatch: pytest.MonkeyPatch, number: signal.Signals) -> None:
    started: list[int] = []
    start = launch.ForkLauncher.start

    def start_and_crash(self: launch.ForkLauncher, request: object) -> launch.RunningFork:
        running = start(self, request)  # type: ignore[arg-type]
        started.append(running.pid)
        threading.Timer(0.3, os.kill, (running.pid, number)).start()
        return running

    monkeypatch.setattr(launch.ForkLauncher, "start", start_and_crash)
    with Sandbox(slot=42) as sandbox, pytest.raises(Rejection) as caught:
        run(sandbox, endless_loop())
    assert caught.value.code == Code.CRASH
    assert number.name in caught.value.detail
    assert len(set(started)) == 2


# --- a child that no longer obeys -------------------------------------------------------------


def rogue(monkeypatch: pytest.MonkeyPatch, code: str) -> Sandbox:
    """Return a sandbox whose child runs some other program."""
    command = [sys.executable, "-c", f"import os, sys, time\n{code}"]
    monkeypatch.setattr(launch, "_command", lambda *arguments: command)
    return Sandbox(fork=False)


OK_HEADER = json.loads(Reply((), n_parameters=1).to_bytes())
ROWS = (reply_length(70, REPEATS) - HEADER_BYTES) // 4


def header(**changes: object) -> str:
    """Return code that writes a reply's header."""
    text = json.dumps(OK_HEADER | changes).ljust(HEADER_BYTES)
    return f"sys.stdout.write({text!r}); sys.stdout.flush()\n"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("os.write(1, bytes(10_000_000))", Code.FLOOD),
        ("while True: os.write(1, bytes(65536))", Code.FLOOD),
        ("", Code.PROTOCOL),
        ("os.write(1, b'{}')", Code.PROTOCOL),
        ("os.write(1, b'[' * 4096)", Code.PROTOCOL),
        ("os.write(1, b'\\xff' * 4096)", Code.PROTOCOL),
        (header(), Code.PROTOCOL),
        (header() + f"os.write(1, bytes({4 * ROWS - 4}))", Code.PROTOCOL),
        (header(code="GRADED") + f"os.write(1, bytes({4 * ROWS}))", Code.PROTOCOL),
        (header(code="OPSET") + "os.write(1, b'more')", Code.PROTOCOL),
        (header(code="OPSET"), Code.OPSET),
        (header(code="NOT_FINISHED"), Code.PROTOCOL),
        (header(code="EXPORT_FAILED"), Code.PROTOCOL),
        (header(front_end="mine") + f"os.write(1, bytes({4 * ROWS}))", Code.PROTOCOL),
        (header(n_parameters=-1) + f"os.write(1, bytes({4 * ROWS}))", Code.PROTOCOL),
        (header(detail=7) + f"os.write(1, bytes({4 * ROWS}))", Code.PROTOCOL),
        (header(layers=[1]) + f"os.write(1, bytes({4 * ROWS}))", Code.PROTOCOL),
        (header() + f"os.write(1, b'\\xff' * {4 * ROWS})", Code.NONFINITE),
        (header() + f"os.write(1, bytes({4 * ROWS - 4}) + b'\\0\\0\\x80?')", Code.BATCH_DEPENDENT),
        ("sys.exit(3)", Code.CRASH),
        ("os.abort()", Code.CRASH),
    ],
)
def test_a_child_that_lies(monkeypatch: pytest.MonkeyPatch, code: str, expected: Code) -> None:
    with rogue(monkeypatch, code) as sandbox, pytest.raises(Rejection) as caught:
        run(sandbox, model())
    assert caught.value.code == expected, caught.value.detail


@linux_only
def test_a_descendant_that_holds_the_pipe_stops_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("grader.sandbox.parent.PIPE_SECONDS", 0.2)
    code = "\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(5)\n"
    with rogue(monkeypatch, code) as sandbox, pytest.raises(Rejection) as caught:
        run(sandbox, model())
    assert caught.value.code == Code.PROTOCOL


def test_a_well_formed_answer_is_only_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    with rogue(monkeypatch, header() + f"os.write(1, bytes({4 * ROWS}))") as sandbox:
        assert not run(sandbox, model()).logits.any()


def test_a_fault_of_ours_is_not_the_student_s(monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        rogue(monkeypatch, header(code="INFRA_ERROR", detail="a bug")) as sandbox,
        pytest.raises(SandboxError, match="a bug"),
    ):
        run(sandbox, model())


def test_a_sandbox_that_does_not_start_is_said_before_anything_is_graded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with (
        rogue(monkeypatch, "sys.exit('no onnxruntime')") as sandbox,
        pytest.raises(SandboxError, match="does not work here"),
    ):
        sandbox.check()


@linux_only
def test_a_zygote_that_does_not_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    command = [sys.executable, "-c", "raise SystemExit('no onnxruntime here')"]
    monkeypatch.setattr(launch, "_command", lambda *arguments: command)
    with Sandbox(fork=True) as sandbox, pytest.raises(SandboxError, match="no onnxruntime here"):
        run(sandbox, model())


def test_what_a_reply_holds_survives_the_pipe() -> None:
    generator = np.random.default_rng(3)
    answers = Answers(*(generator.standard_normal((n, 11)).astype("<f4") for n in (70, 64, 16)))
    reply = Reply((Layer("a", True, "ü"),), answers, warnings=("w" * 900,), n_parameters=5)
    back = Reply.from_bytes(reply.to_bytes(), 70, REPEATS)
    for name in ("logits", "shuffled", "single"):
        assert np.array_equal(getattr(back.answers, name), getattr(answers, name))
    assert back.layers == reply.layers
    assert (len(back.warnings[0]), back.n_parameters, back.code) == (300, 5, None)
    refused = Reply((), code=Code.OPSET, detail="\x00\U0001f3b9" * 400)
    assert Reply.from_bytes(refused.to_bytes(), 70, REPEATS).code == Code.OPSET


# --- what the child can reach -----------------------------------------------------------------

PROBE = """
import json, os, socket, sys
sys.path.insert(0, {packages!r})
from grader.sandbox.layers import lock_down

def outcome(action):
    try:
        action()
        return "done"
    except OSError as error:
        return type(error).__name__

layers = lock_down({{"cpu_seconds": 20, "memory_bytes": 10**8, "uid": {uid!r}}})
print(json.dumps({{
    "layers": {{layer.name: layer.active for layer in layers}},
    "read": outcome(lambda: open({secret!r})),
    "list": outcome(lambda: os.listdir({folder!r})),
    "write": outcome(lambda: open("/tmp/x-of-the-sandbox", "w")),
    "fork": outcome(os.fork),
    "connect": outcome(lambda: socket.socket().connect(("127.0.0.1", {port}))),
    "signal": outcome(lambda: os.kill({parent}, 0)),
    "allocate": "done" if len(bytearray(10**7)) else "",
}}))
"""


@linux_only
@pytest.mark.parametrize(
    "uid", [pytest.param(60_840, marks=pytest.mark.skipif(not ROOT, reason="root")), None]
)
def test_what_a_locked_down_process_can_do(tmp_path: Path, uid: int | None) -> None:
    secret = tmp_path / "labels.npz"
    secret.write_text("labels")
    with socket.create_server(("127.0.0.1", 0)) as server:
        code = PROBE.format(
            packages=str(launch.PACKAGES),
            uid=uid,
            secret=str(secret),
            folder=str(tmp_path),
            port=server.getsockname()[1],
            parent=os.getpid(),
        )
        done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[0])
    layers = found.pop("layers")
    if not layers["no files, no network"]:
        pytest.skip("no Landlock in this kernel")
    assert layers == {
        "resource limits": True,
        "no new privileges": True,
        "no files, no network": True,
        "own user": uid is not None,
        "dies with the grader": True,
    }
    # root itself may fork beyond its limit
    if uid is not None or not ROOT:
        assert found["fork"] == "BlockingIOError"
    found.pop("fork")
    assert found == {
        "read": "PermissionError",
        "list": "PermissionError",
        "write": "PermissionError",
        "connect": "PermissionError",
        "signal": "PermissionError",
        "allocate": "done",
    }


@linux_only
def test_the_zygote_knows_nothing_of_the_instructor(
    forking: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(forking, model())
    zygote = Path(f"/proc/{forking._launcher._zygote.pid}")  # type: ignore[union-attr]
    environment = (zygote / "environ").read_bytes().split(b"\0")
    names = {entry.split(b"=")[0].decode() for entry in environment if entry}
    assert names == {"LANG", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "ORT_DISABLE_TELEMETRY"}
    assert (zygote / "cwd").readlink() == Path("/")
    # nothing but its control socket, /dev/null and the nameless file for its own errors
    targets = {str(handle.readlink()) for handle in (zygote / "fd").iterdir()}
    named = {t for t in targets if t.startswith("/") and not t.endswith(" (deleted)")}
    assert named == {"/dev/null"}
    assert len(list((zygote / "task").iterdir())) == 1


def gone(pid: int) -> bool:
    """Return whether a process has ended."""
    try:
        return "State:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True


def eventually(condition: Callable[[], bool], seconds: float = 20) -> bool:
    """Wait for a condition; return whether it came true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


FAMILY = """
import os, sys, time
sys.path.insert(0, {packages!r})
from grader.sandbox import zygote

def answer(request, reply):
    # two generations, each in a session of its own, as a daemon does it
    for _ in range(3):
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                os.setsid()
            open({folder!r} + "/" + str(os.getpid()), "w").close()
            time.sleep(600)
    time.sleep(600)

zygote.answer = answer
zygote.main({fd})
"""


@linux_only
def test_descendants_are_ended_with_the_child(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def command(module: str, fd: str) -> list[str]:
        code = FAMILY.format(packages=str(launch.PACKAGES), folder=str(tmp_path), fd=fd)
        return [sys.executable, "-I", "-c", code]

    monkeypatch.setattr(launch, "_command", command)
    with Sandbox(fork=True) as sandbox:
        with pytest.raises(Rejection, match="did not finish within 2 s"):
            run(sandbox, model(), Limits(wall_seconds=2))
        pids = [int(path.name) for path in tmp_path.iterdir()]
        assert len(pids) == 6
        assert all(gone(pid) for pid in pids)


BATCH = """
import sys
sys.path.insert(0, {packages!r})
import numpy as np
from grader.assignment import Limits
from grader.sandbox.parent import Sandbox
from tests.submission.models import endless_loop

sandbox = Sandbox(slot=43)
sandbox.check()
print(sandbox._launcher._zygote.pid, flush=True)
sandbox.run(endless_loop(), np.zeros((4, 64, 64), np.uint8), np.array([0]), limits=Limits())
"""


@linux_only
def test_a_killed_grader_leaves_nobody_behind() -> None:
    code = BATCH.format(packages=str(launch.PACKAGES))
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as grader:
        assert grader.stdout is not None
        zygote = int(grader.stdout.readline())
        children = Path(f"/proc/{zygote}/task/{zygote}/children")
        assert eventually(lambda: bool(children.read_text().split()))
        child = int(children.read_text().split()[0])
        grader.kill()
    assert eventually(lambda: gone(child) and gone(zygote))
