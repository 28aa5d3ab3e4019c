"""``course.py``: environments made, refreshed, mended; interruptions; other Pythons.

Most tests run the real program on a miniature course in a folder with spaces and
umlauts: it has no dependencies and a build back end of its own, so that pip needs
no network, and the back end can be told to be slow.
"""

import ast
import http.server
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import tomllib
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

POSIX = pytest.mark.skipif(os.name == "nt", reason="signals and symbolic links of POSIX")

PYPROJECT = """
[build-system]
requires = []
build-backend = "back_end"
backend-path = ["."]
[project]
name = "music-ai-course"
version = "1"
requires-python = ">=3.11,<3.14"
dependencies = []
[project.optional-dependencies]
dev = []
render = []
cluster = []
[tool.setuptools]
[tool.music-ai-course]
torch-cpu-index = "http://127.0.0.1:9/none"
"""

BACK_END = """
import pathlib, time, zipfile

HERE = pathlib.Path(__file__).resolve().parent
NAME = "music_ai_course-1.dist-info"
WHEEL = "Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
METADATA = "Metadata-Version: 2.1\\nName: music-ai-course\\nVersion: 1\\n" + "".join(
    f"Provides-Extra: {extra}\\n" for extra in ("dev", "render", "cluster"))

def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    (HERE / "building").touch()
    if (HERE / "fail").exists():
        raise SystemExit("the back end says no")
    while (HERE / "slow").exists():
        (HERE / "building").touch()
        time.sleep(0.05)
    name = "music_ai_course-1-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(wheel_directory) / name, "w") as wheel:
        wheel.writestr("music_ai_course.pth", str(HERE) + "\\n")
        wheel.writestr(NAME + "/METADATA", METADATA)
        wheel.writestr(NAME + "/WHEEL", WHEEL)
        wheel.writestr(NAME + "/RECORD", "")
    return name
"""

ECHO = """
import json, os, sys
print("ECHO", json.dumps([sys.argv[1:], sys.prefix, os.getcwd()]))
"""


@pytest.fixture
def course(root: Path, tmp_path: Path) -> Path:
    """A miniature course; its path has spaces and umlauts."""
    folder = tmp_path / "Übungen für Músik"
    (folder / "utils" / "notes").mkdir(parents=True)
    (folder / "grader").mkdir()
    (folder / "tests").mkdir()
    shutil.copy(root / "course.py", folder)
    (folder / "pyproject.toml").write_text(PYPROJECT)
    (folder / "back_end.py").write_text(BACK_END)
    (folder / "constraints.txt").write_text("")
    for name in ("utils/__init__.py", "utils/notes/__init__.py", "grader/__init__.py"):
        (folder / name).write_text("")
    for name in ("utils/notes/__main__.py", "grader/__main__.py", "pytest.py", "jupyterlab.py"):
        (folder / name).write_text(ECHO)
    return folder


def variables(course: Path, **more: str) -> dict[str, str]:
    """A bare machine's variables: an empty HOME and LANG=C."""
    home = course.parent / "home"
    home.mkdir(exist_ok=True)
    kept = {key: os.environ[key] for key in ("PATH", "SYSTEMROOT", "TEMP") if key in os.environ}
    return {**kept, "HOME": str(home), "LANG": "C", "PYTHONDONTWRITEBYTECODE": "1", **more}


def call(course: Path, *arguments: str, python: str = sys.executable, **more: str):
    """Run the miniature course's ``course.py`` to its end."""
    return subprocess.run(
        [python, str(course / "course.py"), *arguments],
        env=variables(course, **more),
        cwd=course.parent,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        timeout=120,
    )


