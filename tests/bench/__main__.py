"""Measure the course: ``python3 course.py bench NAME``.

A subject is a module beside this one with a function ``run(*, small)`` that prints a table;
the first line of its docstring says what it measures.
"""

import argparse
import ast
import importlib
import os
import platform
import sys
from collections.abc import Sequence
from pathlib import Path

__all__ = ["main", "subjects"]

FOLDER = Path(__file__).parent


def subjects() -> dict[str, str]:
    """Return what can be measured: the name of each subject, and what it is."""
    found = {}
    for path in sorted(FOLDER.glob("[!_]*.py")):
        module = ast.parse(path.read_text(encoding="utf-8"))
        if any(isinstance(node, ast.FunctionDef) and node.name == "run" for node in module.body):
            found[path.stem] = (ast.get_docstring(module) or "").partition("\n")[0]
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Run some subjects, one after the other; return the exit code."""
    known = subjects()
    lines = "\n".join(f"  {name:<12}{what}" for name, what in known.items())
    parser = argparse.ArgumentParser(
        prog="course.py bench",
        description=f"Measure how long the course takes, and how much memory.\n\n{lines}",
        epilog="Close other programs first: most numbers are times of the clock.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="what to measure (default: all)")
    parser.add_argument("--list", action="store_true", help="only say what can be measured")
    parser.add_argument(
        "--small", action="store_true", help="a tiny size: whether it works, not how fast it is"
    )
    options = parser.parse_args(argv)
    unknown = [name for name in options.names if name not in known]
    if unknown:
        parser.error(f"expected {', '.join(known)}; got {', '.join(unknown)}")
    if options.list:
        print(lines)
        return 0
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    print(f"{os.cpu_count()} processors{load}, Python {platform.python_version()}", flush=True)
    for name in options.names or known:
        print(f"\n{name}: {known[name]}", flush=True)
        importlib.import_module(f"tests.bench.{name}").run(small=options.small)
    return 0


if __name__ == "__main__":
    sys.exit(main())
