"""Errors a user can mend: one short message and the exit code of the contract."""


class SnnrunError(Exception):
    """Base of all errors that are reported without a traceback."""

    exit_code = 1


class ConfigError(SnnrunError):
    """Wrong usage or configuration; `problems` holds every one that was found."""

    exit_code = 2

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class UnhealthyError(SnnrunError):
    """The simulated network is unhealthy (NaN, or any verdict under --strict)."""

    exit_code = 3


class InterruptedRunError(SnnrunError):
    """A run was asked to end and has saved its state."""

    exit_code = 75


class FileError(SnnrunError):
    """A file or service is missing, corrupt, foreign or full.

    `leave_at_once`: a library can't clean up any more; the process must not try.
    """

    exit_code = 5

    def __init__(self, message: str, leave_at_once: bool = False) -> None:
        super().__init__(message)
        self.leave_at_once = leave_at_once
