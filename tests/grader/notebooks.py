"""Notebooks, some of which end badly, and tests of their questions."""

import nbformat

__all__ = ["ENDINGS", "notebook", "otter_file"]

HEAD = """
from otter.test_files import test_case

OK_FORMAT = False

name = {name!r}
points = None
"""
CASE = """
@test_case(points={points}, hidden={hidden})
def {function}({arguments}):
{body}
"""

ENDINGS = {
    "os._exit": "import os\nos._exit(0)",
    "sys.exit": "import sys\nsys.exit()",
    "endless loop": "while True: pass",
    "endless loop that catches all": (
        "while True:\n  try:\n    while True: pass\n  except BaseException: pass"
    ),
    "endless sleep": "import time\ntime.sleep(10**6)",
    "kills itself": "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)",
    "null pointer": "import ctypes\nctypes.string_at(0)",
    "recursion": "def f(): return f()\nf()",
    "memory": "x = bytearray(10**9)\nfor i in range(0, 10**9, 4096): x[i] = 1",
    "much memory": "x = bytearray(10**11)",
    "closes everything": "import os\nos.closerange(0, 100)",
    "floods": "import os\nfor _ in range(10**6): os.write(4, b'x' * 10**5)",
    "forges a message": "import os\nos.write(4, (3).to_bytes(8, 'little') + b'{}}')",
    "fills the disk": "for i in range(10**6): open(f'{i}', 'wb').write(b'x' * 10**6)",
    "many files": "for i in range(10**6): open(f'{i}', 'wb').close()",
    "fork bomb": "import os\nwhile True: os.fork()",
    "threads": (
        "import threading, time\n"
        "while True: threading.Thread(target=time.sleep, args=(99,)).start()"
    ),
}
"""Cells after which the process is gone, or nearly so."""


def notebook(*sources: str) -> bytes:
    """Return a notebook with cells of code."""
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    return nbformat.writes(nbformat.v4.new_notebook(cells=cells)).encode()


def otter_file(name: str, *cases: tuple[str, str, float, bool]) -> str:
    """Return an otter test file; a case is (arguments, body, points, hidden)."""
    text = HEAD.format(name=name)
    for i, (arguments, body, points, hidden) in enumerate(cases):
        text += CASE.format(
            points=points, hidden=hidden, function=f"test_{i}", arguments=arguments, body=body
        )
    return text
