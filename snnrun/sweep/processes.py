"""Several processes on this machine compute one sweep.

Each is as good as a process on another machine: points are claimed, and those of one that died are
taken over. A process asks its points' state of nobody but the plan's folder.
"""

import contextlib
import ctypes
import multiprocessing
import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from typing import Any

from snnrun.errors import ConfigError, FileError, InterruptedRunError, SnnrunError
from snnrun.interruption import Interruption
from snnrun.sweep.claim import Claims
from snnrun.sweep.orders import Begun, Ended, Event, Orders, Over
from snnrun.sweep.plan import Plan, read

_ASK_S = 0.2
_MOST_DEATHS = 2  # of processes that computed a point, the second time alone


class Crew:
    """Processes that compute a sweep; one that dies is replaced.

    `enough()`: whether no more points are to be begun, such as after too many failures.
    """

    def __init__(
        self,
        plan: Plan,
        orders: Orders,
        number: int,
        tell: Callable[[Event, object], None],
        interruption: Interruption,
        enough: Callable[[], bool],
    ) -> None:
        self._plan, self._orders, self._tell = plan, orders, tell
        self._interruption, self._enough = interruption, enough
        self._deaths: Counter[int] = Counter()
        self._members = [_Member(orders, k / number) for k in range(number)]
        self._asked = False
        self._problem: SnnrunError | None = None

    def work(self) -> None:
        """Wait until all are done; raises what a process was stopped by."""
        interruption, members = self._interruption, self._members
        interruption.savable = True  # what is computed there is saved there
        while members:
            for source in wait([m.ear for m in members], timeout=_ASK_S):
                member = next(m for m in members if m.ear is source)
                try:
                    self._hear(member, member.ear.recv())
                except (EOFError, OSError):
                    members.remove(member)
                    if not member.ended:
                        self._died(member)
            if (interruption.reason or self._enough() or self._problem) and not self._asked:
                self._asked = True
                for member in members:
                    member.ask_to_end()
        if self._problem:
            raise self._problem
        if reason := interruption.reason:
            raise InterruptedRunError(reason)

    def _hear(self, member: "_Member", event: Event) -> None:
        if isinstance(event, Begun):
            member.busy, member.begun = set(event.points), len(event.points)
        elif isinstance(event, Over):
            member.busy.discard(event.point)
        elif isinstance(event, Ended):
            member.ended = True
            if event.exit_code not in (0, InterruptedRunError.exit_code):
                kind = FileError if event.exit_code == FileError.exit_code else SnnrunError
                self._problem = self._problem or kind(event.reason)
        self._tell(event, member)

    def _died(self, member: "_Member") -> None:
        """Replace a process that died; its points are computed alone, and given up if it was."""
        code = member.exit_code()
        self._deaths.update(member.busy)
        for index in member.busy:
            if self._deaths[index] >= _MOST_DEATHS and member.begun == 1:
                self._give_up(index, code)
        if not self._asked:
            orders = replace(self._orders, alone=self._orders.alone | {*self._deaths})
            self._members.append(_Member(orders, member.first))

    def _give_up(self, index: int, code: int | None) -> None:
        """Mark a point of which a process died."""
        folder = Claims(self._orders.folder).claim(index)
        if folder is None:
            return
        reason = f"its process died ({_death(code)})"
        with contextlib.suppress(SnnrunError):
            folder.status("failed", reason=reason, exit_code=1)
        folder.release()
        self._tell(Over(index, "failed", reason), None)


def _death(code: int | None) -> str:
    if code is None or code >= 0:
        return f"exit code {code}"
    name = signal.Signals(-code).name if -code in [*signal.Signals] else str(-code)
    return f"{name}; out of memory?" if -code == signal.SIGKILL else name


class _Member:
    """A process; `busy`: those of the `begun` points that it computes; `first`: where it began."""

    def __init__(self, orders: Orders, first: float) -> None:
        context = multiprocessing.get_context("spawn")
        self.ear, mouth = context.Pipe()
        self.first, self.busy, self.begun, self.ended = first, set[int](), 0, False
        self._process = context.Process(target=_main, args=(orders, first, mouth), daemon=True)
        self._process.start()
        mouth.close()

    def ask_to_end(self) -> None:
        """Let it save what it computes, and end."""
        self._process.terminate()

    def exit_code(self) -> int | None:
        """Wait for its end; return its exit code, or minus the signal."""
        self._process.join(10)
        return self._process.exitcode


def _main(orders: Orders, first: float, mouth: Connection) -> None:
    """Compute points in a process of its own."""
    _end_with_parent(mouth)
    interruption = Interruption()
    with interruption.listening():
        code, reason, broken = _worked(orders, first, mouth, interruption)
    with contextlib.suppress(OSError):
        mouth.send(Ended(code, reason))
    if broken:
        os._exit(0)


def _worked(
    orders: Orders, first: float, mouth: Connection, interruption: Interruption
) -> tuple[int, str, bool]:
    """Return exit code and reason, and whether the process must leave at once."""
    worker: Any = None
    try:
        from snnrun.engine.setup import set_up
        from snnrun.sweep.work import Worker

        set_up(orders.threads)

        def tell(event: Event) -> None:
            with contextlib.suppress(OSError):  # the parent is dead; this process is to end soon
                mouth.send(event)

        worker = Worker(read(orders.folder), orders, tell, interruption)
        worker.work(first)
    except KeyboardInterrupt:
        return InterruptedRunError.exit_code, "interrupted", False
    except ConfigError as error:
        return error.exit_code, str(error), False
    except SnnrunError as error:
        return error.exit_code, str(error), worker is not None and worker.broken
    return 0, "", worker.broken


def _end_with_parent(mouth: Connection) -> None:
    """End as by SIGTERM when the parent does, however that ends."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG

    def listen() -> None:
        with contextlib.suppress(EOFError, OSError):
            mouth.recv()  # nothing is ever said; it ends
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=listen, daemon=True).start()
