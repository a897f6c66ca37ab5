"""A run is asked to end: by a signal, or because its time is up.

The first signal ends the chunk, saves the state and ends the run; a second Ctrl-C leaves at once.
Before there is anything to save, SIGINT, SIGTERM and SIGHUP end the program as they always do;
SIGUSR1 and SIGUSR2, what schedulers send ahead of a limit, wait until there is. SIGHUP, by which a
terminal that is closed ends what runs in it, is left alone where nohup had it ignored.
"""

import contextlib
import signal
import time
from collections.abc import Iterator
from types import FrameType

from snnrun.errors import InterruptedRunError

_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2")


class Terminated(KeyboardInterrupt):
    """SIGTERM or SIGHUP, which its text is, came before there was anything to save."""


class Interruption:
    """Whether, and why, a run is to end; `savable`: whether there is a state to be saved."""

    def __init__(self, limit_s: float | None = None) -> None:
        self._end = None if limit_s is None else time.monotonic() + limit_s
        self._signal = ""
        self._ending = False  # as a signal asked for; a further one must not disturb that
        self.savable = False

    @property
    def reason(self) -> str:
        """Why the run is to end; empty while it may go on."""
        if not self._signal and self._end is not None and time.monotonic() > self._end:
            return "the time limit"
        return self._signal

    def check(self) -> None:
        """InterruptedRunError if the run is to end."""
        if reason := self.reason:
            raise InterruptedRunError(reason)

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Receive the signals meanwhile; only the main thread can."""
        before = {}
        for name in _SIGNALS:
            with contextlib.suppress(ValueError, AttributeError):  # a thread; not on Windows
                number = signal.Signals.__members__.get(name)
                if number is not None and not (name == "SIGHUP" and _is_ignored(number)):
                    before[number] = signal.signal(number, self._receive)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _receive(self, number: int, frame: FrameType | None) -> None:
        del frame
        again, self._signal = self._signal == "SIGINT", signal.Signals(number).name
        self._ending |= self.savable
        if number == signal.SIGINT and (again or not self.savable):
            raise KeyboardInterrupt
        if self._signal in ("SIGTERM", "SIGHUP") and not self._ending:
            self._ending = True
            raise Terminated(self._signal)


def _is_ignored(number: signal.Signals) -> bool:
    return signal.getsignal(number) == signal.SIG_IGN
