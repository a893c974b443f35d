"""A chunk of everyday lines of JSON, answered in one loop: a program, its values, an id perhaps, and nothing else."""

from __future__ import annotations

from gradcli.batch.objects import UNUSUAL
from gradcli.errors import GradError
from gradcli.text import json_string

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from gradcli.batch.lines import Written
    from gradcli.batch.objects import Objects

FLOATS = frozenset((float,))


def answered(
    reader: Objects, written: Written, payload: bytes, first: int, members: Callable[..., str],
    one: Callable[[int, Any], bool],
) -> None:  # fmt: skip
    """Add the answers to the lines in PAYLOAD by MEMBERS; ONE answers a line that is not everyday, and says whether it
    was the last."""
    load, colon, names, append, start = reader.load, reader.colon, reader.names, written.lines.append, written.start
    for number, line in reader.numbered(payload, first):
        try:
            found = load(line)
            source = found["expr"]
            at = found["at"]
            name = found.get("id")
            size = len(found)
            if (
                size != (2 if name is None else 3) or type(source) is not str or type(at) is not dict
                or line.count(colon) != size + len(at) or not names.issuperset(at)
            ):  # fmt: skip
                raise ValueError
            if not FLOATS.issuperset(map(type, at.values())):
                for key, value in at.items():
                    if type(value) is not float:
                        if type(value) is not int or not value:
                            raise ValueError
                        at[key] = float(value)
            if name is None:
                label = ""
            elif type(name) is int:
                label = f'"id":{name}'
            elif type(name) is str:
                label = f'"id":{json_string(name)}'
            else:
                raise ValueError
        except UNUSUAL:
            if one(number, line):
                break
            continue
        try:
            text = members(source, at)
        except (GradError, MemoryError) as error:
            if written.failed(number, label, error):
                break
            continue
        append(f"{start}{label},{text}}}\n" if label else f'{start}"line":{number},{text}}}\n')
