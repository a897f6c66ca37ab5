"""plan.json: the plan of a sweep on disk, and what is looked at before it is believed."""

import dataclasses
import json
import os
import re
import secrets
from pathlib import Path
from typing import Any

from snnrun import __version__
from snnrun.config.reader import plain
from snnrun.edges import Least
from snnrun.errors import FileError
from snnrun.store.disk import cause, discard, temporary_name
from snnrun.sweep.alike import Group
from snnrun.sweep.plan import Plan, Point, about_files, files_of

NAME = "plan.json"
FORMAT, FORMAT_VERSION = "snnrun sweep", 1
_MOST_BYTES = 2**31


def write(plan: Plan, folder: Path) -> bool:
    """Write plan.json; False if another process has just written one."""
    content = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "snnrun": __version__,
        **plan.about,
        **about_files(*files_of(plan.about), folder),
        "swept": plan.swept,
        "groups": [group._asdict() for group in plan.groups],
        "base": plan.base,
        "points": [dataclasses.asdict(point) for point in plan.points],
    }
    path = folder / NAME
    temporary = temporary_name(path).with_suffix(f".{secrets.token_hex(4)}.tmp")
    try:
        with temporary.open("w", encoding="utf-8") as file:
            json.dump(content, file)
            file.flush()
            os.fsync(file.fileno())
        os.link(temporary, path)  # fails where there is one
    except FileExistsError:
        return False
    except OSError as error:
        raise FileError(f"{path}: can't be written: {cause(error)}") from error
    finally:
        discard(temporary)
    return True


def read(folder: Path) -> Plan:
    """Return the plan of a sweep's folder; FileError where there is none that can be used."""
    path = folder / NAME
    if not path.is_file():
        raise FileError(f"{folder}: holds no {NAME}, so no sweep was begun there")
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise FileError(f"{path}: can't be read: it is above {_MOST_BYTES >> 30} GiB")
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            raise FileError(f"{path}: is no plan of a sweep")
        if content["format_version"] != FORMAT_VERSION:
            raise FileError(
                f"{path}: has format version {content['format_version']}, this snnrun reads"
                f" {FORMAT_VERSION}; finish the sweep with the version that planned it"
                f" (snnrun {content.get('snnrun')})"
            )
        return _located(_parsed(content), folder)
    except OSError as error:
        raise FileError(f"{path}: can't be read: {cause(error)}") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise FileError(f"{path}: is damaged ({type(error).__name__}: {error})"[:300]) from error


def _located(plan: Plan, folder: Path) -> Plan:
    """Return the plan with absolute paths."""
    places, config = files_of(plan.about)
    found = about_files([folder / place for place in places], config and folder / config)
    return dataclasses.replace(plan, about={**plan.about, **found})


def _parsed(content: dict[str, Any]) -> Plan:
    """Return the plan in a file that nobody has looked at; ValueError where it can't be one."""
    names = ("overrides", "config_dirs", "config", "name", "command", "created")
    about = {name: content[name] for name in names}
    _expect(all(map(_is_text, (about["name"], about["command"], about["created"]))), "about")
    _expect(about["config"] is None or _is_text(about["config"]), "config")
    _expect(_are_texts(about["overrides"]) and _are_texts(about["config_dirs"]), "overrides")
    swept = content["swept"]
    _expect(_are_texts(swept) and len({*swept}) == len(swept), "swept")
    _expect(all(re.search(r"\w", path) and path.isprintable() for path in swept), "swept")
    _expect(isinstance(content["base"], dict) and _is_plain(content["base"]), "base")
    groups = [_group(**group) for group in content["groups"]]
    points = [Point(**point) for point in content["points"]]
    for index, point in enumerate(points):
        _expect(type(point.index) is int and point.index == index, f"point {index}")
        _expect(_is_sound(point, swept, len(groups)), f"point {index}")
    _expect(any(point.error is None for point in points), "points")
    return Plan(about, swept, content["base"], groups, points)


def _group(least: Any, own_contacts: Any, **numbers: Any) -> Group:
    whole = [*numbers.values(), *least]
    _expect(all(type(n) is int and 0 <= n <= 2**62 for n in whole), "a group")
    group = Group(least=Least(*least), own_contacts=own_contacts, **numbers)
    _expect(type(own_contacts) is bool and min(group[:3]) > 0 and max(group.least) < 2**40, "group")
    return group


def _is_sound(point: Point, swept: list[str], groups: int) -> bool:
    """Return whether a point's parts are what they should be."""
    return (
        _are_texts(point.overrides)
        and isinstance(point.values, dict)
        and {*point.values} == {*swept}
        and all(_are_texts(path) and _is_plain(value) for path, value in point.changes)
        and _is_text(point.hash)
        and type(point.group) is int
        and (0 <= point.group < groups if point.error is None else point.group == -1)
        and (point.error is None or _is_text(point.error))
    )


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _are_texts(values: Any) -> bool:
    return isinstance(values, list) and all(map(_is_text, values))


def _is_plain(value: Any) -> bool:
    """Return whether a configuration could hold a value."""
    problems: list[str] = []
    plain(value, "", problems)
    return not problems


def _expect(sound: Any, what: str) -> None:
    if not sound:
        raise ValueError(f"{what} is not what it should be")
