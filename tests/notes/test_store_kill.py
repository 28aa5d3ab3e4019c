"""``kill -9`` in the middle of a build: nothing that was finished is lost."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.notes.build_in_pieces import ABOUT, SHARD_SIZE
from tests.notes.helpers import quick_notes
from utils.errors import StoreError
from utils.notes.store import NoteStore, StoreBuilder

N_NOTES = 200
N_SHARDS = N_NOTES // SHARD_SIZE
FILES = ("manifest.json", "mels.npy", "notes.npz")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "killpg"), reason="needs process groups"),
]


def resume(out: Path) -> StoreBuilder:
    builder = StoreBuilder(out, workers=0, shard_size=SHARD_SIZE, progress=False, **ABOUT)
    builder.build(quick_notes(N_NOTES))
    return builder


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    out = tmp_path_factory.mktemp("whole") / "store"
    assert resume(out).shards_computed == N_SHARDS
    return {name: (out / name).read_bytes() for name in FILES}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "ä store"


class Build:
    """A build in a process group of its own."""

    def __init__(self, out: Path, stage: str, *, workers: int) -> None:
        command = [sys.executable, "-m", "tests.notes.build_in_pieces"]
        self.process = subprocess.Popen(
            [*command, str(out), str(N_NOTES), str(workers), stage],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.shards = out.with_name(out.name + ".partial") / "shards"

    def wait_for_shards(self, n: int) -> None:
        deadline = time.monotonic() + 120
        while len(list(self.shards.glob("*.shard"))) < n:
            assert self.process.poll() is None, "the build ended before it was killed"
            assert time.monotonic() < deadline
            time.sleep(0.001)

    def wait_for_stage(self) -> None:
        assert self.process.stdout is not None
        assert [self.process.stdout.readline().strip() for _ in range(2)][1] == "reached"

    def kill(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()


@pytest.fixture
def start(out: Path) -> Iterator:
    builds: list[Build] = []

    def start_build(stage: str, *, workers: int = 1) -> Build:
        builds.append(Build(out, stage, workers=workers))
        return builds[-1]

    yield start_build
    for build in builds:
        if build.process.poll() is None:
            build.kill()


def same_files(out: Path, expected: dict[str, bytes]) -> bool:
    return {name: (out / name).read_bytes() for name in FILES} == expected


@pytest.mark.parametrize("moment", [1, N_SHARDS // 3, N_SHARDS - 3])
def test_killed_while_shards_are_computed(out: Path, start, uninterrupted, moment: int) -> None:
    build = start("shards", workers=2 if moment == 1 else 0)
    build.wait_for_shards(moment)
    build.kill()
    finished = len(list(build.shards.glob("*.shard")))
    assert moment <= finished < N_SHARDS
    with pytest.raises(StoreError, match="interrupted: run it again, it goes on where it stopped"):
        NoteStore.open(out)
    builder = resume(out)
    assert builder.shards_reused == finished
    assert builder.shards_computed == N_SHARDS - finished
    assert same_files(out, uninterrupted)
    assert [path.name for path in out.parent.iterdir()] == [out.name]


def test_killed_again_and_again(out: Path, start, uninterrupted) -> None:
    for moment in (2, 9, 15):
        build = start("shards", workers=0)
        build.wait_for_shards(moment)
        build.kill()
    assert resume(out).shards_reused >= 15
    assert same_files(out, uninterrupted)


@pytest.mark.parametrize("stage", ["write", "commit"])
def test_killed_while_the_store_is_put_together(
    out: Path, start, uninterrupted, stage: str
) -> None:
    build = start(stage)
    build.wait_for_stage()
    build.kill()
    assert not out.exists()
    assert resume(out).shards_reused == N_SHARDS
    assert same_files(out, uninterrupted)


def test_killed_after_the_store_was_finished(out: Path, start, uninterrupted) -> None:
    build = start("cleanup")
    build.wait_for_stage()
    build.kill()
    assert same_files(out, uninterrupted)
    assert len(NoteStore.open(out, verify=True)) == N_NOTES


def test_a_second_build_keeps_out_and_a_killed_one_does_not_block(out: Path, start) -> None:
    build = start("commit")
    build.wait_for_stage()
    with pytest.raises(StoreError, match="another build is writing to"):
        resume(out)
    build.kill()
    assert resume(out).shards_reused == N_SHARDS


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_workers_end_with_their_killed_parent(out: Path, start) -> None:
    build = start("shards", workers=2)
    build.wait_for_shards(2)
    workers = children(build.process.pid)
    assert len(workers) >= 2
    os.kill(build.process.pid, signal.SIGKILL)
    build.process.wait()
    deadline = time.monotonic() + 60
    while any(is_running(pid) for pid in workers):
        assert time.monotonic() < deadline, "a worker outlived its parent"
        time.sleep(0.05)


def children(pid: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found.append(int(stat.parent.name))
    return found


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in ("Z", "X")
