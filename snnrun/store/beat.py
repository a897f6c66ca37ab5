"""Something is done every few seconds, whatever else goes on."""

import contextlib
import threading
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def regularly(seconds: float, do: Callable[[], None]) -> Iterator[None]:
    """Do something every so many seconds meanwhile, in a thread of its own."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(seconds):
            do()

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
