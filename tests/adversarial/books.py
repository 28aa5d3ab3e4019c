"""Notebooks that attack who grades them.

Each stands between the cells of a solved homework (then its points must not suffer) or of
one that is not solved (then it must not earn any).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.adversarial.course import GOOD_CELLS, POINTS
from tests.adversarial.snippets import (
    BOMB,
    DEEP,
    FORGE,
    GONE,
    IMPORTED,
    LABELS,
    NEIGHBOURS,
    NETWORK,
    NOTHING_WORKED,
    OTHERS,
    PICKLES,
    PROCESSES,
    RESULTS,
    SHADOWS,
    TRACE,
    message,
    one_cell,
)
from tests.grader.test_notebook_questions import ENDINGS, notebook

__all__ = ["BOOKS", "TRACE", "Book"]

ALL, NONE = dict(POINTS), dict.fromkeys(POINTS, 0.0)
ANSWER = {"q1": 0.0, "q2": 2.0}


@dataclass(frozen=True)
class Book:
    """A hostile notebook, and what becomes of it.

    Attributes
    ----------
    content : bytes
        Of ``hw3.ipynb``.
    points : dict of str to float
        By question.
    note : str
        A regular expression for what the grader says of it, "" if it need not say anything.
    files : dict of str to bytes
        What else is in the zip.
    """

    content: bytes
    points: Mapping[str, float]
    note: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict)


def between(
    cell: str, note: str = "", *, points: Mapping[str, float] = ALL, **files: bytes
) -> Book:
    """Return a solved homework with a cell in between."""
    return Book(notebook(GOOD_CELLS[0], cell, GOOD_CELLS[1]), points, note)


def cheating(*cells: str, points: Mapping[str, float] = NONE, note: str = "") -> Book:
    """Return a homework that is not solved, with some cells."""
    return Book(notebook(*cells), points, note)


def with_files(cell: str, files: Mapping[str, bytes]) -> Book:
    """Return a solved homework with a cell in between, and more files in the zip."""
    return Book(notebook(GOOD_CELLS[0], cell, GOOD_CELLS[1]), ALL, "", files)


def raw(content: bytes | str, note: str = "", points: Mapping[str, float] = NONE) -> Book:
    """Return whatever is handed in as a notebook."""
    return Book(content.encode() if isinstance(content, str) else content, points, note)


def forged(body: str, note: str = GONE, points: Mapping[str, float] = ALL) -> Book:
    """Return a notebook that writes into the pipe to the grader."""
    return between(FORGE + body, note, points=points)


def instead(body: str) -> Book:
    """Return a notebook that answers with a message that the grader has to read."""
    cell = (
        "import builtins\n"
        "def hostile(body):\n"
        "    import grader.notebook.child as child\n"
        "    true = child.dump\n"
        "    def dump(message):\n"
        "        if message.get('kind') != 'value':\n"
        "            return true(message)\n"
        "        content = body\n"
        "        return len(content).to_bytes(8, 'little') + content\n"
        "    child.dump = dump\n"
        f"hostile({body})\nanswer = 3"
    )
    return Book(notebook(GOOD_CELLS[0], cell), NONE)


BOOKS: dict[str, Book] = {
    **{f"ends: {name}": between(cell, "^cell 2: ") for name, cell in ENDINGS.items()},
    # processes
    "processes": between(PROCESSES, NOTHING_WORKED),
    "fork bomb in a shell": between(
        "import os\nif os.system(':(){ :|:& };:') != 0: 1/0", "ZeroDiv"
    ),
    "sessions in sessions": between(
        "import os\nwhile True:\n  if os.fork() == 0:\n    os.setsid()\n    os.fork()",
        "PermissionE",
    ),
    "shell by a magic": between("!touch /tmp/" + TRACE + "\n%system id\n1/0", "cell 2: "),
    "script by a magic": between("%%bash\ntouch /tmp/" + TRACE, "cell 2: "),
    "no alarm": between(
        "import signal\nsignal.signal(signal.SIGALRM, signal.SIG_IGN)\n"
        "signal.setitimer(signal.ITIMER_REAL, 0)\nwhile True: pass",
        "took too long",
    ),
    "all signals blocked": between(
        "import signal, time\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 64))\n"
        "time.sleep(10**6)",
        "took too long",
    ),
    "closes its end, and goes on": between(
        "import os\nos.close(4)\nwhile True: pass", "closed the"
    ),
    "a thread that never ends": between(
        "import threading\ndef f():\n  while True: pass\nthreading.Thread(target=f).start()\n"
    ),
    "exit functions": between(
        "import atexit, time\natexit.register(time.sleep, 10**6)\n"
        "class A:\n  def __del__(self): time.sleep(10**6)\nkept = A()"
    ),
    "a limit raised": between(
        "import resource\nresource.setrlimit(resource.RLIMIT_NPROC, (-1, -1))", "cell 2: "
    ),
    # memory and disk
    "shared memory": between(
        "import ctypes, mmap, time\nx = mmap.mmap(-1, 800_000_000)\n"
        "ctypes.memset((ctypes.c_char * len(x)).from_buffer(x), 1, len(x))\ntime.sleep(1)",
        "memory",
    ),
    "one file of 10 GB": between("f = open('f', 'wb')\nf.truncate(10**10)", "File too large"),
    "files without names": between(
        "import os, time\nkept = []\nfor i in range(200):\n"
        "  f = open(f'{i}', 'wb')\n  os.unlink(f'{i}')\n  f.write(bytes(10**6))\n  f.flush()\n"
        "  kept.append(f)\n  time.sleep(0.01)",
        "writes more than 20 MB",
    ),
    "many folders": between(
        "import os\nfor i in range(10**6): os.mkdir(f'{i}')", "writes more|too long"
    ),
    "folders 1 500 deep": between(
        DEEP.format(depth=1500, body="") + "import time\ntime.sleep(1)", "deep|long"
    ),
    "files 3 000 folders deep": between(
        DEEP.format(
            depth=3000,
            body="for i in range(100): open(f'{i}', 'wb').write(bytes(10**6))",
        )
        + "import time\ntime.sleep(1)",
        "deep|long",
    ),
    "a folder that nobody may read": between(
        "import os\nos.mkdir('x')\nopen('x/x', 'w')\nos.chmod('x', 0)\nos.chmod('.', 0)"
    ),
    # looking for labels and tests
    "neighbors": between(NEIGHBOURS, NOTHING_WORKED),
    "network": between(NETWORK, NOTHING_WORKED),
    "labels": between(LABELS, NOTHING_WORKED),
    "other submissions": between(OTHERS, NOTHING_WORKED),
    # cheating
    "another otter": cheating(
        "import sys, types\nm = types.ModuleType('otter')\nm.Notebook = type('N', (), {})\n"
        "sys.modules['otter'] = m\nimport builtins\n"
        "builtins.AssertionError = type('E', (Exception,), {})\n"
        "def add(a, b): return 0\nanswer = 0"
    ),
    "otter's results": cheating(
        "try:\n  from otter.test_files import GradingResults\n"
        "  GradingResults.__init__ = lambda self, *a: self.update_score(1000)\n"
        "except ImportError: pass\n"
        "try:\n  import grader.notebook.questions as q\n  q._mark = lambda *a: 1000\n"
        "except ImportError: pass\nadd = lambda a, b: 0"
    ),
    "equal to everything": cheating(
        "class Yes(int):\n  __eq__ = lambda *a: True\n  __hash__ = lambda self: 0\n"
        "  __class__ = list\nanswer = Yes()\ndef add(a, b): return Yes()"
    ),
    "equal to everything, as an array": cheating(
        "import numpy as np\nclass Yes(np.ndarray):\n  __eq__ = lambda *a: True\n"
        "answer = np.ones(2).view(Yes)\ndef add(a, b): return np.ones((), bool).view(Yes)"
    ),
    "raises a pass": cheating(
        "def add(a, b):\n  raise SystemExit(0)\nclass Pass(BaseException): pass\n"
        "answer = property(lambda self: 1/0)"
    ),
    "finds the expected value": cheating(
        "import inspect, sys\ndef add(a, b):\n  for f in inspect.stack():\n"
        "    for v in f.frame.f_locals.values():\n"
        "      if isinstance(v, str) and 'zte' + 'st' in v: return 42\n  return 3\n",
        points={"q1": 1.0, "q2": 0.0},
    ),
    "results in the pipe": cheating(
        FORGE + "send({'questions': [{'name': 'q1', 'points': 4}], 'points': 1000})",
    ),
    # results, pickles, modules
    "race for the results": between(RESULTS),
    "pickles in the zip": with_files("import os\nos.listdir('.')", PICKLES),
    "modules in the zip": with_files("import numpy, otter, torch, utils, json", SHADOWS),
    "modules of its own": between(
        "for name in ('numpy', 'otter', 'json', 'grader', 'utils'):\n"
        f"  open(name + '.py', 'w').write({IMPORTED.decode()!r})\nimport os\nos._exit(0)",
        "cell 2: ",
    ),
    # forged messages
    "an answer that is a list": forged("send([1])"),
    "an answer that is no JSON": forged("send(b'\\xff' * 99)"),
    "an answer without end": forged(
        "send(b'{}', length=10**7)\nimport time\ntime.sleep(99)", "cell 2: "
    ),
    "an answer of 2**64 bytes": forged("send(b'', length=2**64 - 1)"),
    "brackets": forged("send(b'[' * 10**6)"),
    "NaN": forged("send(b'{\"kind\": NaN}')"),
    "a number of a million digits": forged("send(b'{\"kind\": ' + b'9' * 10**6 + b'}')"),
    "answers ahead of the questions": cheating(
        "answer = 3",
        FORGE + "for _ in range(9): send({'kind': 'value', 'value': 42})\n"
        "for _ in range(9): send({'kind': 'callable'})",
    ),
    "half characters": between(r"raise RuntimeError('\ud800 \udfff \x00 \x1b[2J')", "cell 2: Runt"),
    "half characters in a function": Book(
        notebook("def add(a, b): raise ValueError('\\ud800\\x1b[2J')", GOOD_CELLS[1]), ANSWER
    ),
    "HTML in an error": between("raise RuntimeError('<script>alert(1)</script>')", "cell 2: Runt"),
    "a long error": between(
        "raise type('E' * 10**6, (Exception,), {})('x' * 10**7)", "cell 2: EEE"
    ),
    "an error that can't be told": between(
        "class E(Exception):\n  def __str__(self): raise SystemExit\nraise E", "cell 2: "
    ),
    "keys that collide": instead(
        message(
            "b'{\"dict\": [' + b','.join(b'[%d,0]' % (i * (2**61 - 1)) for i in range(300_000))"
            " + b']}'"
        ),
    ),
    "ten million lists": instead(
        message("b'[' + b'[],' * 10**7 + b'[]]'"),
    ),
    "an array of 2**80 values": instead(
        message('b\'{"array": ["<f8", [1099511627776, 1099511627776], ""]}\'')
    ),
    "an array of objects": instead(
        message('b\'{"array": ["|O", [1], "AAAAAAAAAAA="]}\''),
    ),
    "a value that is no value": instead(
        'b\'{"kind": "value", "value": {"a": 1, "b": 2}}\'',
    ),
    "an opaque bomb": instead(
        message("b'{\"opaque\": \"' + b'x' * 10**7 + b'\"}'"),
    ),
    # what is no notebook
    "brackets for a notebook": raw("[" * 100_000, "expected a notebook"),
    "ten million lists for a notebook": raw("[" + "[]," * 9_900_000 + "[]]", "expected a notebook"),
    "a pickle for a notebook": raw(BOMB, "expected a notebook"),
    "500 cells": raw(notebook(*["1"] * 500), "at most 400 cells"),
    "a cell of 1 MB": raw(one_cell(source="#" * 1_000_000), "more than 200,000"),
    "a cell of numbers": raw(one_cell(source=[1, 2]), "expected a notebook"),
    "tags that are no list": raw(one_cell(source="1", metadata={"tags": 7}), "expected a notebook"),
    "half characters for a cell": raw(one_cell(source="x = '\ud800'"), "cell 1: "),
    "everything is training": raw(
        one_cell(source="\n".join(GOOD_CELLS), metadata={"tags": ["train"]}), ""
    ),
    "name of a lambda": cheating("add = eval", points=NONE),
}
"""Name → notebook."""
