"""What a run tells those who watch it; the default is to tell nobody."""

from typing import Protocol

STILL_S = 2.0  # between words to an observer that the run goes on


class Observer(Protocol):
    """Somebody who watches a run."""

    def stage(self, name: str) -> None:
        """Hear that a stage (build, compile, simulate, …) begins."""

    def progress(
        self, done_ms: float, total_ms: float, rate: float, before_ms: float = 0.0
    ) -> None:
        """Hear how much is simulated, of all trials together, and the mean rate so far.

        `before_ms`: what was simulated earlier, before the run was interrupted.
        """

    def still(self) -> None:
        """Hear, every few seconds, that the run goes on; from another thread."""

    def warn(self, text: str) -> None:
        """Hear of something the user should know."""

    def close(self) -> None:
        """Hear that the run is over, however it ended."""


class Nobody:
    """Watches nothing."""

    def stage(self, name: str) -> None:
        """Ignore it."""

    def progress(
        self, done_ms: float, total_ms: float, rate: float, before_ms: float = 0.0
    ) -> None:
        """Ignore it."""

    def still(self) -> None:
        """Ignore it."""

    def warn(self, text: str) -> None:
        """Ignore it."""

    def close(self) -> None:
        """Ignore it."""
