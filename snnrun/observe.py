"""What a run tells those who watch it; the default is to tell nobody."""

from typing import Protocol


class Observer(Protocol):
    """Somebody who watches a run."""

    def stage(self, name: str) -> None:
        """Hear that a stage (build, compile, simulate, …) begins."""

    def progress(self, done_ms: float, total_ms: float, rate: float) -> None:
        """Hear how much is simulated, of all trials together, and the mean rate so far."""

    def close(self) -> None:
        """Hear that the run is over, however it ended."""


class Nobody:
    """Watches nothing."""

    def stage(self, name: str) -> None:
        """Ignore it."""

    def progress(self, done_ms: float, total_ms: float, rate: float) -> None:
        """Ignore it."""

    def close(self) -> None:
        """Ignore it."""
