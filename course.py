#!/usr/bin/env python3
"""The one way into the course on a fresh machine: ``python3 course.py demo``.

Makes the virtual environment ``.venv`` when it is missing or stale, installs the
course into it with the versions of ``constraints.txt``, and runs a verb there.
Needs nothing but Python's standard library. Any Python from 3.6 on can read this
file, so that one that is too old can at least say so, or pass on to one that fits.

``.venv`` is stale when the pins, the folder or Python itself have changed. A stamp
is written into it last: an environment without stamp was interrupted, and is made
anew. Locks and logs lie in ``.venv-setup``.
"""

import argparse
import contextlib
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import IO

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
SETUP = ROOT / ".venv-setup"
LOG = SETUP / "install.log"
STAMP = VENV / "course-stamp.json"  # written last
MARK = VENV / "course-made-this"  # written first: only what carries it is ever deleted
STAMP_FORMAT = 1  # to be raised when install() does something else

FITTING = ("3.11", "3.12", "3.13")  # as requires-python in pyproject.toml says
DISK_BYTES = 4e9  # the environment, pip's downloads and some room
PROBE_SECONDS = 3.0
HEARTBEAT_SECONDS = 30.0
WINDOWS = os.name == "nt"
STOPPED = "\nStopped. Nothing is lost: run the same command again to go on."

FAST = "not slow and not full"
NORMAL = "not full"
CHECKS = (
    ("ruff check", ["ruff", "check", "."]),
    ("ruff format", ["ruff", "format", "--check", "."]),
    ("mypy", ["mypy"]),
    ("mypy course.py", ["mypy", "course.py"]),
    ("codespell", ["codespell_lib"]),
    ("numpydoc", ["numpydoc", "lint", "--config", ".", "utils/**/*.py", "grader/**/*.py"]),
)


class CourseError(Exception):
    """The end, with a sentence for the person in front of the screen."""


# ---------------------------------------------------------------- talking


def say(text: str, end: str = "\n") -> None:
    """Print a line, also where the terminal knows no umlauts."""
    try:
        print(text, end=end, flush=True)
    except UnicodeEncodeError:
        print(text.encode("ascii", "backslashreplace").decode(), end=end, flush=True)


def fitting_names() -> str:
    """Return the versions of Python that fit, as a person would say them."""
    return ", ".join(FITTING[:-1]) + " or " + FITTING[-1]


# ---------------------------------------------------------------- which Python


def running_python() -> str:
    """Return the version of the running Python, such as "3.12"."""
    return f"{sys.version_info[0]}.{sys.version_info[1]}"


def complaint() -> "str | None":
    """Return what is wrong with the running Python, or None if it fits."""
    found = f"Python {sys.version.split()[0]} ({sys.executable})"
    if running_python() not in FITTING:
        return f"{found} does not fit: the course needs Python {fitting_names()}"
    if sys.implementation.name != "cpython":
        return f"{found} is {sys.implementation.name}: PyTorch needs CPython {fitting_names()}"
    if sys.maxsize < 2**32:
        return f"{found} is a 32-bit build: PyTorch needs a 64-bit Python {fitting_names()}"
    try:
        import ensurepip  # noqa: F401
        import ssl  # noqa: F401
        import venv  # noqa: F401
    except ImportError as error:
        return (
            f"{found} comes without its module {error.name!r}; on Debian and Ubuntu"
            " `sudo apt install python3-venv` brings it"
        )
    return None


def candidates() -> "list[list[str]]":
    """Return commands that may start a Python that fits."""
    names = [f"python{version}" for version in FITTING] + ["python3", "python"]
    found = [[path] for path in map(shutil.which, names) if path]
    if WINDOWS and shutil.which("py"):
        found += [["py", f"-{version}"] for version in FITTING]
    return found


