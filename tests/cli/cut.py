"""Interrupting runs at given steps."""

import pytest

from snnrun.checkpoints import Rests, even


def interrupted_at(monkeypatch: pytest.MonkeyPatch, *steps: int) -> list[int]:
    """Let runs be interrupted at these steps, one after another; returns those to come."""
    left = [even(step) for step in steps]
    after, due = Rests.after, Rests.due

    def cut(self: Rests, step: int) -> int:
        return min([after(self, step), *(s for s in left if s > step)])

    def rest(self: Rests, step: int) -> bool:
        if step in left:
            left.remove(step)
            self._interruption._signal = "SIGUSR1"
        return due(self, step)

    monkeypatch.setattr(Rests, "after", cut)
    monkeypatch.setattr(Rests, "due", rest)
    return left
