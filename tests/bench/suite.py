"""The tests that `course.py test --fast` runs: seconds by folder."""

import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from xml.etree import ElementTree

from tests.bench.tables import ROOT, print_table

SMALL = ["tests/bench/test_bench.py", "-k", "unknown or list"]
FAST = ["-n", "3", "--dist", "loadfile", "-m", "not slow and not full"]


def run(*, small: bool) -> None:
    """Run the quick tests, or two of them, and print where the time goes."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        began = time.monotonic()
        options = SMALL if small else FAST
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", f"--junitxml={report}", *options],
            cwd=ROOT,
            stdout=sys.stderr,
        )
        seconds = time.monotonic() - began
        if done.returncode not in (0, 1):  # a failing test can be measured, too
            raise SystemExit(f"pytest ended with status {done.returncode}")
        cases = list(ElementTree.parse(report).iter("testcase"))
    spent: dict[str, list[float]] = defaultdict(list)
    for case in cases:
        spent[".".join(case.get("classname", "").split(".")[:2])].append(float(case.get("time", 0)))
    rows = [(name, str(len(times)), f"{sum(times):.1f}") for name, times in sorted(spent.items())]
    print_table(
        f"Tests: {seconds:.0f} s of the clock, status {done.returncode}",
        ("folder", "tests", "s"),
        rows,
    )
