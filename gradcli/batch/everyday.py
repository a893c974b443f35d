"""Everyday lines, answered some at once: a program, its values, an id perhaps, and nothing else."""

from __future__ import annotations

from itertools import repeat

from gradcli.errors import GradError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from gradcli.batch.calculator import Calculator
    from gradcli.batch.lines import Reader, Written

    Everyday = tuple[str, dict[str, Any], str]  # the program, its values, and the member that has the id

FLOATS = frozenset((float,))
MOST_NAMES = 100_000
AT_ONCE = 48  # lines: enough for short loops, few enough to stay near the processor


def answered(
    reader: Reader, written: Written, payload: bytes, first: int, calculator: Calculator,
    one: Callable[[int, Any], bool],
) -> None:  # fmt: skip
    """Add the answers to the lines in PAYLOAD; ONE answers a line that is not everyday, and says whether it ends it."""
    append, start, several, alone = written.lines.append, written.start, calculator.several, calculator.alone
    numbered = [*reader.numbered(payload, first)]
    for place in range(0, len(numbered), AT_ONCE):
        block = numbered[place : place + AT_ONCE]
        asked = reader.everyday([line for _, line in block])
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
                    text = alone(line, {}) if reader.undivided else alone(source, at)
                except (GradError, MemoryError) as error:
                    if written.failed(number, label, error):
                        return
                    continue
            append(f"{start}{label},{text}}}\n" if label else f'{start}"line":{number},{text}}}\n')


def learn(names: set[str], at: dict[str, Any]) -> None:
    """Add what AT gives values to what is known to be NAMES; ValueError where one is none, or needs a closer look."""
    if len(names) > MOST_NAMES:
        names.clear()
    for name in at:
        if not (name.isascii() and name.isidentifier()) or name == "at":
            raise ValueError
    names.update(at)


def no_number(constant: str) -> Any:
    """NaN and Infinity are no numbers of JSON, nor of the language: a line with one is looked at more closely."""
    raise ValueError(constant)