def begin(course: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start the miniature course's ``course.py``."""
    return subprocess.Popen(
        [sys.executable, str(course / "course.py"), *arguments],
        env=variables(course),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
    )


def wait_for(path: Path) -> None:
    """Wait until a file is there."""
    until = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < until, f"{path} never came"
        time.sleep(0.05)


def echo(output: str) -> tuple[list[str], str, str]:
    """Return what the verb's stand-in was called with: arguments, prefix, folder."""
    line = next(line for line in output.splitlines() if line.startswith("ECHO"))
    return tuple(json.loads(line[5:]))


@pytest.fixture(scope="module")
def module(root: Path) -> ModuleType:
    """``course.py`` as a module."""
    spec = importlib.util.spec_from_file_location("course_program", root / "course.py")
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


# ------------------------------------------------------------ a life of an environment


@pytest.mark.slow
def test_a_life_of_an_environment(course: Path) -> None:
    first = call(course, "demo", "--quick", "a b")
    assert first.returncode == 0, first.stdout
    assert "Setting up: there is no .venv yet" in first.stdout
    arguments, prefix, folder = echo(first.stdout)
    assert arguments == ["demo", "--quick", "a b"]
    assert Path(prefix) == course / ".venv"
    assert Path(folder) == course

    second = call(course, "demo")
    assert "Setting up" not in second.stdout
    assert second.returncode == 0

    more = call(course, "test", "-k", "notes")
    assert "this verb needs more packages" in more.stdout
    assert echo(more.stdout)[0] == ["-m", "not full", "-k", "notes"]
    assert "Setting up" not in call(course, "demo").stdout

    (course / "constraints.txt").write_text("six==1.17.0\n")
    changed = call(course, "test", "--fast")
    assert "the pins have changed" in changed.stdout
    several = ["-n", "3", "--dist", "loadfile"]
    assert echo(changed.stdout)[0] == [*several, "-m", "not slow and not full"]

    (course / ".venv" / "course-stamp.json").unlink()
    assert ".venv is half made" in call(course, "demo").stdout

    stamp = json.loads((course / ".venv" / "course-stamp.json").read_text())
    assert stamp["extras"] == []
    assert call(course, "test").returncode == 0
    python = course / ".venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    python.unlink()
    damaged = call(course, "data", "nsynth", "--help")
    assert ".venv is damaged" in damaged.stdout
    assert echo(damaged.stdout)[0] == ["nsynth", "--help"]
    assert "Setting up" not in call(course, "test").stdout  # the tools are there again as well

    moved = course.rename(course.with_name("moved here"))
    after = call(moved, "lab", "--no-browser")
    assert "the folder has moved" in after.stdout
    assert echo(after.stdout)[0][-1] == "--no-browser"
    assert Path(echo(after.stdout)[1]) == moved / ".venv"


@pytest.mark.full
def test_an_environment_of_somebody_else_is_kept(course: Path) -> None:
    (course / ".venv").mkdir()
    (course / ".venv" / "precious").write_text("mine")
    result = call(course, "demo")
    assert result.returncode == 0, result.stdout
    assert "course.py has not made" in result.stdout
    (kept,) = course.glob(".venv-old-*/precious")
    assert kept.read_text() == "mine"


@pytest.mark.full
def test_a_failing_installation_shows_the_end_of_its_log(course: Path) -> None:
    (course / "fail").touch()
    result = call(course, "demo")
    assert result.returncode == 1
    assert "the back end says no" in result.stdout
    assert "Traceback" not in result.stdout.splitlines()[-1]
    assert str(course / ".venv-setup" / "install.log") in result.stdout
    (course / "fail").unlink()
    again = call(course, "demo")
    assert again.returncode == 0, again.stdout
    assert ".venv is half made" in again.stdout


@POSIX
@pytest.mark.parametrize(
    "number",
    [
        pytest.param(signal.SIGINT, marks=pytest.mark.slow),
        pytest.param(signal.SIGTERM, marks=pytest.mark.full),
        pytest.param(signal.SIGKILL, marks=pytest.mark.full),
    ],
)
def test_interrupted_and_started_again(course: Path, number: int) -> None:
    (course / "slow").touch()
    process = begin(course, "demo")
    wait_for(course / "building")
    process.send_signal(number)
    if number == signal.SIGKILL:
        process.wait(timeout=120)
        # The orphaned pip still works on the environment: the next one waits for it.
        mark = course / ".venv" / "the-orphans"
        mark.touch()
        second = begin(course, "demo")
        time.sleep(1)
        assert second.poll() is None
        assert mark.exists()
        (course / "slow").unlink()
        output, _ = second.communicate(timeout=120)
        assert "Another course.py is setting up" in output
        assert ".venv is half made" in output
        assert second.returncode == 0, output
        return
    output, _ = process.communicate(timeout=120)
    assert "Traceback" not in output
    assert process.returncode == (130 if number == signal.SIGINT else 143)
    (course / "building").unlink()
    time.sleep(0.5)
    assert not (course / "building").exists()  # nobody goes on working behind our back
    assert "Nothing is lost: run the same command again" in output
    (course / "slow").unlink()
    again = call(course, "demo")
    assert ".venv is half made" in again.stdout
    assert again.returncode == 0, again.stdout


@POSIX
@pytest.mark.slow
def test_two_at_once_set_up_once(course: Path) -> None:
    (course / "slow").touch()
    first = begin(course, "demo")
    wait_for(course / "building")
    second = begin(course, "demo")
    time.sleep(1)
    (course / "slow").unlink()
    one, _ = first.communicate(timeout=120)
    two, _ = second.communicate(timeout=120)
    assert first.returncode == second.returncode == 0, one + two
    assert "Setting up" in one
    assert "Another course.py is setting up" in two
    assert "Setting up:" not in two


# ------------------------------------------------------------ which Python


def old_pythons() -> list[str]:
    """Return Pythons on this machine that are too old for the course."""
    found = [shutil.which(f"python3.{minor}") for minor in range(6, 11)]
    # Tools such as pyenv keep all versions side by side.
    found += [str(p) for p in Path(sys.base_prefix).parent.glob("3.*/bin/python")]
    fitting = []
    for path in filter(None, found):
        code = "import sys; sys.exit(not (3, 6) <= sys.version_info < (3, 11))"
        if subprocess.run([path, "-c", code], stderr=subprocess.DEVNULL).returncode == 0:
            fitting.append(path)
    return fitting


def test_the_source_is_valid_for_python_3_6(root: Path) -> None:
    ast.parse((root / "course.py").read_text(encoding="utf-8"), feature_version=(3, 6))


def test_only_the_standard_library_is_imported(root: Path) -> None:
    tree = ast.parse((root / "course.py").read_text(encoding="utf-8"))
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module.split(".")[0])
    assert names
    assert names <= set(sys.stdlib_module_names)


