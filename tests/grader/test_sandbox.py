"""The sandbox: every way a model can misbehave ends in a code, and the next model runs."""

import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
import onnx
import pytest

from grader.assignment import Limits
from grader.sandbox import launch
from grader.sandbox.layers import FILES, LAYERS, SYSTEM_CALLS, USER
from grader.sandbox.parent import ModelRun, Sandbox
from grader.sandbox.policy import POLICIES, Policy, PolicyError, demand_layers
from grader.sandbox.protocol import HEADER_BYTES, Layer, Reply, SandboxError, reply_length
from grader.sandbox.seccomp import ALLOWED, NUMBERS, build_filter
from tests.grader.filters import ALLOW, AUDIT, KILL, REFUSE, numbers_of_libseccomp, verdict
from tests.grader.poorer import without
from tests.grader.processes import holds
from tests.submission.models import (
    FLOAT,
    GOOD,
    RUNNING,
    STATIC,
    endless_loop,
    kernel,
    memory_bomb,
    model,
    network,
    weights,
)
from utils.notes.front_end import FRONT_END_ID
from utils.notes.store import dequantize
from utils.submission.codes import Code, Rejection
from utils.submission.inference import Answers, run_model

LINUX = sys.platform == "linux"
ROOT = LINUX and os.geteuid() == 0
POLICY: Policy = "strict" if LINUX else "none"
linux_only = pytest.mark.skipif(not LINUX, reason="only Linux can fork safely and watch memory")

MELS = np.random.default_rng(0).integers(0, 256, (70, 64, 64), dtype=np.uint8)
REPEATS = np.random.default_rng(1).permutation(70)[:64]
LIMITS = Limits(cpu_seconds=20, wall_seconds=60, memory_mb=500)
KINDS = [pytest.param(True, id="fork", marks=linux_only), pytest.param(False, id="process")]


@pytest.fixture(scope="module", params=KINDS)
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    with Sandbox(slot=40, fork=request.param, policy=POLICY) as sandbox:
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
    return Sandbox(fork=False, policy=POLICY)


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
    "notes": {{layer.name: layer.note for layer in layers}},
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
        done = subprocess.run(
            [sys.executable, "-I", "-c", code],
            env=launch._environment(),  # one thread
            capture_output=True,
            text=True,
        )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[0])
    layers, notes = found.pop("layers"), found.pop("notes")
    if "no Landlock" in notes["no files, no network"]:
        pytest.skip(notes["no files, no network"])
    assert layers == {
        "resource limits": True,
        "no new privileges": True,
        "no files, no network": True,
        "own user": uid is not None,
        "dies with the grader": True,
        "few system calls": True,
    }
    assert found == {
        "fork": "PermissionError",
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


WITH_A_FAMILY = """
import sys
sys.path.insert(0, {packages!r})
import numpy as np
from grader.assignment import Limits
from grader.sandbox import launch
from grader.sandbox.parent import Sandbox
from tests.submission.models import model

family = {family!r}
launch._command = lambda _, fd: [sys.executable, "-I", "-c", family.replace("FD", fd)]
notes = np.zeros((4, 64, 64), np.uint8)
Sandbox(slot=45).run(model(), notes, np.array([0]), limits=Limits())
"""


@linux_only
def test_a_killed_grader_leaves_no_daemon_behind(tmp_path: Path) -> None:
    family = FAMILY.format(packages=str(launch.PACKAGES), folder=str(tmp_path), fd="FD")
    code = WITH_A_FAMILY.format(packages=str(launch.PACKAGES), family=family)
    with subprocess.Popen([sys.executable, "-c", code]) as grader:
        assert eventually(lambda: len(list(tmp_path.iterdir())) == 6)
        pids = [int(path.name) for path in tmp_path.iterdir()]
        assert not any(gone(pid) for pid in pids)
        grader.kill()
    assert eventually(lambda: all(gone(pid) for pid in pids))


LOADING = """
import sys
sys.path.insert(0, {packages!r})
from grader.sandbox import launch

# as long as it loads its libraries, the new process listens to nobody
slow = "sandbox.kernel import READ; print('loads', flush=True); import time; time.sleep(600)"
slow += "; from time"
launch.subprocess.DEVNULL = None
launch.{launcher}
"""


@linux_only
@pytest.mark.parametrize(
    "launcher", ["ForkLauncher(slow)", "subprocess.Popen(launch._command(slow)).wait()"]
)
def test_a_process_that_still_loads_ends_with_the_grader(launcher: str) -> None:
    code = LOADING.format(packages=str(launch.PACKAGES), launcher=launcher)
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as grader:
        assert grader.stdout is not None
        assert grader.stdout.readline() == b"loads\n"
        (child,) = Path(f"/proc/{grader.pid}/task/{grader.pid}/children").read_text().split()
        grader.kill()
    assert eventually(lambda: gone(int(child)))


@linux_only
def test_a_process_whose_grader_has_ended_already_does_not_start() -> None:
    code = f"import sys; sys.path.insert(0, {str(launch.PACKAGES)!r}); "
    code += "from grader.sandbox.kernel import end_with; end_with({}); print('lives')"
    for parent, output in ((os.getpid(), b"lives\n"), (os.getppid(), b"")):
        command = [sys.executable, "-c", code.format(parent)]
        assert subprocess.run(command, capture_output=True).stdout == output


@linux_only
def test_the_zygote_outlives_the_thread_that_started_it() -> None:
    with Sandbox(slot=44) as sandbox:
        thread = threading.Thread(target=sandbox.check)
        thread.start()
        thread.join()
        zygote = sandbox._launcher._zygote  # type: ignore[union-attr]
        assert np.isfinite(run(sandbox, model()).logits).all()
        assert sandbox._launcher._zygote is zygote  # type: ignore[union-attr]


@linux_only
def test_a_child_ends_with_its_zygote_before_it_has_given_up_anything() -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(launch.PACKAGES)!r}); import time; "
        "from grader.sandbox import zygote; "
        "zygote.main({}, lambda request, reply: time.sleep(600), lambda: None)"
    )
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-c", code.format(theirs.fileno())], pass_fds=[theirs.fileno()]
        )
    with ours, process:
        assert ours.recv(1) == b"R"
        socket.send_fds(ours, [b"J"], [0, 1])
        (child,) = struct.unpack("<q", ours.recv(8))
        process.kill()
        assert eventually(lambda: gone(child))


