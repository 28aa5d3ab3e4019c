"""A sandbox on a machine that lacks a layer."""

import sys
from collections.abc import Callable

from grader.sandbox import launch

__all__ = ["without"]

CODE = """
import sys
sys.path.insert(0, {packages!r})
from grader.sandbox import layers

def gone(header):
    raise layers.Unavailable("not in this kernel")

layers.LAYERS = tuple((n, gone if n in {names!r} else f) for n, f in layers.LAYERS)
from grader.{module} import main
main({numbers})
"""


def without(*names: str) -> Callable[..., list[str]]:
    """Return a replacement of ``launch._command`` whose children can't use some layers."""

    def command(module: str, *numbers: str) -> list[str]:
        code = CODE.format(
            packages=str(launch.PACKAGES), names=names, module=module, numbers=", ".join(numbers)
        )
        return [sys.executable, "-I", "-c", code]

    return command
