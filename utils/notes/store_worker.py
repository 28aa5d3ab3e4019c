"""The processes that compute spectrograms for :mod:`utils.notes.store_builder`."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from utils.errors import StoreError

__all__ = ["Pool", "log_mels", "start_worker"]


def log_mels(waveforms: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return the quantized spectrograms, of shape (n, 64, 64), of notes (n, 64000).

    One thread computes: the workers share the processors, and the sum of a product must not
    depend on their number.
    """
    import torch

    from utils.notes.mel import log_mel_spectrogram, quantize

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.inference_mode():
            return quantize(log_mel_spectrogram(torch.tensor(waveforms)))[:, 0].numpy()
    finally:
        torch.set_num_threads(threads)


def start_worker() -> None:
    """Prepare a worker process: it ends with its parent, and Ctrl-C is the parent's matter."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Wait for the parent's end. A killed one can't tell its workers, who would wait forever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


class Pool:
    """Processes that compute shards; at most a few shards wait, so memory stays flat.

    Parameters
    ----------
    workers : int
        0 computes in this process, when a shard is submitted.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._executor: ProcessPoolExecutor | None = None
        self._waiting: dict[Future[NDArray[np.uint8]], str] = {}

    def __enter__(self) -> "Pool":
        return self

    def __exit__(self, *_: object) -> None:
        if self._executor is not None:
            self._executor.shutdown(wait=True, cancel_futures=True)

    def submit(
        self, key: str, waveforms: NDArray[np.float32]
    ) -> Iterator[tuple[str, NDArray[np.uint8]]]:
        """Hand over a shard; yield those that have finished, after waiting for room."""
        if self._workers == 0:
            yield key, log_mels(waveforms)
            return
        if self._executor is None:  # started late: a build that finds all shards needs none
            self._executor = ProcessPoolExecutor(
                self._workers,
                mp_context=multiprocessing.get_context("spawn"),
                initializer=start_worker,
            )
        with _clear_pool_errors():
            self._waiting[self._executor.submit(log_mels, waveforms)] = key
        while len(self._waiting) > self._workers + 1:
            yield from self._finished()

    def finish(self) -> Iterator[tuple[str, NDArray[np.uint8]]]:
        """Yield the remaining shards as they finish."""
        while self._waiting:
            yield from self._finished()

    def _finished(self) -> Iterator[tuple[str, NDArray[np.uint8]]]:
        done, _ = wait(self._waiting, return_when=FIRST_COMPLETED)
        for future in done:
            with _clear_pool_errors():
                mels = future.result()
            yield self._waiting.pop(future), mels


@contextmanager
def _clear_pool_errors() -> Iterator[None]:
    try:
        yield
    except BrokenProcessPool as error:
        raise StoreError(
            "a worker process died (out of memory, or a script that builds without "
            "`if __name__ == '__main__':`); run the build again, it goes on where it stopped, "
            "with fewer workers if memory is short"
        ) from error
