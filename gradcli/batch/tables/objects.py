"""A piece of JSON Lines to columns of doubles."""

from __future__ import annotations

import json
from itertools import chain

import numpy as np

from gradcli.batch.tables.blocks import Bad
from gradcli.batch.tables.cells import MOST_SHOWN
from gradcli.batch.tables.text import BLANK
from gradcli.text import shortest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from gradcli.batch.tables.table import Header

    Faults = dict[int, tuple[int, str]]

NAMED = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}


class Bare(ValueError):
    """NaN or Infinity without quotes."""


def _bare(constant: str) -> float:
    raise Bare(constant)


DECODE = json.JSONDecoder(parse_int=float, parse_constant=_bare).decode  # parse_int: -0 is the double -0.0


def decoded(line: bytes) -> Any:
    """The value of a line of JSON with every number a double, or, as text, what is wrong with it."""
    try:
        found = DECODE(line.decode())
    except Bare as bare:
        return f'{bare} is not JSON: write "{bare}", with quotes'
    except json.JSONDecodeError as error:
        return f"not JSON: {error.msg[:1].lower()}{error.msg[1:]}, column {error.colno} of the line"
    except UnicodeDecodeError:
        return "it is not UTF-8 text"
    except (RecursionError, ValueError):
        return "its lists or numbers are too long or too deep"
    return found if isinstance(found, dict) else "an object was expected"


def _loads() -> Callable[[bytes], Any] | None:
    try:
        import orjson
    except ImportError:
        return None
    return orjson.loads  # type: ignore[no-any-return, unused-ignore]


def parsed(header: Header, chunk: bytes) -> tuple[Any, list[Bad]]:
    """The wanted columns of a piece; nan and an entry in the list where a row is bad."""
    lines = chunk.split(b"\n")[:-1]
    places = [place for place, line in enumerate(lines) if line.strip(BLANK)]
    if len(places) != len(lines):
        lines = [lines[place] for place in places]
    objects = objects_of(lines)
    faults: Faults = {row: (-1, found) for row, found in enumerate(objects) if isinstance(found, str)}
    table = header["table"]
    values = np.empty((len(table["members"]), len(objects)))
    arrays: dict[str, Any] = {}
    for column, (key, index) in enumerate(table["members"]):
        shape = table["shapes"][key]
        if key not in arrays:
            arrays[key] = None if faults else at_once(objects, key, shape)
        if arrays[key] is not None:
            values[column] = arrays[key][(slice(None), *index)]
            continue
        for row, found in enumerate(objects):
            value = np.nan if isinstance(found, str) else element(found, key, shape, index)
            if isinstance(value, str):
                if row not in faults:
                    faults[row] = column, value
                value = np.nan
            values[column, row] = value
    names = table["names"]
    bad = [
        Bad(header["first"] + row, header["line"] + places[row], names[column] if column >= 0 else "", fact)
        for row, (column, fact) in sorted(faults.items())
    ]
    return values, bad


def objects_of(lines: Sequence[bytes]) -> list[Any]:
    """The objects, by orjson where it is installed and takes every line; text where a line holds none."""
    loads = _loads()
    if loads is not None:
        try:
            objects = [loads(line) for line in lines]
        except ValueError:
            pass
        else:
            if all(type(found) is dict for found in objects):
                return objects
    return [decoded(line) for line in lines]


def at_once(objects: Sequence[Any], key: str, shape: Sequence[int]) -> Any:
    """One member of all objects as an array, where all are numbers, or lists of as many numbers; else None."""
    try:
        found: list[Any] = [row[key] for row in objects]
    except KeyError:
        return None
    for length in shape:
        if any(type(part) is not list or len(part) != length for part in found):
            return None
        found = list(chain.from_iterable(found))
    if not set(map(type, found)) <= {float, int}:
        return None
    try:
        return np.array(found, np.float64).reshape(len(objects), *shape)
    except OverflowError:
        return None


def element(found: dict[str, Any], key: str, shape: Sequence[int], index: Sequence[int]) -> float | str:
    """The number of an object that a column holds, or what is wrong with it."""
    value = found.get(key)
    for length, place in zip(shape, index, strict=True):
        if value is None:
            return "a number is missing"
        if not isinstance(value, list):
            return f"a list of {length:,} was expected, {shown(value)} found"
        if len(value) != length:
            return f"{len(value):,} number{'s' * (len(value) != 1)}, and {length:,} in the first rows"
        value = value[place]
    if value is None:
        return "a number is missing"
    if isinstance(value, str) and value in NAMED:
        return NAMED[value]
    if type(value) is float:
        return value
    if type(value) is int:
        return float(str(value))  # a whole number past the largest double is infinite, as in any other table
    return f"{shown(value)} is no number"


def shown(value: object) -> str:
    if isinstance(value, (list, dict)):
        return "a list" if isinstance(value, list) else "an object"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return shortest(float(str(value)))
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MOST_SHOWN else text[:MOST_SHOWN] + "…"
