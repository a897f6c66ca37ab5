"""Interrupting runs at given steps."""

import pytest

from snnrun.checkpoints import Checkpoints, even


def interrupted_at(monkeypatch: pytest.MonkeyPatch, *steps: int) -> list[int]:
    """Let runs be interrupted at these steps, one after another; returns those to come."""
    left = [even(step) for step in steps]
    after, due = Checkpoints.after, Checkpoints.due

    def cut(self: Checkpoints, step: int) -> int:
        return min([after(self, step), *(s for s in left if s > step)])

    def rest(self: Checkpoints, step: int) -> bool:
        if step in left:
            left.remove(step)
            self._interruption._signal = "SIGUSR1"
        return due(self, step)

    monkeypatch.setattr(Checkpoints, "after", cut)
    monkeypatch.setattr(Checkpoints, "due", rest)
    return left
