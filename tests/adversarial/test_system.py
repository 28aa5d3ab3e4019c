"""What a notebook may ask of the system, where Landlock and file rights do not answer."""

import os
import re
import sys
import tempfile
from pathlib import Path

import pytest

from grader.notebook import session
from grader.notebook.questions import Questions
from grader.notebook.session import StudentSandbox
from grader.notebook.system_calls import CLONE, COMMANDS, NUMBERS, OPENING, PRETENDED, further_calls
from grader.sandbox.seccomp import build_filter
from tests.adversarial.books import BOOKS
from tests.adversarial.course import LIMITS
from tests.adversarial.test_seams import run
from tests.grader.filters import ALLOW, AUDIT, PRETEND, REFUSE, numbers_of_libseccomp, verdict
from tests.grader.notebooks import otter_file
from tests.grader.test_selftest import python_of_nobody, root_only, run_as_nobody  # noqa: F401

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="notebooks run on Linux only")

SYSTEM = """
import ctypes, fcntl, mmap, os, shutil
done = []
def attempt(name, act):
    try:
        if act() != -1:
            done.append(name)
    except BaseException:
        pass
libc = ctypes.CDLL(None, use_errno=True)
victim = {victim!r}
handle = os.open({victim!r}.rpartition('/')[0] + '/readable', os.O_RDONLY)
pipe, _ = os.pipe()
attempt('truncate', lambda: os.truncate(victim, 0))
attempt('open to truncate', lambda: os.open(handle_name, os.O_RDONLY | os.O_TRUNC))
attempt('owner', lambda: fcntl.fcntl(pipe, fcntl.F_SETOWN, os.getppid()))
attempt('signal', lambda: fcntl.fcntl(pipe, 10, 9))
attempt('owner of a kind', lambda: libc.fcntl(pipe, 15, ctypes.create_string_buffer(8)))
attempt('watch', lambda: fcntl.fcntl(handle, 1026, 1))
attempt('flags of a file', lambda: fcntl.ioctl(handle, 0x40086602, b'12345678'))
attempt('freeze', lambda: fcntl.ioctl(handle, 0xC0045877, 0))
attempt('processor', lambda: os.sched_setaffinity(os.getppid(), [0]))
zero, size = ctypes.c_long(0), ctypes.c_long(10**9)
attempt('room', lambda: libc.fallocate(os.open('big', 66), 1, zero, size))
attempt('more room', lambda: os.posix_fallocate(os.open('big2', 66), 0, 10**7))
attempt('rights', lambda: [line for line in open('/proc/self/status')])
os.chmod(victim, 0o777)
os.utime(victim, (0, 0))
os.fchmod(handle, 0o777)
shutil.copy2('own', 'copy')
open('own').isatty()
raise RuntimeError(f'{{len(done)}} worked: ' + ' '.join(done))
"""


def test_as_the_graders_own_user_it_can_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # an ordinary user's grader, or a Python that only root may read
    monkeypatch.setattr(session, "may_change_user", lambda: False)
    victim, readable = tmp_path / "labels.npz", tmp_path / "readable"
    for path in (victim, readable):
        path.write_text("labels")
        path.chmod(0o600)
    before = [path.stat() for path in (victim, readable)]
    paths = session.readable_paths
    monkeypatch.setattr(session, "readable_paths", lambda: [*paths(), str(readable)])
    source = f"handle_name = {str(readable)!r}\nopen('own', 'w').close()"
    questions = Questions({"q": otter_file("q", ("x", "    assert x == 1", 1, False))})
    with StudentSandbox() as sandbox:
        cells = (source, SYSTEM.format(victim=str(victim)), "x = 1")
        result = run(sandbox, questions, *cells)
        assert result.notes == ("cell 2: RuntimeError: 0 worked:",)
        assert result.points == 1
    for path, old in zip((victim, readable), before, strict=True):
        new = path.stat()
        assert (new.st_mode, new.st_mtime_ns, new.st_size) == (
            old.st_mode,
            old.st_mtime_ns,
            old.st_size,
        )


