"""Remake constraints.txt and environment.yml after a change in pyproject.toml.

    python -m pip install uv
    python .ci/lock.py              newest versions that pyproject.toml allows
    python .ci/lock.py --keep       as few changes as possible

Then checks that every supported Python and system gets ready-made wheels.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONSTRAINTS = ROOT / "constraints.txt"
ENVIRONMENT = ROOT / "environment.yml"

CONDA_PYTHON = "3.12"
PYTHONS = ("3.11", "3.12", "3.13")
PLATFORMS = (
    "x86_64-manylinux_2_28",
    "aarch64-manylinux_2_28",
    "aarch64-apple-darwin",
    "x86_64-pc-windows-msvc",
)
QUIET = ["--quiet", "--all-extras", "--no-header", "--no-annotate", "--no-emit-index-url"]


def compile_pins(output: Path, *options: str) -> None:
    """Let uv choose a version for everything; versions in ``output`` are kept if they fit."""
    command = [sys.executable, "-m", "uv", "pip", "compile", *QUIET, *options]
    env = {**os.environ, "MACOSX_DEPLOYMENT_TARGET": "14.0"}  # as PyTorch's wheels need
    subprocess.run(
        [*command, "pyproject.toml", "--output-file", str(output)], cwd=ROOT, check=True, env=env
    )


def lock(*, keep: bool) -> None:
    """Write constraints.txt: one version of each package for all Pythons and systems."""
    if not keep:
        CONSTRAINTS.unlink(missing_ok=True)
        # First for the oldest Python alone: what it chooses is then preferred for all.
        compile_pins(CONSTRAINTS, "--python-version", PYTHONS[0], "--python-platform", PLATFORMS[0])
    compile_pins(
        CONSTRAINTS, "--universal", "--python-version", PYTHONS[0], "--fork-strategy", "fewest"
    )


def check_platforms() -> None:
    """Make sure that nobody has to compile anything."""
    with tempfile.TemporaryDirectory() as folder:
        for python in PYTHONS:
            for platform in PLATFORMS:
                print(f"wheels for Python {python}, {platform}")
                options = ["--python-version", python, "--python-platform", platform]
                options += ["--only-binary", ":all:", "--constraint", str(CONSTRAINTS)]
                compile_pins(Path(folder) / f"{python}-{platform}.txt", *options)


def environment_text(pyproject: dict, constraints: str) -> str:
    """Return environment.yml: conda's Python, and what notebooks need, by pip.

    It names nothing of the repository (no ``-e .``, no ``-r``), so that Binder can
    reuse the layer when only the content changes.
    """
    pins = dict(re.findall(r"^([\w.-]+)==([^\s;]+)", constraints, re.MULTILINE))
    names = [re.split(r"[^\w.-]", pin)[0] for pin in pyproject["project"]["dependencies"]]
    index = pyproject["tool"]["music-ai-course"]["torch-cpu-index"]
    lines = [
        "# Made by .ci/lock.py from pyproject.toml and constraints.txt.",
        f"name: {pyproject['project']['name']}",
        "channels:",
        "  - conda-forge",
        "dependencies:",
        f"  - python={CONDA_PYTHON}",
        "  - pip",
        "  - pip:",
        f"      - --extra-index-url {index}",
        *(f"      - {name}=={pins[name]}" for name in names),
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Remake both files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keep", action="store_true", help="as few changes as possible")
    lock(keep=parser.parse_args().keep)
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    text = environment_text(pyproject, CONSTRAINTS.read_text(encoding="utf-8"))
    ENVIRONMENT.write_text(text, encoding="utf-8")
    check_platforms()


if __name__ == "__main__":
    main()
