"""Ctrl-C during a batch."""

import signal
import sys
from collections.abc import Iterator

import pytest

from grader.batch.interrupts import lasting_interrupt


@pytest.fixture(autouse=True)
def as_in_a_terminal() -> Iterator[None]:
    """Hear Ctrl-C as Python does by itself: a worker of xdist has a way of its own."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class Swallows:
    """Python drops what its destructor raises."""

    def __del__(self) -> None:
        signal.raise_signal(signal.SIGINT)
        [None for _ in range(10)]  # the signal is heard between two steps


def test_one_that_is_lost_is_raised_later(monkeypatch: pytest.MonkeyPatch) -> None:
    lost = []
    monkeypatch.setattr(sys, "unraisablehook", lambda about: lost.append(about.exc_type))
    with lasting_interrupt() as stop_if_told:
        stop_if_told()
        Swallows()
        with pytest.raises(KeyboardInterrupt):
            stop_if_told()
    assert lost == [KeyboardInterrupt]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_others_are_raised_at_once() -> None:
    with pytest.raises(KeyboardInterrupt), lasting_interrupt():
        signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_what_ignores_them_goes_on_doing_so() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with lasting_interrupt() as stop_if_told:
        signal.raise_signal(signal.SIGINT)
        stop_if_told()
