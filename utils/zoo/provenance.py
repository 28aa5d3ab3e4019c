"""What a cached result depends on: code, notes, versions.

A changed comment or docstring does not change a result, so neither counts in the digest of the
code; every other line does.
"""

import ast
import hashlib
import importlib.util
import json
import platform
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

__all__ = ["code_lines", "code_sha256", "settings_sha256", "versions"]


def code_lines(source: str) -> list[str]:
    """Return the lines of a Python source without docstrings, comment lines and blank lines.

    Parameters
    ----------
    source : str
        Text of a module.

    Returns
    -------
    list of str
    """
    left_out: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Expr(value=ast.Constant(value=str()), lineno=first, end_lineno=int(last)):
                left_out.update(range(first, last + 1))
    return [
        line.rstrip()
        for number, line in enumerate(source.splitlines(), 1)
        if number not in left_out and line.strip() and not line.lstrip().startswith("#")
    ]


def code_sha256(modules: Sequence[str]) -> str:
    """Return one SHA-256 of the code of several modules, given by their dotted names."""
    digest = hashlib.sha256()
    for name in sorted(set(modules)):
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            raise ModuleNotFoundError(name)
        lines = code_lines(Path(spec.origin).read_text(encoding="utf-8"))
        digest.update("\n".join([name, *lines, ""]).encode())
    return digest.hexdigest()


def settings_sha256(settings: Mapping[str, Any]) -> str:
    """Return the SHA-256 of settings that JSON can hold."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()


def versions() -> dict[str, str]:
    """Return the versions that a result was made with."""
    return {
        "python": sys.version.split()[0],
        "torch": torch.__version__,
        "numpy": np.__version__,
        "machine": platform.machine(),
    }
