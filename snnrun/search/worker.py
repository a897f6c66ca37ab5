"""A worker of a search: ask candidates, have them tried, until all are over."""

import contextlib
import math
import time
from collections.abc import Callable

from snnrun.errors import SnnrunError
from snnrun.interruption import Interruption
from snnrun.optimizer._base import Incumbent
from snnrun.optimizer._found import best_of
from snnrun.optimizer._study import Study
from snnrun.search.ledger import Ledger
from snnrun.search.pool import Pool
from snnrun.search.spec import Search
from snnrun.search.trying import Trying
from snnrun.store.beat import regularly

_LOOK_S = 1.0  # between looks at candidates of other workers
_BEAT_S = 10.0  # between words that this worker is alive


def work(
    search: Search,
    ledger: Ledger,
    pool: Pool,
    batch: int,
    networks: int,
    interruption: Interruption,
    tell: Callable[[], None],
) -> None:
    """Work on a study until all its candidates are over; `tell()` after each batch.

    `batch`: candidates that are asked at once; `networks`: how many each has at least.
    InterruptedRunError if asked to end: then candidates that are not over wait for whoever goes on.
    """
    study = ledger.study
    with _beating(study):
        while True:
            interruption.check()
            with ledger.timed("ask"):
                study.reap()
                candidates = study.ask(batch)
            if candidates:
                trying = Trying(search, ledger, pool, interruption, candidates)
                try:
                    trying.all(networks, _incumbent(study))
                finally:
                    study.release(trying.left)
                tell()
                continue
            left = study.reap()  # after asking: others may have taken the last ones meanwhile
            if left.elsewhere:
                time.sleep(_LOOK_S)
            elif not left.again:
                return


def _incumbent(study: Study) -> Incumbent | None:
    """Return the best candidate so far."""
    records = {record.number: record for record in study.records()}
    best = [records[number] for number in best_of(list(records.values()))]
    if not best:
        return None
    se = best[0].se[0]
    return Incumbent(best[0].costs[0], se if math.isfinite(se) else 0.0)  # of one network: unknown


def _beating(study: Study) -> contextlib.AbstractContextManager[None]:
    """Say now and then that this worker is alive, however long it simulates."""

    def beat() -> None:
        with contextlib.suppress(SnnrunError):  # a storage that is gone is met elsewhere
            study.alive()

    return regularly(_BEAT_S, beat)