# --- system calls -----------------------------------------------------------------------------


@pytest.mark.parametrize("machine", NUMBERS)
def test_the_filter_allows_what_it_lists_and_nothing_else(machine: str) -> None:
    program, arch = build_filter(machine, 4711), AUDIT[machine]
    allowed = {NUMBERS[machine][name] for name in ALLOWED}
    assert len(allowed) == len(ALLOWED)
    for number in range(600):
        expected = ALLOW if number in allowed else REFUSE
        assert verdict(program, arch, number) == expected, number
        assert verdict(program, 0x40000003, number) == KILL  # 32-bit x86
        assert verdict(program, arch, number | 0x40000000) == KILL  # x32
    assert verdict(program, arch, NUMBERS[machine]["tgkill"], a0=4711) == ALLOW
    assert verdict(program, arch, NUMBERS[machine]["tgkill"], a0=4712) == REFUSE


@linux_only
@pytest.mark.parametrize("machine", NUMBERS)
def test_the_numbers_are_those_of_libseccomp(machine: str) -> None:
    assert numbers_of_libseccomp(machine, NUMBERS[machine]) == NUMBERS[machine]


# --- labels -----------------------------------------------------------------------------------


@linux_only
@pytest.mark.skipif(not ROOT, reason="only root may look into a child that is locked down")
@pytest.mark.parametrize("fork", [True, False], ids=["fork", "process"])
def test_no_byte_of_the_labels_is_in_any_child(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fork: bool
) -> None:
    # as the grader holds them: in memory, in an open file; and in places that it should avoid
    labels = np.random.default_rng(6).integers(0, 11, 400)
    secrets = [labels.astype(kind).tobytes() for kind in ("u1", "i4", "i8")]
    secrets += [labels.astype("u1").tobytes().hex().encode()]
    path = tmp_path / "labels.npz"
    path.write_bytes(b"".join(secrets))
    monkeypatch.setenv("LABELS", secrets[-1].decode())
    pids: list[int] = []
    codes: list[Code | None] = []
    launcher = launch.ForkLauncher if fork else launch.ProcessLauncher
    start = launcher.start

    def start_and_tell(self: launch.Launcher, request: BinaryIO) -> launch.Running:
        running = start(self, request)  # type: ignore[arg-type]
        pids.append(running.pid)
        return running

    monkeypatch.setattr(launcher, "start", start_and_tell)
    with path.open("rb") as opened, Sandbox(slot=45, fork=fork) as sandbox:
        os.set_inheritable(opened.fileno(), True)
        looping = threading.Thread(target=lambda: codes.append(refused(sandbox, endless_loop())))
        looping.start()
        # seccomp comes last: from then on, the child reads the model and runs it
        assert eventually(lambda: bool(pids) and "Seccomp:\t2" in status(pids[0]))
        time.sleep(0.5)
        assert holds(pids[0], secrets) == []
        # nothing but the standard three, the request and the reply
        handles = {int(handle.name) for handle in Path(f"/proc/{pids[0]}/fd").iterdir()}
        assert handles <= {0, 1, 2, 3, 4}
        assert holds(pids[0], [endless_loop()[-200:]])  # but it does hold the model
        if fork:
            zygote = sandbox._launcher._zygote.pid  # type: ignore[union-attr]
            assert holds(zygote, secrets) == []
        # the search itself finds them, where they are
        places = {place.split()[0] for place in holds(os.getpid(), secrets)}
        assert places >= {"memory", "descriptor"}
        for number in range(2):  # a crash is tried twice
            assert eventually(lambda n=number: len(pids) > n)
            os.kill(pids[number], signal.SIGKILL)
        looping.join()
    assert codes == [Code.CRASH]


