"""Processes that simulate the candidates of one worker, each on a core of its own."""

import contextlib
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection, wait

from snnrun.child import Child, hear_signals
from snnrun.errors import InterruptedRunError, SnnrunError
from snnrun.interruption import Interruption
from snnrun.objective._feasible import Feasible
from snnrun.search.simulate import Simulated, Simulator, Source, Wanted, failed

_ASK_S = 0.2
_LOST = "the process that simulated it died (out of memory?)"


class Pool:
    """`processes` of one thread each; a single one is this process.

    `idle()` is called now and then while others simulate.
    """

    def __init__(
        self,
        source: Source,
        feasible: Feasible | None,
        processes: int,
        idle: Callable[[], None] = lambda: None,
    ) -> None:
        self._source, self._feasible, self._idle = source, feasible, idle
        self._children: list[Child | None] = [None] * processes if processes > 1 else []
        self._here = None if self._children else Simulator(source, feasible)

    @property
    def processes(self) -> int:
        """How many candidates are simulated at the same time, at least."""
        return max(1, len(self._children))

    def simulate(self, wanted: Sequence[Wanted], interruption: Interruption) -> list[Simulated]:
        """Return what each finds, in order; InterruptedRunError if asked to end before.

        Those of a process that died are tried once more, each by itself.
        """
        if self._here is not None:
            return self._here.simulate(wanted, interruption)
        shares = [list(range(k, len(wanted), self.processes)) for k in range(self.processes)]
        found: list[Simulated | None] = [None] * len(wanted)
        self._hand_out(shares, wanted, found, interruption)
        for place in [place for place, one in enumerate(found) if one is None]:
            self._hand_out([[place]], wanted, found, interruption)
        return [one or failed(_LOST) for one in found]

    def close(self) -> None:
        """End the processes at once."""
        for child in self._children:
            if child is not None:
                child.kill()
                child.exit_code()
        self._children = [None] * len(self._children)

    def _hand_out(
        self,
        shares: list[list[int]],
        wanted: Sequence[Wanted],
        found: list[Simulated | None],
        interruption: Interruption,
    ) -> None:
        """Let a process simulate each share; what one that died was to find stays None."""
        busy = {}
        for number, share in enumerate(shares):
            if share:
                child = self._child(number)
                with contextlib.suppress(OSError):  # it died meanwhile, which is heard below
                    child.ear.send([wanted[place] for place in share])
                busy[child.ear] = number, share
        while busy:
            interruption.check()
            self._idle()
            for ear in wait(list(busy), timeout=_ASK_S):
                assert isinstance(ear, Connection)
                number, share = busy.pop(ear)
                try:
                    results = ear.recv()
                except (EOFError, OSError):
                    self._children[number] = None
                    continue
                if isinstance(results, BaseException):
                    raise results
                for place, one in zip(share, results, strict=True):
                    found[place] = one

    def _child(self, number: int) -> Child:
        child = self._children[number]
        if child is None:
            child = self._children[number] = Child(
                _main, self._source, self._feasible, self.processes
            )
        return child


def _main(source: Source, feasible: Feasible | None, processes: int, mouth: Connection) -> None:
    """Simulate what is asked for until nobody asks any more."""
    interruption = Interruption()
    with interruption.listening(), contextlib.suppress(KeyboardInterrupt, EOFError, OSError):
        hear_signals()
        from snnrun.engine.setup import set_up

        set_up(threads=1)
        simulator = Simulator(source, feasible, processes)
        while True:
            wanted = mouth.recv()
            try:
                mouth.send(simulator.simulate(wanted, interruption))
            except InterruptedRunError:
                return  # the one who asked was told as well
            except SnnrunError as error:
                mouth.send(error)
