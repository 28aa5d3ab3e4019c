"""Find a scheduler of Dask, or start one with workers on this machine."""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

import dask
from distributed import Client, LocalCluster, Security

from grader.sandbox.protocol import SandboxError
from grader.scratch import Scratch
from utils.errors import ParameterError

__all__ = ["SETTINGS", "connect", "local_cluster", "make_certificate"]

CONNECT_SECONDS = 60

SETTINGS: MappingProxyType[str, Any] = MappingProxyType(
    {
        # a submission that kills its workers kills two of them at each attempt
        "distributed.scheduler.allowed-failures": 1,
        # no pages for people: whoever reaches the machine could read them
        "distributed.scheduler.http.routes": [],
        "distributed.worker.http.routes": [],
    }
)
"""Dask's settings for a scheduler that we start."""

_DEAF = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)"
"""What workers here run first: Ctrl-C is for the coordinator, who ends them in good order."""


def connect(where: str, stack: ExitStack) -> Any:
    """Return a client of a scheduler that has workers.

    Parameters
    ----------
    where : str
        ``tcp://HOST:PORT``, ``tls://HOST:PORT`` with certificates named by Dask's own
        configuration, or ``local:N``.
    stack : ExitStack
        Closes what was opened.

    Raises
    ------
    ParameterError
        The address is none.
    SandboxError
        Nobody answers there, or has workers.
    """
    options: dict[str, Any] = {"timeout": CONNECT_SECONDS, "set_as_default": False}
    # Dask warns of tasks of 10 MB: a model may have 32
    stack.enter_context(dask.config.set({"distributed.admin.large-graph-warning-threshold": "1GB"}))
    if where.startswith("local:"):
        address = stack.enter_context(local_cluster(_number(where)))
    elif where.startswith(("tcp://", "tls://")):
        address = where
        _demand_certificates(where)
    else:
        raise ParameterError(
            f"--dask: expected tcp://HOST:PORT, tls://HOST:PORT or local:N, got {where!r}"
        )
    try:
        client = stack.enter_context(Client(address, **options))
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        raise SandboxError(f"no scheduler of Dask answers at {where}: {error}") from None
    try:
        client.wait_for_workers(1, timeout=CONNECT_SECONDS)
    except TimeoutError:
        raise SandboxError(f"the scheduler {where} has no workers yet: start some") from None
    return client


@contextmanager
def local_cluster(number: int) -> Iterator[Any]:
    """Start workers on this machine, to which nobody else can talk."""
    with Scratch("cluster") as folder, ExitStack() as stack:
        deaf = {"distributed.worker.preload": [_DEAF]}
        stack.enter_context(dask.config.set(SETTINGS | deaf | make_certificate(folder)))
        yield stack.enter_context(
            LocalCluster(
                n_workers=number,
                threads_per_worker=1,
                processes=True,  # one that is killed takes no other with it
                dashboard_address=None,
                scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
                security=Security(require_encryption=True),
                memory_limit=0,  # the sandboxes have limits of their own
                silence_logs=50,  # what fails is told in words
            )
        )


def _demand_certificates(where: str) -> None:
    """Refuse, in words, an encrypted address if Dask's settings name no certificate."""
    names = ("ca-file", "client.key", "client.cert")
    missing = [name for name in names if not dask.config.get(f"distributed.comm.tls.{name}", None)]
    if where.startswith("tls://") and missing:
        variables = (f"DASK_DISTRIBUTED__COMM__TLS__{_variable(name)}" for name in missing)
        raise ParameterError(
            f"--dask {where} needs files with a key and certificates: name them in "
            f"{', '.join(variables)}"
        )


def _variable(name: str) -> str:
    return name.replace(".", "__").replace("-", "_").upper()


def make_certificate(folder: Path) -> dict[str, str]:
    """Return settings of Dask's with which only who can read a folder may join a cluster.

    Parameters
    ----------
    folder : Path
        Nobody else may read it; gets a key, and a certificate that trusts itself.

    Raises
    ------
    ParameterError
        The program ``openssl`` is missing, or fails.
    """
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=grader -keyout"
    try:
        subprocess.run(
            [*command.split(), str(key), "-out", str(certificate)], check=True, capture_output=True
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise ParameterError(
            f"a cluster needs the program openssl ({error}); --jobs N does without"
        ) from None
    files = {"ca-file": str(certificate)}
    for role in ("scheduler", "worker", "client"):
        files |= {f"{role}.key": str(key), f"{role}.cert": str(certificate)}
    return {f"distributed.comm.tls.{name}": path for name, path in files.items()}


def _number(where: str) -> int:
    text = where.removeprefix("local:")
    if not text.isdigit() or int(text) < 1:
        raise ParameterError(f"--dask: expected local:N with N workers, got {where!r}")
    return int(text)
