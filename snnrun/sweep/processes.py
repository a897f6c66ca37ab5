"""Several processes on this machine compute one sweep.

Each is as good as a process on another machine: points are claimed, and those of one that died are
taken over. A process asks its points' state of nobody but the plan's folder.
"""

import contextlib
import os
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from typing import Any

from snnrun.child import Child, hear_signals
from snnrun.errors import ConfigError, FileError, InterruptedRunError, SnnrunError
from snnrun.interruption import Interruption
from snnrun.sweep.claim import Claims
from snnrun.sweep.orders import Begun, Ended, Event, Orders, Over
from snnrun.sweep.plan import Plan
from snnrun.sweep.plan_file import read

_ASK_S = 0.2
_MOST_DEATHS = 2  # of processes that computed a point, the second time alone
_MOST_IDLE = 3  # processes that die one after another while they compute nothing
_ERRORS = {kind.exit_code: kind for kind in (ConfigError, FileError)}


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
        self._idle_deaths = 0
        self._asked = False
        self._problem: SnnrunError | None = None
        interruption.savable = True  # what is computed there is saved there
        self._members = [_Member(orders, k / number) for k in range(number)]

    def work(self) -> None:
        """Wait until all are done; raises what a process was stopped by."""
        try:
            while self._members:
                self._listen()
        except KeyboardInterrupt:  # the second one: nobody is waited for
            for member in self._members:
                member.process.kill()
            raise
        if self._problem:
            raise self._problem
        self._interruption.check()

    def _listen(self) -> None:
        """Hear what processes tell for a moment, and ask them to end if it is time."""
        members = self._members
        for source in wait([m.process.ear for m in members], timeout=_ASK_S):
            member = next(m for m in members if m.process.ear is source)
            try:
                event = member.process.ear.recv()
            except (EOFError, OSError):
                members.remove(member)
                if not member.ended:
                    self._died(member)
            else:
                self._hear(member, event)
        if (self._interruption.reason or self._enough() or self._problem) and not self._asked:
            self._asked = True
            for member in members:
                member.process.ask_to_end()

    def _hear(self, member: "_Member", event: Event) -> None:
        if isinstance(event, Begun):
            member.busy, member.together = set(event.points), len(event.points)
        elif isinstance(event, Over):
            member.busy.discard(event.point)
            self._idle_deaths = 0
        elif isinstance(event, Ended):
            member.ended = True
            if event.exit_code not in (0, InterruptedRunError.exit_code):
                kind = _ERRORS.get(event.exit_code, SnnrunError)
                self._problem = self._problem or kind(event.reason)
        self._tell(event, member)

    def _died(self, member: "_Member") -> None:
        """Replace a process that died; its points are computed alone, and given up if it was."""
        code = member.process.exit_code()
        self._deaths.update(member.busy)
        for index in member.busy:
            if self._deaths[index] >= _MOST_DEATHS and member.together == 1:
                self._give_up(index, code)
        self._idle_deaths += not member.busy
        if self._idle_deaths >= _MOST_IDLE:
            reason = f"processes of the sweep died before they computed a point ({_death(code)})"
            self._problem = self._problem or SnnrunError(reason)
        elif not self._asked:
            orders = replace(self._orders, alone=self._orders.alone | {*self._deaths})
            self._members.append(_Member(orders, member.first))

    def _give_up(self, index: int, code: int | None) -> None:
        """Mark a point of which a process died."""
        folder = Claims(self._orders.folder, self._orders.again).claim(index)
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
    """A process; `busy`: the points that it computes; `first`: where among the points it began.

    `together`: how many points the batch has that it computes.
    """

    def __init__(self, orders: Orders, first: float) -> None:
        self.first, self.busy, self.together, self.ended = first, set[int](), 0, False
        self.process = Child(_main, orders, first)


def _main(orders: Orders, first: float, mouth: Connection) -> None:
    """Compute points in a process of its own."""
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
        hear_signals()
        from snnrun.engine.setup import set_up
        from snnrun.sweep.work import Worker

        set_up(orders.threads)
        worker = Worker(read(orders.folder), orders, _teller(mouth), interruption)
        worker.work(first)
    except KeyboardInterrupt:
        return InterruptedRunError.exit_code, "interrupted", False
    except ConfigError as error:
        return error.exit_code, str(error), False
    except SnnrunError as error:
        return error.exit_code, str(error), worker is not None and worker.broken
    return 0, "", worker.broken


def _teller(mouth: Connection) -> Callable[[Event], None]:
    """Return what tells the parent of events; points don't fail because it is gone."""

    def tell(event: Event) -> None:
        with contextlib.suppress(OSError):
            mouth.send(event)

    return tell
