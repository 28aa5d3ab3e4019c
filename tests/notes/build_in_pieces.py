"""Build a store in a process of its own, to be killed: ``OUT N_NOTES WORKERS STAGE``.

At the stage "write", "commit" or "cleanup" it says so and waits; at "shards" it just runs,
slowly enough to be caught.
"""

import os
import sys
import time
from collections.abc import Iterable, Iterator
from typing import Any

from tests.notes.helpers import quick_notes
from utils.notes import store_builder
from utils.notes.nsynth import Note
from utils.notes.store import StoreBuilder

SHARD_SIZE = 8
ABOUT = {"name": "tones", "kind": "private", "licence": "CC0-1.0", "provenance": "made by formula"}


def wait_for_the_end(*_: Any, **__: Any) -> None:
    """Say that the stage is reached, then do nothing."""
    print("reached", flush=True)
    time.sleep(600)


def slowly(notes: Iterable[Note]) -> Iterator[Note]:
    """Yield notes, with a rest before each."""
    for note in notes:
        time.sleep(0.005)
        yield note


def half_write(folder: Any, pieces: Any, *_: Any, **__: Any) -> None:
    """Write a part of a store, then wait."""
    (folder / "mels.npy").write_bytes(next(iter(pieces)).tobytes())
    wait_for_the_end()


def main() -> None:
    """Build until the stage."""
    out, n_notes, workers, stage = sys.argv[1:]
    if stage == "write":
        store_builder.write_files = half_write
    elif stage == "commit":
        store_builder.commit = wait_for_the_end
    elif stage == "cleanup":
        commit = store_builder.commit

        def commit_and_wait(*args: Any, **options: Any) -> None:
            commit(*args, **options)
            wait_for_the_end()

        store_builder.commit = commit_and_wait
    builder = StoreBuilder(
        out, workers=int(workers), shard_size=SHARD_SIZE, progress=False, **ABOUT
    )
    print(os.getpid(), flush=True)
    notes = quick_notes(int(n_notes))
    builder.build(slowly(notes) if stage == "shards" else notes)


if __name__ == "__main__":
    main()
