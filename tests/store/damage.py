"""Ways to damage an HDF5 file: its bytes, what it holds, what lies in its place.

`BYTES`: (content, random) → content. `CONTENTS`: change an open file. `PLACES`: put something
else where a file was.
"""

import functools
import json
import os
import random
import shutil
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

PAGE = 4096


def _some(content: bytes, rng: random.Random, low: int, high: int, times: int) -> bytes:
    found = bytearray(content)
    for _ in range(times):
        found[rng.randrange(low, min(high, len(found)))] ^= 1 << rng.randrange(8)
    return bytes(found)


def _page(content: bytes, rng: random.Random) -> slice:
    first = rng.randrange(max(1, len(content) // PAGE)) * PAGE
    return slice(first, min(first + PAGE, len(content)))


def _filled(content: bytes, rng: random.Random, byte: bytes) -> bytes:
    page = _page(content, rng)
    return content[: page.start] + byte * (page.stop - page.start) + content[page.stop :]


def _swapped(content: bytes, rng: random.Random) -> bytes:
    a, b = sorted((_page(content, rng).start, _page(content, rng).start))
    found = bytearray(content)
    size = min(PAGE, b - a, len(content) - b)
    found[a : a + size], found[b : b + size] = content[b : b + size], content[a : a + size]
    return bytes(found)


def _shifted(content: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(content))
    return content[:at] + content[at + rng.randrange(1, 9) :]


def _repeated(content: bytes, rng: random.Random) -> bytes:
    page = _page(content, rng)
    return content[: page.stop] + content[page] + content[page.stop :]


def _heap(content: bytes, rng: random.Random) -> bytes:
    """Flip a bit in a heap of texts, which HDF5 does not check."""
    heaps = [i for i in range(len(content)) if content.startswith(b"GCOL", i)]
    if not heaps:
        return _some(content, rng, 0, len(content), 2)
    at = rng.choice(heaps)
    return _some(content, rng, at, at + PAGE, 1)


Bytes = Callable[[bytes, random.Random], bytes]
BYTES: dict[str, Bytes] = {
    "truncated": lambda c, r: c[: r.randrange(1, len(c))],
    "end cut off": lambda c, r: c[: -r.randrange(1, 200)],
    "one bit": lambda c, r: _some(c, r, 0, len(c), 1),
    "many bits": lambda c, r: _some(c, r, 0, len(c), 64),
    "head": lambda c, r: _some(c, r, 0, 700, 2),
    "heap": _heap,
    "zeroed page": lambda c, r: _filled(c, r, b"\0"),
    "page of ones": lambda c, r: _filled(c, r, b"\xff"),
    "swapped pages": _swapped,
    "shifted": _shifted,
    "repeated page": _repeated,
    "appended": lambda c, r: c + r.randbytes(r.randrange(1, 5000)),
    "rubbish": lambda c, r: r.randbytes(r.randrange(1, 9999)),
    "empty": lambda c, r: b"",
    "text": lambda c, r: b"seed: 1\n" * r.randrange(1, 2000),
}


def _replace(file: h5py.File, path: str, value: Any, **more: Any) -> None:
    attributes = dict(file[path].attrs)
    del file[path]
    file.create_dataset(path, data=value, **more).attrs.update(attributes)


def _delete(file: h5py.File, path: str) -> None:
    del file[path]


def _retyped(kind: str) -> Callable[[h5py.File, str, Path], None]:
    values: dict[str, Any] = {
        "objects": lambda f: np.array([f.ref] * 3, h5py.ref_dtype),
        "lists": lambda f: None,
        "compound": lambda f: np.zeros(3, [("a", "f8"), ("b", "i4")]),
        "texts": lambda f: ["a", "b"],
        "opaque": lambda f: np.zeros(3, "V16"),
        "complex": lambda f: np.zeros(3, complex),
        "nothing": lambda f: h5py.Empty("f8"),
        "a table": lambda f: np.zeros((3, 3, 2)),
    }

    def change(file: h5py.File, path: str, _: Path) -> None:
        if kind == "lists":
            del file[path]
            file.create_dataset(path, (3,), h5py.vlen_dtype(np.float64))[0] = [1.0, 2.0]
        else:
            _replace(file, path, values[kind](file))

    return change


@functools.cache
def _packed_zeros() -> bytes:
    packer, zeros = zlib.compressobj(1), bytes(1 << 20)
    return b"".join(packer.compress(zeros) for _ in range(1024)) + packer.flush()


def _bomb(file: h5py.File, path: str, _: Path) -> None:
    """A chunk that claims 8 KB and unpacks to 1 GB."""
    del file[path]
    found = file.create_dataset(
        path, (1024,), "f8", chunks=(1024,), maxshape=(None,), compression="gzip"
    )
    found.id.write_direct_chunk((0,), _packed_zeros())


def _huge(chunks: bool) -> Callable[[h5py.File, str, Path], None]:
    def change(file: h5py.File, path: str, _: Path) -> None:
        attributes = dict(file[path].attrs)
        del file[path]
        more = {"chunks": (1 << 14,), "maxshape": (None,)} if chunks else {}
        file.create_dataset(path, (10**12,), "f8", **more).attrs.update(attributes)

    return change


def _link(make: Callable[[str, Path], Any]) -> Callable[[h5py.File, str, Path], None]:
    def change(file: h5py.File, path: str, other: Path) -> None:
        del file[path]
        file[path] = make(path, other)

    return change


def _external(file: h5py.File, path: str, other: Path) -> None:
    size = file[path].shape
    kind = file[path].dtype
    del file[path]
    target = [("/etc/passwd", 0, h5py.h5f.UNLIMITED)]
    file.create_dataset(path, size or (1,), kind, external=target)


def _virtual(file: h5py.File, path: str, other: Path) -> None:
    shape, kind = file[path].shape or (1,), file[path].dtype
    attributes = dict(file[path].attrs)
    del file[path]
    layout = h5py.VirtualLayout(shape, kind)
    layout[...] = h5py.VirtualSource(str(other), path, shape)
    file.create_virtual_dataset(path, layout).attrs.update(attributes)


def _soft(file: h5py.File, path: str, _: Path) -> None:
    file.move(path, "aside")
    file[path] = h5py.SoftLink("/aside")


def _version(value: Any) -> Callable[[h5py.File, str, Path], None]:
    def change(file: h5py.File, path: str, _: Path) -> None:
        del file.attrs["format_version"]
        if value is not None:
            file.attrs["format_version"] = value

    return change


def _format(value: Any) -> Callable[[h5py.File, str, Path], None]:
    def change(file: h5py.File, path: str, _: Path) -> None:
        file.attrs["format"] = value

    return change


Change = Callable[[h5py.File, str, Path], None]
CONTENTS: dict[str, Change] = {
    "missing": lambda f, p, _: _delete(f, p),
    "group above missing": lambda f, p, _: _delete(f, p.split("/")[0]),
    "group instead": lambda f, p, _: (_delete(f, p), f.create_group(p), None)[-1],
    **{f"type: {k}": _retyped(k) for k in ("objects", "lists", "compound", "texts", "opaque")},
    **{f"type: {k}": _retyped(k) for k in ("complex", "nothing", "a table")},
    "bomb": _bomb,
    "huge": _huge(chunks=False),
    "huge in chunks": _huge(chunks=True),
    "link: external": _link(lambda p, other: h5py.ExternalLink(str(other), p)),
    "link: above": _link(lambda p, other: h5py.ExternalLink(f"../{other.name}", p)),
    "link: passwd": _link(lambda p, other: h5py.ExternalLink("/etc/passwd", "/")),
    "link: dangling": _link(lambda p, other: h5py.SoftLink("/nowhere")),
    "link: itself": _link(lambda p, other: h5py.SoftLink(f"/{p}")),
    "link: soft": _soft,
    "link: group": lambda f, p, _: (_delete(f, p), f.__setitem__(p, f["/"]), None)[-1],
    "external storage": _external,
    "virtual": _virtual,
    "version: future": _version(99),
    "version: negative": _version(-1),
    "version: text": _version("one"),
    "version: fraction": _version(1.5),
    "version: several": _version([1, 1]),
    "version: missing": _version(None),
    "format: foreign": _format("nwb"),
    "format: number": _format(7),
    "format: bytes": _format(np.bytes_(b"\xff\xfe")),
}


def _folder(path: Path) -> None:
    path.mkdir()


def _loop(path: Path) -> None:
    path.symlink_to(path.name)


def _missing(path: Path) -> None:
    assert not path.exists()


def _foreign(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["spikes/timestamps"] = np.arange(9.0)


PLACES: dict[str, Callable[[Path], None]] = {
    "folder": _folder,
    "pipe": os.mkfifo,
    "loop": _loop,
    "dangling": lambda path: path.symlink_to("nowhere"),
    "device": lambda path: path.symlink_to("/dev/zero"),
    "gone": _missing,
    "another HDF5 file": _foreign,
}


def put(path: Path, other: Path) -> None:
    """Put a copy of `other` in place of a path, whatever is there."""
    if path.is_symlink() or path.exists():
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    shutil.copy(other, path)


_NESTED = "[" * 100_000 + "]" * 100_000


def abouts(about: dict[str, Any]) -> dict[str, str]:
    """Return hostile versions, as JSON, of what a checkpoint says of itself."""
    trial = about["trials"]["0"]

    def dump(**more: Any) -> str:
        return json.dumps({**about, **more})

    def less(name: str) -> str:
        return json.dumps({k: v for k, v in about.items() if k != name})

    def of_trial(**more: Any) -> str:
        return dump(trials={"0": {**trial, **more}})

    name = next(iter(about["rows"]))
    return {
        "no JSON": "{",
        "deep": _NESTED,
        "deep below": dump()[:-1] + f', "x": {_NESTED}}}',
        "a list": "[]",
        "nothing": "null",
        "long number": dump()[:-1] + ', "start": ' + "9" * 9999 + "}",
        **{f"no {key}": less(key) for key in ("dt", "start", "network_seed", "rows", "trials")},
        "NaN dt": dump(dt=float("nan")),
        "infinite seconds": dump(seconds={"loop_s": float("inf")}),
        "dt of zero": dump(dt=0),
        "dt of text": dump(dt="0.05"),
        "negative start": dump(start=-1),
        "start beyond": dump(start=2**63),
        "negative seed": dump(network_seed=-1),
        "seed of text": dump(network_seed="1"),
        "negative rows": dump(rows={**about["rows"], name: -5}),
        "fractional rows": dump(rows={**about["rows"], name: 1.5}),
        "sums of text": dump(sums={name: "0"}),
        "trial of no number": dump(trials={"../0": trial}),
        "trial of no mapping": dump(trials={"0": 1}),
        "negative end": of_trial(end=-1000),
        "end of text": of_trial(end="1000"),
        "over of text": of_trial(over="no"),
        "fault of text": of_trial(fault="x"),
        "stopped missing": dump(trials={"0": {k: trial[k] for k in trial if k != "stopped"}}),
    }
