"""A Docker engine of the tests' own, and a base image made without any registry.

The engine is Debian's ``docker.io``, started beside any other engine with folders of its
own; the image is made by ``debootstrap``, with a wheelhouse inside, so that the zip's
``setup.sh`` needs no package index. Images are built without a network to prove it.
"""

import contextlib
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

__all__ = ["DRIVERS", "Engine", "Requirements", "missing"]

DRIVERS = ("overlay2", "vfs")
"""How an engine may store images, best first: ``vfs`` works anywhere, and copies all."""

TOOLS = ("dockerd", "docker", "debootstrap", "setpriv")
PACKAGES = "python3,python3-venv,ca-certificates,curl,unzip,dos2unix,wget"
CONTAINERD = Path("/run/containerd/containerd.sock")
"""Of a service, which engines share where it runs."""

SCRIPTS = Path("/usr/share/debootstrap/scripts")
RIGHTS = {"mount": 21, "set up networks": 12}
"""Bits of the capabilities that ``dockerd`` can't do without."""

# python_on_whales asks for buildx, which Debian does not have: the classic builder does it.
BUILDX = """#!/bin/sh
case "$1" in
docker-cli-plugin-metadata)
  echo '{"SchemaVersion":"0.1.0","Vendor":"tests","Version":"1","ShortDescription":"build"}'
  exit 0 ;;
esac
shift
case "$1" in
inspect)
  printf 'Name: default\\nDriver: docker\\n\\nNodes:\\nName: default\\nStatus: running\\n'
  exit 0 ;;
ls) echo '{"Name":"default","Driver":"docker"}'; exit 0 ;;
build) shift ;;
esac
for word in "$@"; do
  shift
  case "$word" in --load | --progress=*) ;; *) set -- "$@" "$word" ;; esac
done
exec env -u DOCKER_CONFIG DOCKER_BUILDKIT=0 docker build --network none "$@"
"""

# What a container has left is kept before `otter grade` removes the container.
KEEPING_DOCKER = """#!/bin/sh
if [ "$1 $2" = "container rm" ]; then
  for container; do :; done
  mkdir "{kept}/$container"
  {docker} diff "$container" >"{kept}/$container/changes"
  {docker} logs "$container" >"{kept}/$container/log" 2>&1
  {docker} cp --archive "$container:/autograder/results" "{kept}/$container"
fi
exec {docker} "$@"
"""


def missing() -> str | None:
    """Return why no engine can be started here; None if one can."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        return "a Docker engine needs Linux and root"
    if lacking := [name for name in TOOLS if shutil.which(name) is None]:
        return f"not installed: {', '.join(lacking)}"
    if not (SCRIPTS / _suite()).exists():
        return f"debootstrap does not know {_suite() or 'this system'}"
    status = Path("/proc/self/status").read_text()
    rights = int(status.split("CapEff:")[1].split()[0], 16)
    if lacking := [name for name, bit in RIGHTS.items() if not rights >> bit & 1]:
        return f"a Docker engine needs a root who may {', '.join(lacking)}"
    return None


@dataclass(frozen=True)
class Requirements:
    """What a sealed zip's ``setup.sh`` installs.

    Attributes
    ----------
    names, pins : Path
        Files for pip: requirements and constraints.
    torch_index : str
        Where PyTorch without CUDA is.
    """

    names: Path
    pins: Path
    torch_index: str

    def download(self, folder: Path, *, python: str) -> None:
        """Fetch all wheels for a version of Python, as this machine's pip is set up."""
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "-c", str(self.pins)]
        pip += ["--only-binary", ":all:", "--python-version", python, "-d", str(folder)]
        # the ordinary build of torch would bring gigabytes; where its index does not
        # answer, pip is set up to find torch elsewhere
        index = ["--index-url", self.torch_index, "--retries", "0", "--timeout", "15"]
        subprocess.run([*pip, *index, "--no-deps", "torch"], check=False, capture_output=True)
        _run([*pip, "--find-links", str(folder), "-r", str(self.names)])


