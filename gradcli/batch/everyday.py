"""Everyday lines of JSON, answered some at once: a program, its values, an id perhaps, and nothing else."""

from __future__ import annotations

from itertools import repeat

from gradcli.batch.objects import UNUSUAL
from gradcli.errors import GradError
from gradcli.text import json_string

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from gradcli.batch.calculator import Calculator
    from gradcli.batch.lines import Written
    from gradcli.batch.objects import Objects

    Line = str | bytes
    Asked = tuple[str, dict[str, Any], str]  # the program, its values, and the member that has the id

FLOATS = frozenset((float,))
AT_ONCE = 48  # lines: enough for short loops, few enough to stay near the processor


def answered(
    reader: Objects, written: Written, payload: bytes, first: int, calculator: Calculator,
    one: Callable[[int, Any], bool],
) -> None:  # fmt: skip
    """Add the answers to the lines in PAYLOAD; ONE answers a line that is not everyday, and says whether it ends it."""
    append, start, several, alone = written.lines.append, written.start, calculator.several, calculator.alone
    numbered = [*reader.numbered(payload, first)]
    for place in range(0, len(numbered), AT_ONCE):
        block = numbered[place : place + AT_ONCE]
        asked = _read(reader, [line for _, line in block])
        plain = [question for question in asked if question is not None]
        texts: Iterator[str | None] = iter(())
        if plain:
            try:
                texts = iter(several([source for source, _, _ in plain], [at for _, at, _ in plain]))
            except (GradError, MemoryError):  # of one of them, which will be told when it is asked alone
                texts = repeat(None)
        for (number, line), question in zip(block, asked, strict=True):
            if question is None:
                if one(number, line):
                    return
                continue
            source, at, label = question
            text = next(texts)
            if text is None:
                try:
                    text = alone(source, at)
                except (GradError, MemoryError) as error:
                    if written.failed(number, label, error):
                        return
                    continue
            append(f"{start}{label},{text}}}\n" if label else f'{start}"line":{number},{text}}}\n')


def _read(reader: Objects, lines: Sequence[Line]) -> list[Asked | None]:
    """The questions in the LINES; None where one is not everyday."""
    load, colon, names = reader.load, reader.colon, reader.names
    read: list[Asked | None] = []
    for line in lines:
        try:
            found = load(line)
            source = found["expr"]
            at = found["at"]
            name = found.get("id")
            size = len(found)
            if (
                size != (2 if name is None else 3) or type(source) is not str or type(at) is not dict
                or line.count(colon) != size + len(at)
            ):  # fmt: skip
                raise ValueError
            if not names.issuperset(at):
                reader.learn(at)
            if not FLOATS.issuperset(map(type, at.values())):
                for key, value in at.items():
                    if type(value) is not float:
                        if type(value) is not int or not value:
                            raise ValueError
                        at[key] = float(value)
            if name is None:
                label = ""
            elif type(name) is int and name:  # a zero may have a sign, which an id keeps
                label = f'"id":{name}'
            elif type(name) is str:
                label = f'"id":{json_string(name)}'
            else:
                raise ValueError
            read.append((source, at, label))
        except UNUSUAL:
            read.append(None)
    return read