def test_the_range_of_pythons_is_that_of_the_package(root: Path, module: ModuleType) -> None:
    from packaging.specifiers import SpecifierSet

    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    allowed = SpecifierSet(project["requires-python"])
    assert tuple(f"3.{n}" for n in range(30) if f"3.{n}" in allowed) == module.FITTING


@pytest.mark.skipif(not old_pythons(), reason="no old Python on this machine")
def test_an_old_python_says_which_it_is(course: Path) -> None:
    for python in old_pythons():
        alone = call(course, "demo", python=python, PATH=str(course))
        assert alone.returncode == 1
        (line,) = alone.stdout.strip().splitlines()
        assert "does not fit: the course needs Python 3.11, 3.12 or 3.13" in line
        assert python in line
        helped = call(course, "test", "--help", python=python, PATH=str(course))
        assert helped.returncode == 0
        assert "--fast" in helped.stdout


@POSIX
@pytest.mark.slow
@pytest.mark.skipif(not old_pythons(), reason="no old Python on this machine")
def test_an_old_python_passes_on_to_one_that_fits(course: Path, tmp_path: Path) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    broken = folder / "python3.11"
    broken.write_text("#!/bin/sh\nexit 127\n")
    broken.chmod(0o755)
    (folder / "python3.12").symlink_to(sys.executable)
    result = call(course, "demo", "x", python=old_pythons()[0], PATH=str(folder))
    assert result.returncode == 0, result.stdout
    assert f"going on with {folder / 'python3.12'}" in result.stdout
    assert echo(result.stdout)[0] == ["demo", "x"]