def pass_on(arguments: "list[str]", problem: str) -> int:
    """Run this program again with a Python that fits, if there is one."""
    for command in candidates():
        test = subprocess.run(
            [*command, str(Path(__file__).resolve()), "--does-this-python-fit"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            env=environment(),
        )
        if test.returncode == 0:
            say(f"{problem}; going on with {' '.join(command)}")
            return run_verb([*command, str(Path(__file__).resolve()), *arguments], environment())
    raise CourseError(
        f"{problem}, and no other Python that fits was found. Install one (python.org, your"
        " package manager or conda) and start this program with it: python3.12 course.py ..."
    )


def base_python() -> str:
    """Return the Python that environments are made with: never one inside an environment."""
    return getattr(sys, "_base_executable", None) or sys.executable


# ---------------------------------------------------------------- what should be there


def settings() -> dict:
    """Return pyproject.toml."""
    import tomllib

    with (ROOT / "pyproject.toml").open("rb") as file:
        return tomllib.load(file)


def pins_hash(project: dict) -> str:
    """Return a hash of everything that decides what gets installed."""
    parts = [
        project["build-system"],
        {
            key: project["project"].get(key)
            for key in ("name", "dependencies", "optional-dependencies", "scripts")
        },
        project["tool"]["setuptools"],
        project["tool"]["music-ai-course"]["torch-cpu-index"],
        (ROOT / "constraints.txt").read_text(encoding="utf-8"),
        STAMP_FORMAT,
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def venv_python() -> Path:
    """Return where the environment's Python lies."""
    return VENV / ("Scripts/python.exe" if WINDOWS else "bin/python")


def environment() -> "dict[str, str]":
    """Return the variables for a child: what would lead pip or Python astray is left out."""
    unwanted = {"PYTHONHOME", "PYTHONPATH", "PIP_USER", "PIP_TARGET", "PIP_PREFIX"}
    unwanted |= {"PIP_REQUIRE_HASHES", "PIP_CONSTRAINT", "__PYVENV_LAUNCHER__"}
    env = {key: value for key, value in os.environ.items() if key not in unwanted}
    env.update(PYTHONUTF8="1", PIP_DISABLE_PIP_VERSION_CHECK="1", PIP_NO_INPUT="1")
    return env


def venv_environment() -> "dict[str, str]":
    """Return the variables of an activated environment."""
    env = environment()
    env["VIRTUAL_ENV"] = str(VENV)
    env["PATH"] = str(venv_python().parent) + os.pathsep + env.get("PATH", os.defpath)
    env.setdefault("OMP_WAIT_POLICY", "passive")  # as utils/course_setup.py says
    return env


PROBE = """
import importlib.metadata as metadata, importlib.util as util, json, sys
absent = [name for name in sys.argv[1:] if not list(metadata.distributions(name=name))]
absent += [name for name in ("torch", "numpy") if name in sys.argv and not util.find_spec(name)]
utils = util.find_spec("utils")
print(json.dumps({"absent": absent, "utils": utils and utils.origin}))
"""


def names_of(project: dict, extras: "set[str]") -> "list[str]":
    """Return the names of the packages that pyproject.toml asks for."""
    wanted = list(project["project"]["dependencies"])
    for extra in sorted(extras):
        wanted += project["project"]["optional-dependencies"].get(extra, [])
    return [re.split(r"[^\w.-]", pin, maxsplit=1)[0] for pin in wanted if ";" not in pin]


def is_whole(names: "list[str]") -> bool:
    """Tell whether the environment's Python runs and has the course and these packages."""
    try:
        probe = subprocess.run(
            [str(venv_python()), "-I", "-c", PROBE, "pip", *names],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            env=environment(),
            timeout=60,
        )
        seen = json.loads(probe.stdout.decode("utf-8"))
        return not seen["absent"] and Path(seen["utils"]).parent == ROOT / "utils"
    except (OSError, ValueError, TypeError, subprocess.SubprocessError):
        return False


def read_stamp() -> dict:
    """Return what the environment was made for, or nothing if it was never finished."""
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
        return stamp if {"root", "pins", "python", "extras"} <= set(stamp) else {}
    except (OSError, ValueError, TypeError):
        return {}


def what_is_wrong(project: dict, pins: str, extras: "set[str]") -> "tuple[str, bool] | None":
    """Return why the environment can't be used and whether it must be made anew, or None."""
    if not VENV.exists():
        return ("there is no .venv yet", True)
    stamp = read_stamp()
    if not stamp:
        return (".venv is half made", True)
    if stamp["root"] != str(ROOT):
        return ("the folder has moved", True)
    if stamp["python"] not in FITTING:
        return (f".venv has Python {stamp['python']}", True)
    if stamp["pins"] != pins:
        return ("the pins have changed", not is_whole([]))
    if not is_whole(names_of(project, set(stamp["extras"]))):
        return (".venv is damaged", True)
    if not extras <= set(stamp["extras"]):
        return ("this verb needs more packages", False)
    return None


# ---------------------------------------------------------------- making it


@contextlib.contextmanager
def lock() -> "Iterator[int]":
    """Let one process at a time work on the environment; yield the lock's file number.

    The number is handed on to pip, so that a pip whose course.py was killed still
    holds the lock. The system lets go of it when the last holder ends.
    """
    SETUP.mkdir(exist_ok=True)
    with (SETUP / "lock").open("a+b") as file:
        waiting = False
        while not try_lock(file):
            if not waiting:
                say("Another course.py is setting up this folder; waiting for it ...")
                waiting = True
            time.sleep(0.5)
        yield file.fileno()


def try_lock(file: "IO[bytes]") -> bool:
    """Take the lock if it is free; where the file system has no locks, go on without."""
    import errno

    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in (errno.EACCES, errno.EAGAIN, errno.EDEADLK)
    return True


def prepare(extras: "set[str]") -> None:
    """Make sure that the environment is there, whole and current."""
    project = settings()
    pins = pins_hash(project)
    if what_is_wrong(project, pins, extras) is None:
        return
    try:
        with lock() as lock_fd:
            # Look again: another process may have mended it while this one waited.
            wrong = what_is_wrong(project, pins, extras)
            if wrong is not None:
                set_up(project, pins, extras, wrong, lock_fd)
    except OSError as error:
        raise CourseError(f"Setting up failed: {error}") from error


def set_up(
    project: dict, pins: str, extras: "set[str]", wrong: "tuple[str, bool]", lock_fd: int
) -> None:
    """Make or refresh the environment, and write the stamp last."""
    reason, anew = wrong
    check_room()
    say(f"Setting up: {reason}. This takes a few minutes, once.")
    started = time.monotonic()
    LOG.write_bytes(b"")
    before = read_stamp()
    extras = extras | set(before.get("extras", ()))
    if anew:
        remove_old()
        make_venv(lock_fd)
        python = running_python()
    else:
        python = before["python"]
        STAMP.unlink()
    install(project, sorted(extras), lock_fd)
    stamp = {"root": str(ROOT), "pins": pins, "python": python, "extras": sorted(extras)}
    fresh = STAMP.with_suffix(".new")
    fresh.write_text(json.dumps(stamp), encoding="utf-8")
    fresh.replace(STAMP)
    say(f"Ready after {time.monotonic() - started:.0f} s.")


def check_room() -> None:
    """Refuse early what would fail late: a full disk, a Mac without builds of PyTorch."""
    if sys.platform == "darwin" and os.uname().machine != "arm64":
        raise CourseError(
            "PyTorch 2.13 has no build for Macs with an Intel processor. Use Binder or Colab"
            " instead, or another machine."
        )
    free = shutil.disk_usage(str(ROOT)).free
    if free < DISK_BYTES and not VENV.exists():
        raise CourseError(
            f"{free / 1e9:.1f} GB are free in {ROOT}, but setting up needs {DISK_BYTES / 1e9:.0f}"
            " GB. Make room, or put the course on a larger disk."
        )


def remove_old() -> None:
    """Delete our own old environment; move one that somebody else made out of the way."""
    if not os.path.lexists(str(VENV)):
        return
    ours = not VENV.is_symlink() and (MARK.exists() or STAMP.exists())
    if ours or (VENV.is_dir() and not any(VENV.iterdir())):
        try:
            if STAMP.exists():
                STAMP.unlink()
            shutil.rmtree(str(VENV))
        except OSError as error:
            raise CourseError(
                f"The old environment can't be deleted ({error}). Close Jupyter and all"
                f" terminals that use it, or delete it yourself: {VENV}"
            ) from error
        return
    aside = ROOT / f".venv-old-{time.strftime('%Y%m%d-%H%M%S')}"
    VENV.rename(aside)
    say(f"There was a .venv that course.py has not made; it is now called {aside.name}.")


def make_venv(lock_fd: int) -> None:
    """Make an empty environment."""
    VENV.mkdir()
    MARK.write_text("This folder is made, and deleted, by course.py.\n", encoding="utf-8")
    step(f"Python {sys.version.split()[0]}", [base_python(), "-m", "venv", str(VENV)], lock_fd)


def install(project: dict, extras: "list[str]", lock_fd: int) -> None:
    """Install PyTorch, then the course with the other packages."""
    pip = [str(venv_python()), "-m", "pip", "install", "--progress-bar", "off"]
    pip += ["-c", "constraints.txt"]
    pins = project["project"]["dependencies"]
    first = [pin for pin in pins if pin.split("==")[0] in ("torch", "torchaudio")]
    index, build = [], "PyTorch"
    if first and wants_cpu_build():
        address = project["tool"]["music-ai-course"]["torch-cpu-index"]
        if answers(address + "/torch/"):
            index, build = ["--extra-index-url", address], "PyTorch, the build without CUDA"
    # What builds the course comes along: the course is then built in this environment.
    first += project["build-system"]["requires"]
    if first:
        step(build, [*pip, *index, *first], lock_fd)
    course = "." + ("[" + ",".join(extras) + "]" if extras else "")
    step("the other packages", [*pip, "--no-build-isolation", "-e", course], lock_fd)
    look = [name for name in names_of(project, set()) if name in ("torch", "numpy", "onnxruntime")]
    code = f"import utils\nfor name in {look}: __import__(name)"
    step("a first look", [str(venv_python()), "-I", "-c", code], lock_fd)


def wants_cpu_build() -> bool:
    """Tell whether the ordinary build would bring gigabytes of CUDA for nothing."""
    if not sys.platform.startswith("linux"):
        return False
    return not (shutil.which("nvidia-smi") or Path("/proc/driver/nvidia/version").exists())


def answers(address: str) -> bool:
    """Tell whether an address answers within seconds; pip itself would retry for minutes."""
    result = []

    def ask() -> None:
        with contextlib.suppress(OSError, ValueError):
            request = urllib.request.Request(address, method="HEAD")
            reply = urllib.request.urlopen(request, timeout=PROBE_SECONDS)
            result.append(reply.status)
            reply.close()

    # A thread, because looking up the name obeys no time limit.
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(PROBE_SECONDS)
    return result == [200]


def step(name: str, command: "list[str]", lock_fd: int) -> None:
    """Run one command of the set-up quietly; show the end of its log if it fails."""
    say(f"  {name} ...")
    started = time.monotonic()
    with LOG.open("ab") as log:
        log.write(f"\n$ {' '.join(command)}\n".encode("utf-8", "backslashreplace"))
        log.flush()
        process = subprocess.Popen(
            command,
            cwd=str(ROOT),
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            pass_fds=() if WINDOWS else (lock_fd,),
            start_new_session=not WINDOWS,  # so that pip's own children can be ended with it
        )
        try:
            code = wait_with_heartbeat(process, started)
        except BaseException:
            end(process, group=True)
            raise
    if code != 0:
        lines = LOG.read_text(encoding="utf-8", errors="replace").splitlines()
        tail = "\n".join("    " + line for line in lines[-15:])
        raise CourseError(
            f"Installing {name} failed. The log ends with\n{tail}\nThe whole log: {LOG}\n"
            "Is the network there? Then run the same command again."
        )


def wait_with_heartbeat(process: "subprocess.Popen[bytes]", started: float) -> int:
    """Wait for a process, and show now and then that it is alive."""
    while True:
        try:
            return process.wait(timeout=HEARTBEAT_SECONDS)
        except subprocess.TimeoutExpired:
            say(f"    still at it, {time.monotonic() - started:.0f} s")


def end(process: "subprocess.Popen[bytes]", *, group: bool = False) -> None:
    """End a child, or all of its group: first politely, then not."""

    def send(name: str) -> None:
        with contextlib.suppress(OSError):
            if group and not WINDOWS:
                os.killpg(process.pid, getattr(signal, name))
            elif name == "SIGTERM":
                process.terminate()
            else:
                process.kill()

    send("SIGTERM")
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=5)
    send("SIGKILL")
    process.wait()


# ---------------------------------------------------------------- verbs


def run_verb(command: "list[str]", env: "dict[str, str]") -> int:
    """Run a command in the course's folder and return its exit status.

    Ctrl-C reaches the child as well, and the child decides: pytest sums up, JupyterLab
    asks. Without a terminal nobody but this process may have got the signal.
    """
    process = subprocess.Popen(command, cwd=str(ROOT), env=env)
    while True:
        try:
            code = process.wait()
            return 130 if code == -signal.SIGINT else code
        except KeyboardInterrupt:
            if not sys.stdin or not sys.stdin.isatty():
                end(process)
                raise
        except SystemExit:
            end(process)
            raise


def run_module(*arguments: str) -> int:
    """Run ``python -m ...`` inside the environment."""
    return run_verb([str(venv_python()), "-m", *arguments], venv_environment())


def need(folder: str) -> None:
    """Refuse a verb that the students' tree can't do."""
    if not (ROOT / folder).is_dir():
        raise CourseError(
            f"This folder has no {folder}/: it is what students get, without grader and tests."
            " Start with `course.py lab`."
        )


def demo(options: argparse.Namespace, rest: "list[str]") -> int:
    """Run the main job from end to end."""
    need("grader")
    prepare(set())
    return run_module("grader", "demo", *rest)


def test(options: argparse.Namespace, rest: "list[str]") -> int:
    """Run the tests, and with --all the checks of the source as well."""
    need("tests")
    prepare({"dev", "render", "cluster"})
    results = []
    for name, arguments in CHECKS if options.all else ():
        say(f"== {name}")
        results.append((name, run_module(*files_for(arguments))))
    chosen = [] if options.all else ["-m", FAST if options.fast else NORMAL]
    if results:
        say("== pytest")
    # browsers and sandboxes mostly wait: three workers on two processors
    workers = [] if rest else ["-n", "3", "--dist", "loadfile"]
    results.append(("pytest", run_module("pytest", *workers, *chosen, *rest)))
    failed = [(name, code) for name, code in results if code]
    if failed and options.all:
        say("Failed: " + ", ".join(name for name, _ in failed))
    return failed[0][1] if failed else 0


def files_for(arguments: "list[str]") -> "list[str]":
    """Put the names of files in the place of patterns: numpydoc takes no folders."""
    words = []
    for word in arguments:
        names = [str(path.relative_to(ROOT)) for path in ROOT.glob(word)] if "*" in word else [word]
        words += sorted(names)
    return words


def bench(options: argparse.Namespace, rest: "list[str]") -> int:
    """Measure time and memory."""
    need("tests")
    prepare({"dev", "render", "cluster"})
    return run_module("tests.bench", *rest)


def lab(options: argparse.Namespace, rest: "list[str]") -> int:
    """Open JupyterLab at the lectures."""
    prepare(set())
    start = "/lab/tree/lectures" if (ROOT / "lectures").is_dir() else "/lab"
    return run_module("jupyterlab", f"--LabApp.default_url={start}", *rest)


def data(options: argparse.Namespace, rest: "list[str]") -> int:
    """Fetch or make notes."""
    if not rest:
        raise CourseError("Which notes? See `course.py data --help`.")
    prepare({"render"} if rest[0] == "render" else set())
    return run_module("utils.notes", *rest)


def parser() -> argparse.ArgumentParser:
    """Return the command line of this program."""
    top = argparse.ArgumentParser(
        prog="course.py",
        description="Sets the course up in .venv when needed, then runs a verb.",
        epilog=f"Needs Python {fitting_names()}. `course.py VERB --help` tells more.",
    )
    verbs = top.add_subparsers(dest="verb", metavar="VERB")

    def add(
        verb: str, function: "Callable[..., int]", text: str, more: str
    ) -> argparse.ArgumentParser:
        made = verbs.add_parser(verb, help=text, description=text, epilog=more)
        made.set_defaults(function=function)
        return made

    more = "Other options are passed on to `python -m grader demo`."
    add("demo", demo, "run the main job: notes, homework, six submissions, a gradebook", more)
    more = "Other options are passed on to pytest, for example `-k notes` or a file's name."
    tests = add("test", test, "run the tests (without those that take minutes)", more)
    which = tests.add_mutually_exclusive_group()
    which.add_argument("--fast", action="store_true", help="leave out all slow tests")
    which.add_argument("--all", action="store_true", help="all tests, and the checks of the source")
    more = "Names and options are passed on: `bench --list` tells the names; without one all run."
    add("bench", bench, "measure how long the course takes, and how much memory", more)
    more = "Other options are passed on to JupyterLab, for example `--no-browser`."
    add("lab", lab, "open JupyterLab at the lectures", more)
    more = "`data nsynth --help` and `data render --help` show the options of each."
    add("data", data, "fetch notes (`data nsynth`) or make them (`data render`)", more)
    return top


def main(arguments: "list[str]") -> int:
    """Run the program and return its exit status."""
    if arguments == ["--does-this-python-fit"]:
        return 1 if complaint() else 0
    if arguments[:1] == ["data"] and len(arguments) > 1 and not arguments[1].startswith("-"):
        options, rest = argparse.Namespace(function=data), arguments[1:]  # --help goes on as well
    else:
        options, rest = parser().parse_known_args(arguments)
        rest = [word for word in rest if word != "--"]
    if not getattr(options, "function", None):
        parser().print_help()
        return 2
    problem = complaint()
    if problem:
        return pass_on(arguments, problem)
    return options.function(options, rest)


def hang_up(number: int, frame: object) -> None:
    """Turn a request to end into an exit, so that children are ended too."""
    say(STOPPED)
    raise SystemExit(128 + number)


if __name__ == "__main__":
    for wanted in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, wanted):
            signal.signal(getattr(signal, wanted), hang_up)
    try:
        sys.exit(main(sys.argv[1:]))
    except CourseError as stop:
        say(f"course.py: {stop}")
        sys.exit(1)
    except KeyboardInterrupt:
        say(STOPPED)
        sys.exit(130)