def status(pid: int) -> str:
    """Return what the kernel says of a process."""
    return Path(f"/proc/{pid}/status").read_text()


def refused(sandbox: Sandbox, content: bytes) -> Code | None:
    """Return why a model is refused; None if it runs."""
    try:
        run(sandbox, content, Limits())
    except Rejection as rejection:
        return rejection.code
    return None


# --- which layers must hold -------------------------------------------------------------------


@linux_only
@pytest.mark.parametrize("name", [FILES, SYSTEM_CALLS])
def test_a_child_without_a_required_layer_refuses_to_work(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(launch, "_command", without(name))
    words = f"without “{name}”: not in this kernel"
    with Sandbox(slot=46) as sandbox:
        with pytest.raises(SandboxError, match=words):
            run(sandbox, model())
        with pytest.raises(PolicyError, match=f"SANDBOX_TOO_WEAK: .*“{name}” .not in this kernel"):
            sandbox.check()
    with Sandbox(slot=46, policy="none") as sandbox:
        assert {layer.name for layer in sandbox.check() if not layer.active} >= {name}
        assert np.isfinite(run(sandbox, model()).logits).all()


@linux_only
def test_the_weak_policy_demands_a_user_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "_command", without(USER))
    with (
        Sandbox(slot=46, policy="weak") as sandbox,
        pytest.raises(PolicyError, match=r"“own user” .* --sandbox weak has to be root"),
    ):
        sandbox.check()


def test_sandboxes_are_strict_unless_told_otherwise() -> None:
    layers = [Layer(name, name != SYSTEM_CALLS, "gone") for name, _ in LAYERS]
    for policy in POLICIES[1:]:
        demand_layers(policy, layers)
    with pytest.raises(PolicyError, match=r"“few system calls” \(gone\)"):
        demand_layers(Sandbox()._policy, layers)
    with pytest.raises(PolicyError, match=r"“own user” \(unknown to the child\)"):
        demand_layers("weak", [])


# --- the rest of the batch --------------------------------------------------------------------


def batch_dependent() -> dict[str, bytes]:
    """Return models that look beyond one note, each in a way that one check alone would miss."""
    node = onnx.helper.make_node
    rows = [
        node("Shape", ["mel"], ["all"], start=0, end=1),
        node("Cast", ["all"], ["rows"], to=FLOAT),
        node("Div", ["rows", "many"], ["ratio"]),
    ]
    stored = [kernel(), weights("many", np.array([64], "f4")), weights("axis", np.array(0))]
    return {
        "size of the batch": model(
            network(*rows, node("Mul", ["flat", "ratio"], ["end"]), last="end"), initializers=stored
        ),
        "notes before it": model(
            network(node("CumSum", ["flat", "axis"], ["end"]), last="end"), initializers=stored
        ),
        "loudest of the batch": model(
            network(
                node("ReduceMax", ["flat"], ["top"], keepdims=0),
                node("Sub", ["flat", "top"], ["end"]),
                last="end",
            ),
            initializers=stored,
        ),
        "random": model(
            network(
                node("RandomNormalLike", ["flat"], ["noise"]),
                node("Add", ["flat", "noise"], ["end"]),
                last="end",
            ),
            initializers=stored,
        ),
    }


@pytest.mark.parametrize("name", batch_dependent())
def test_a_model_must_not_look_at_the_batch(sandbox: Sandbox, name: str) -> None:
    assert refusal(sandbox, batch_dependent()[name]).code == Code.BATCH_DEPENDENT


def test_what_one_check_of_the_batch_misses_the_other_sees() -> None:
    inputs = dequantize(MELS)[:, None]
    by_size = run_model(batch_dependent()["size of the batch"], inputs, REPEATS)
    change = by_size.shuffled - by_size.logits[REPEATS]
    # the same size: 64 shuffled notes are answered as in the first batch, single ones are not
    assert np.abs(change[REPEATS < 64]).max() < 1e-4
    assert np.abs(by_size.single - by_size.logits[REPEATS[:16]]).max() > 0.1
