"""Rows of numbers as csv, tsv or JSON Lines, each number in the shortest form that reads back, as `repr` has it."""

from __future__ import annotations

import csv
import io

import numpy as np

from gradcli.batch.compiled_text import TEXT, Writer
from gradcli.batch.compiled_text import WORDS as PLAIN_WORDS
from gradcli.batch.shortest import WIDTH, letters
from gradcli.text import JSON_WORDS, json_string

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    Rows = np.ndarray[Any, np.dtype[np.float64]]

DELIMITERS = {"csv": ",", "tsv": "\t"}
AT_ONCE = 8192  # numbers: what is made of them on the way stays in the cache
WORDS = {name: JSON_WORDS[text].encode() for name, text in (("nan", "nan"), ("inf", "inf"), ("minus_inf", "-inf"))}


def heading(names: Sequence[str], form: str) -> bytes:
    """The line with the names of the columns; nothing where every row says them."""
    if form == "jsonl":
        return b""
    text = io.StringIO()
    csv.writer(text, delimiter=DELIMITERS[form], lineterminator="\n").writerow(names)
    return text.getvalue().encode()


def writer(names: Sequence[str], form: str, *, compiled: bool = False) -> Callable[[Rows], bytes]:
    """What turns rows into the lines of that form; COMPILED: by C, once there is so much text that it pays."""
    columns = len(names)
    if form == "jsonl":
        before = [f"{'{' if place == 0 else ','}{json_string(name)}:".encode() for place, name in enumerate(names)]
        plain, end, words = _in_parts(columns, lambda rows: _members(rows, before)), b"}\n", [*WORDS.values()]
    else:
        before, end, words = [b"", *[DELIMITERS[form].encode()] * (columns - 1)], b"\n", [*PLAIN_WORDS]
        ends = np.array([*[ord(DELIMITERS[form])] * (columns - 1), ord("\n")], np.uint8)
        plain = _in_parts(columns, lambda rows: _cells(rows, ends))

    def text(rows: Rows) -> bytes:
        library = TEXT.after(rows.nbytes)
        return plain(rows) if library is None else Writer(library, before, end, words).write(rows)

    return text if compiled else plain


def _in_parts(columns: int, text: Callable[[Rows], bytes]) -> Callable[[Rows], bytes]:
    step = max(AT_ONCE // columns, 1)
    return lambda rows: b"".join([text(rows[start : start + step]) for start in range(0, len(rows), step)])


def _cells(rows: Rows, ends: Any) -> bytes:
    """The numbers, each with what stands behind it."""
    found = letters(rows.ravel())
    found.reshape(len(rows), -1, WIDTH)[:, :, -1] = ends
    return found.tobytes().translate(None, b"\0")


def _members(rows: Rows, before: Sequence[bytes]) -> bytes:
    """The numbers, each with its name before it, as an object a line."""
    found = letters(rows.ravel(), **WORDS).reshape(len(rows), -1, WIDTH)
    pieces: list[Any] = []
    for place, name in enumerate(before):
        pieces += [np.broadcast_to(np.frombuffer(name, np.uint8), (len(rows), len(name))), found[:, place]]
    pieces.append(np.broadcast_to(np.frombuffer(b"}\n", np.uint8), (len(rows), 2)))
    return np.concatenate(pieces, axis=1).tobytes().translate(None, b"\0")