def test_root_without_another_user_has_no_rights_of_root(monkeypatch: pytest.MonkeyPatch) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root has such rights")
    monkeypatch.setattr(session, "may_change_user", lambda: False)
    with StudentSandbox() as sandbox, sandbox.open({}, LIMITS) as process:
        status = Path(f"/proc/{process._running.pid}/status").read_text()
    rights = dict(line.split(":\t") for line in status.splitlines() if line.startswith("Cap"))
    assert {int(rights[name], 16) for name in ("CapEff", "CapPrm", "CapInh")} == {0}


KEEPERS = ("files without names", "files without names, in memory", "room without a size")
AS_NOBODY = """
import os, sys
from pathlib import Path
os.environ['MUSIC_AI_COURSE_CACHE'] = sys.argv[1]
from grader.notebook.cells import read_cells
from grader.notebook.questions import Questions
from grader.notebook.process import NotebookLimits
from grader.notebook.session import StudentSandbox
limits = NotebookLimits(cpu_seconds=8, wall_seconds=60, cell_seconds=5, memory_mb=700, disk_mb=20)
with StudentSandbox() as sandbox:
    for path in sys.argv[2:]:
        cells = read_cells(Path(path).read_bytes())
        print(Questions({}).run(cells, {}, sandbox, limits=limits).notes)
"""


@pytest.mark.slow
@root_only
def test_an_ordinary_user_sees_what_fills_the_disk(python_of_nobody: str) -> None:  # noqa: F811
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)  # the course's notes are unpacked there
        for title in KEEPERS:
            (folder / f"{title}.ipynb").write_bytes(BOOKS[title].content)
        files = [f"{folder}/{title}.ipynb" for title in KEEPERS]
        said = run_as_nobody(python_of_nobody, "-c", AS_NOBODY, name, *files)
    for title, line in zip(KEEPERS, said.splitlines(), strict=True):
        assert re.search(BOOKS[title].note, line), (title, line)


# --- the filter of system calls ---------------------------------------------------------------


@pytest.mark.parametrize("machine", NUMBERS)
def test_what_the_filter_for_notebooks_says(machine: str) -> None:
    program = build_filter(machine, 4711, more=further_calls(machine), threads=CLONE[machine])
    arch = AUDIT[machine]

    def said(number: int, **arguments: int) -> int:
        return verdict(program, arch, number, **arguments)

    assert {said(number) for number in NUMBERS[machine].values()} == {ALLOW}
    assert {said(number) for number in PRETENDED[machine].values()} == {PRETEND}
    commands = COMMANDS[machine]
    assert said(commands["fcntl"], a1=1030) == ALLOW
    assert {said(commands["fcntl"], a1=command) for command in (8, 10, 15, 1026)} == {REFUSE}
    assert said(commands["ioctl"], a1=0x5401) == ALLOW
    assert {said(commands["ioctl"], a1=x) for x in (0x5412, 0xC0045877, 0x40086602)} == {REFUSE}
    for number, at in OPENING[machine].values():
        flags = {0: ALLOW, 0x200: REFUSE, 0x241: ALLOW, 0x202: ALLOW, 0x80200: REFUSE}
        assert {x: said(number, **{f"a{at}": x}) for x in flags} == flags
    clone = CLONE[machine]["clone"]
    assert (said(clone, a0=0x10000), said(clone, a0=17)) == (ALLOW, REFUSE)


@pytest.mark.parametrize("machine", NUMBERS)
def test_the_numbers_are_those_of_libseccomp(machine: str) -> None:
    opening = {name: number for name, (number, _) in OPENING[machine].items()}
    ours = {**NUMBERS[machine], **PRETENDED[machine], **COMMANDS[machine], **CLONE[machine]}
    ours |= opening
    ours.pop("fchmodat2")  # newer than many a libseccomp
    assert numbers_of_libseccomp(machine, ours) == ours
