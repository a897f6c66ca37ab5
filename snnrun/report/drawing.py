"""Pictures look the same for everybody, and one that can't be drawn is an error that says why."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from snnrun.errors import FileError, SnnrunError
from snnrun.store.disk import cause


@contextlib.contextmanager
def drawing(path: Path) -> Iterator[None]:
    """Use matplotlib's own settings meanwhile; import what draws `path` inside.

    A backend of the environment, such as a notebook's, which matplotlib would try to load, is left
    out: files need none. FileError where matplotlib, a file or memory is missing, SnnrunError
    where the picture can't be drawn.
    """
    backend = os.environ.pop("MPLBACKEND", None)
    try:
        import matplotlib

        with matplotlib.rc_context():
            matplotlib.rcdefaults()
            yield
    except SnnrunError:
        raise
    except (ImportError, OSError, MemoryError) as error:
        raise FileError(f"{path}: can't be drawn: {cause(error)}") from error
    except Exception as error:
        text = f"{path}: can't be drawn: {type(error).__name__}: {error}"
        raise SnnrunError(text) from error
    finally:
        if backend is not None:
            os.environ["MPLBACKEND"] = backend