def test_what_does_not_fit(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    assert module.complaint() is None
    monkeypatch.setattr(module, "FITTING", ("3.98", "3.99"))
    assert "needs Python 3.98 or 3.99" in module.complaint()
    monkeypatch.undo()
    monkeypatch.setattr(module.sys, "maxsize", 2**31 - 1)
    assert "32-bit" in module.complaint()
    monkeypatch.undo()
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    assert "python3-venv" in module.complaint()


# ------------------------------------------------------------ command line


@pytest.mark.parametrize("verb", ["demo", "test", "bench", "lab", "data"])
def test_every_verb_has_help(root: Path, verb: str) -> None:
    result = subprocess.run(
        [sys.executable, str(root / "course.py"), verb, "--help"], capture_output=True, text=True
    )
    assert result.returncode == 0
    assert result.stdout.startswith(f"usage: course.py {verb}")
    assert "passed on" in result.stdout or verb == "data"


def test_no_verb_shows_the_verbs(root: Path) -> None:
    result = subprocess.run(
        [sys.executable, str(root / "course.py")], capture_output=True, text=True
    )
    assert result.returncode == 2
    assert all(verb in result.stdout for verb in ("demo", "test", "bench", "lab", "data"))


def test_test_all_runs_every_check(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ran = []

    def fake(*arguments: str) -> int:
        ran.append(arguments)
        return 3 if arguments[0] == "mypy" else 0

    monkeypatch.setattr(module, "prepare", lambda extras: None)
    monkeypatch.setattr(module, "run_module", fake)
    assert module.main(["test", "--all", "-x"]) == 3
    assert {arguments[0] for arguments in ran} >= {"ruff", "mypy", "codespell_lib", "pytest"}
    assert ran[-1] == ("pytest", "-x")
    assert "Failed: mypy" in capsys.readouterr().out


def test_the_students_tree_has_no_demo(course: Path) -> None:
    shutil.rmtree(course / "grader")
    result = call(course, "demo")
    assert result.returncode == 1
    assert "This folder has no grader/: it is what students get" in result.stdout
    assert not (course / ".venv").exists()


# ------------------------------------------------------------ parts


def test_the_hash_follows_what_gets_installed(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    project = module.settings()
    before = module.pins_hash(project)
    project["tool"]["ruff"] = {"line-length": 79}
    assert module.pins_hash(project) == before
    project["project"]["dependencies"].append("einops")
    assert module.pins_hash(project) != before
    project["project"]["dependencies"].pop()
    (tmp_path / "constraints.txt").write_text("six==1.0\n")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    assert module.pins_hash(project) != before


def test_variables_that_lead_astray_are_left_out(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PYTHONPATH", "PYTHONHOME", "PIP_TARGET", "PIP_USER"):
        monkeypatch.setenv(name, "elsewhere")
    monkeypatch.setenv("PIP_FIND_LINKS", "kept")
    env = module.venv_environment()
    assert not {"PYTHONPATH", "PYTHONHOME", "PIP_TARGET", "PIP_USER"} & set(env)
    assert env["PIP_FIND_LINKS"] == "kept"
    assert env["PATH"].split(os.pathsep)[0] == str(module.venv_python().parent)


class Answering(http.server.BaseHTTPRequestHandler):
    """Says 200 to ``/good``, nothing for a while to ``/slow``, else 404."""

    def do_HEAD(self) -> None:
        if self.path == "/slow":
            time.sleep(1)
        self.send_response(200 if self.path in ("/good", "/slow") else 404)
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        pass


def test_the_index_is_asked_for_seconds_only(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(module, "PROBE_SECONDS", 0.3)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        assert module.answers(address + "/good")
        assert not module.answers(address + "/missing")
        assert not module.answers(address + "/slow")
        server.shutdown()
    assert not module.answers(address + "/good")
    assert not module.answers("no address")


def test_a_name_server_that_hangs_is_not_waited_for(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished = threading.Event()

    def hanging(request: object, timeout: float) -> object:
        finished.wait(20)
        return SimpleNamespace(status=200, close=lambda: None)

    monkeypatch.setattr(module, "PROBE_SECONDS", 0.1)
    monkeypatch.setattr(module.urllib.request, "urlopen", hanging)
    assert not module.answers("http://127.0.0.1/")
    finished.set()


@pytest.mark.parametrize(
    ("platform", "gpu", "reachable", "expected"),
    [
        ("linux", False, True, True),
        ("linux", False, False, False),
        ("linux", True, True, False),
        ("darwin", False, True, False),
        ("win32", False, True, False),
    ],
)
def test_when_the_cpu_index_is_used(
    module: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    platform: str,
    gpu: bool,
    reachable: bool,
    expected: bool,
) -> None:
    commands: list[list[str]] = []
    monkeypatch.setattr(module, "step", lambda name, command, fd: commands.append(command))
    monkeypatch.setattr(module, "answers", lambda address: reachable)
    monkeypatch.setattr(module.shutil, "which", lambda name: "found" if gpu else None)
    monkeypatch.setattr(module.sys, "platform", platform)
    project = module.settings()
    module.install(project, ["dev"], 0)
    torch, course, look = commands
    assert {"torch==2.13.0", "torchaudio==2.11.0", "constraints.txt"} <= set(torch)
    assert ("--extra-index-url" in torch) is expected
    assert "--extra-index-url" not in course
    assert course[-2:] == ["-e", ".[dev]"]
    assert "torch" in look[-1]


def test_too_little_room_is_refused_early(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "VENV", tmp_path / ".venv")
    module.check_room()
    monkeypatch.setattr(module, "DISK_BYTES", 1e18)
    with pytest.raises(module.CourseError, match="GB are free in"):
        module.check_room()