class Engine:
    """A running engine; a context manager.

    Parameters
    ----------
    drivers : sequence of str
        Storage drivers to try; ``driver`` is the one that works.
    """

    def __init__(self, drivers: Sequence[str] = DRIVERS) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="dk-"))  # short: sockets lie in it
        self.kept = self.folder / "kept"
        self.driver = ""
        self._drivers = drivers
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self._add_programs()
            for driver in self._drivers:
                if self._start(driver):
                    self.driver = driver
                    return self
            log = (self.folder / "log").read_text(errors="replace")[-3000:]
            raise RuntimeError(f"dockerd does not start:\n{log}")
        except BaseException:  # also when a test is stopped while it waits
            self.close()
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def environment(self) -> dict[str, str]:
        """For programs that use this engine."""
        return {
            **os.environ,
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "DOCKER_HOST": f"unix://{self.folder}/sock",
            "DOCKER_CONFIG": str(self.folder / "config"),
        }

    def docker(self, *arguments: str) -> str:
        """Run ``docker …``; return its output."""
        return _run(["docker", *arguments], environment=self.environment)

    def import_base(self, wanted: Requirements, name: str) -> None:
        """Make a base image: this machine's Debian, its Python, and wheels of what is wanted."""
        root = self.folder / "root"
        command = ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", _suite()]
        _run([*command, str(root), *_mirror()])
        python = (root / "usr/bin/python3").readlink().name.removeprefix("python")
        wanted.download(root / "wheelhouse", python=python)
        with subprocess.Popen(
            ["tar", "-C", str(root), "-c", "."], stdout=subprocess.PIPE
        ) as archive:
            subprocess.run(
                ["docker", "import", "-", name],
                stdin=archive.stdout,
                env=self.environment,
                check=True,
                capture_output=True,
            )
        shutil.rmtree(root)

    def close(self) -> None:
        """End the engine with all its containers, and remove its folder."""
        if self._process is not None and self._process.poll() is None:
            # at once: a stopping engine waits ten seconds for each
            with contextlib.suppress(RuntimeError):
                if running := self.docker("ps", "--quiet").split():
                    self.docker("kill", *running)
        self._stop()
        if CONTAINERD.exists():
            remove = ["ctr", "namespaces", "remove", self.folder.name]
            subprocess.run(remove, check=False, capture_output=True)
        for line in Path("/proc/self/mounts").read_text().splitlines():
            place = line.split()[1]
            if place.startswith(str(self.folder)):
                subprocess.run(["umount", "-l", place], check=False, capture_output=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _add_programs(self) -> None:
        """Put the stand-ins for ``docker`` and its builder into the folder."""
        self.kept.mkdir()
        docker = KEEPING_DOCKER.format(kept=self.kept, docker=shutil.which("docker"))
        for place, text in (
            ("bin/docker", docker),
            ("config/cli-plugins/docker-buildx", BUILDX),
        ):
            path = self.folder / place
            path.parent.mkdir(parents=True)
            path.write_text(text)
            path.chmod(0o755)

    def _start(self, driver: str) -> bool:
        """Start the engine; return whether it answers."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *("setpriv", "--pdeathsig", "TERM", "dockerd"),  # never outlives the tests
                    *("--storage-driver", driver),
                    *("--data-root", str(self.folder / "data")),
                    *("--exec-root", str(self.folder / "exec")),
                    *("--pidfile", str(self.folder / "pid")),
                    *("--host", f"unix://{self.folder}/sock"),
                    # apart from other engines' containers also where containerd is shared
                    *("--containerd-namespace", self.folder.name),
                    *("--containerd-plugins-namespace", f"{self.folder.name}-plugins"),
                    *("--bridge", "none", "--iptables=false"),
                ],
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        until = time.monotonic() + 60
        while time.monotonic() < until and self._process.poll() is None:
            with contextlib.suppress(RuntimeError):
                self.docker("info")
                return True
            time.sleep(0.3)
        self._stop()
        return False

    def _stop(self) -> None:
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(10)


def _run(command: list[str], *, environment: dict[str, str] | None = None) -> str:
    """Return a program's output; an error tells what it said."""
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        words = done.stdout[-2000:] + done.stderr[-2000:]
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{words}")
    return done.stdout


def _suite() -> str:
    """Return the name of this machine's Debian."""
    return platform.freedesktop_os_release().get("VERSION_CODENAME", "")


def _mirror() -> list[str]:
    """Return where this machine gets Debian's packages from; empty if nobody knows."""
    wanted = ("Created-By: Packages", f"Release: {_suite()}", "Component: main")
    return _run(["apt-get", "indextargets", "--format", "$(SITE)", *wanted]).split()[:1]
