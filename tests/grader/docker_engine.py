"""A Docker engine of the tests' own, and a base image made without any registry.

The engine is Debian's ``docker.io``, started with folders of its own; the image is made
by ``debootstrap``, with a wheelhouse inside, so that the zip's ``setup.sh`` needs no
package index.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

__all__ = ["Engine", "missing"]

TOOLS = ("dockerd", "docker", "debootstrap")
PACKAGES = "python3,python3-venv,ca-certificates,curl,unzip,dos2unix,wget"
SUITE = "bookworm"
IMAGE_PYTHON = "3.11"

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
exec env -u DOCKER_CONFIG DOCKER_BUILDKIT=0 docker build --network host "$@"
"""


def missing() -> str | None:
    """Return why no engine can be started here; None if one can."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        return "a Docker engine needs Linux and root"
    lacking = [name for name in TOOLS if shutil.which(name) is None]
    return f"not installed: {', '.join(lacking)}" if lacking else None


class Engine:
    """A running engine; a context manager."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="dk-"))  # short: sockets lie in it
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        for driver in ("overlay2", "vfs"):
            if self._start(driver):
                return self
        log = (self.folder / "log").read_text(errors="replace")[-3000:]
        self._remove()
        raise RuntimeError(f"dockerd does not start:\n{log}")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()
        self._remove()

    @property
    def environment(self) -> dict[str, str]:
        """For programs that use this engine."""
        config = self.folder / "config"
        plugin = config / "cli-plugins" / "docker-buildx"
        if not plugin.exists():
            plugin.parent.mkdir(parents=True)
            plugin.write_text(BUILDX)
            plugin.chmod(0o755)
        return {
            **os.environ,
            "DOCKER_HOST": f"unix://{self.folder}/sock",
            "DOCKER_CONFIG": str(config),
        }

    def docker(self, *arguments: str) -> str:
        """Run ``docker …``; return its output."""
        return subprocess.run(
            ["docker", *arguments],
            env=self.environment,
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    def import_base(self, requirements: Path, constraints: Path, name: str) -> None:
        """Make a base image: Debian, Python, and wheels of all requirements."""
        root = self.folder / "root"
        command = ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", SUITE]
        subprocess.run([*command, str(root), _mirror()], check=True, capture_output=True)
        _download(requirements, constraints, root / "wheelhouse")
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

    def _start(self, driver: str) -> bool:
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *("dockerd", "--storage-driver", driver),
                    *("--data-root", str(self.folder / "data")),
                    *("--exec-root", str(self.folder / "exec")),
                    *("--pidfile", str(self.folder / "pid")),
                    *("--host", f"unix://{self.folder}/sock"),
                    *("--bridge", "none", "--iptables=false"),
                ],
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        until = time.monotonic() + 60
        while time.monotonic() < until and self._process.poll() is None:
            with contextlib.suppress(subprocess.CalledProcessError):
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

    def _remove(self) -> None:
        for line in Path("/proc/self/mounts").read_text().splitlines():
            place = line.split()[1]
            if place.startswith(str(self.folder)):
                subprocess.run(["umount", "-l", place], check=False, capture_output=True)
        shutil.rmtree(self.folder, ignore_errors=True)


def _mirror() -> str:
    """Return where this machine gets Debian's packages from."""
    found = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages"],
        check=True,
        capture_output=True,
        text=True,
    )
    return next(line for line in found.stdout.splitlines() if "security" not in line)


def _download(requirements: Path, constraints: Path, folder: Path) -> None:
    """Fetch wheels of all requirements, as this machine's pip is set up."""
    options = ["--only-binary", ":all:", "--python-version", IMAGE_PYTHON]
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "download", "--quiet"),
            *(*options, "-c", str(constraints), "-r", str(requirements), "-d", str(folder)),
        ],
        check=True,
        capture_output=True,
    )
