"""Notebooks that attack who grades them.

Each stands between the cells of a solved homework (then its points must not suffer) or of
one that is not solved (then it must not earn any).
"""

from tests.adversarial.book import (
    ALL,
    ANSWER,
    NONE,
    Book,
    between,
    cheating,
    forged,
    instead,
    raw,
    with_files,
)
from tests.adversarial.course import GOOD_CELLS
from tests.adversarial.snippets import (
    BOMB,
    DEEP,
    FORGE,
    IMPORTED,
    KEPT,
    LABELS,
    NEIGHBOURS,
    NETWORK,
    NOTHING_WORKED,
    OTHERS,
    PICKLES,
    PROCESSES,
    REFUSED,
    RESULTS,
    SHADOWS,
    TRACE,
    message,
    one_cell,
)
from tests.grader.notebooks import ENDINGS, notebook

__all__ = ["BOOKS", "TRACE", "Book"]

BOOKS: dict[str, Book] = {
    **{f"ends: {name}": between(cell, "^cell 2: ") for name, cell in ENDINGS.items()},
    # processes
    "processes": between(PROCESSES, NOTHING_WORKED),
    "calls of the system": between(REFUSED, NOTHING_WORKED),
    "stops itself": between("import signal\nsignal.raise_signal(signal.SIGSTOP)", "took too long"),
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
    "files without names, in memory": between(KEPT, "writes more than 20 MB"),
    "room without a size": between(
        "import ctypes, os\nlibc = ctypes.CDLL(None)\n"
        "handle = os.open('x', os.O_RDWR | os.O_CREAT)\nsize = ctypes.c_long(10**10)\n"
        "if libc.fallocate(handle, 1, ctypes.c_long(0), size) != 0: 1 / 0",
        "ZeroDivisionError",
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
    "an empty array": cheating(
        "import numpy as np\nanswer = np.zeros((0, 1, 1))\n"
        "def add(a, b): return np.zeros((0, 1, 1))"
    ),
    "a number of 5 000 digits": cheating("answer = 10**5000\ndef add(a, b): return 10**5000"),
    "a list in itself": cheating("answer = []\nanswer.append(answer)\nadd = lambda a, b: answer"),
    "lists 10 000 deep": cheating(
        "answer = []\nfor _ in range(10_000): answer = [answer]\nadd = lambda a, b: answer"
    ),
    "keys that are not equal to themselves": cheating(
        "answer = {float('nan'): i for i in range(9)}\nadd = lambda a, b: answer"
    ),
    "a text that says it is a number": cheating(
        "class Text(str):\n  __eq__ = lambda *a: True\n  __hash__ = None\n"
        "answer = Text('[1.5, 2]')\nadd = lambda a, b: Text(a + b)"
    ),
    "an array that is another one later": cheating(
        "import numpy as np\nclass Later:\n"
        "  def __array__(self, *a, **k): return np.array([1.5, 2])\n"
        "  __len__ = lambda self: 2\n  __getitem__ = lambda self, i: [1.5, 2][i]\n"
        "answer = Later()\nadd = lambda a, b: Later()"
    ),
    "changes its arguments": between(
        "true = add\ndef add(*values):\n  values = list(values)\n  result = true(*values)\n"
        "  values.clear()\n  return result"
    ),
    "knows how often it was called": cheating(
        "n = 0\ndef add(a, b):\n  global n\n  n += 1\n  return 3 if n == 1 else 42\n",
        points={"q1": 4.0, "q2": 0.0},
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
    "a history that lies": with_files(
        "import json\njson.load(open('history.json'))", {"history.json": b"[" * 10**6}
    ),
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
    "a formula in an error": between("raise RuntimeError('=HYPERLINK(1)')", "cell 2: Runt"),
    "an error from right to left": between("raise RuntimeError('\\u202egnp')", "cell 2: Runt"),
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
    "100 MB": raw(b'{"x": "' + bytes(10**8) + b'"}', r"over 30 MB"),
    "all cells with one id": Book(
        notebook(*GOOD_CELLS).replace(b'"id": "', b'"id": "same", "other": "'), ALL
    ),
    "a key twice": raw(
        one_cell(source="1").replace('"cells":', '"cells": 3, "cells":'), points=NONE
    ),
    "everything is training": raw(
        one_cell(source="\n".join(GOOD_CELLS), metadata={"tags": ["train"]}), ""
    ),
    "name of a lambda": cheating("add = eval", points=NONE),
}
"""Name → notebook."""
