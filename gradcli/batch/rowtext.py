"""Rows of numbers as text: csv, tsv or JSON Lines, each number in the shortest form that reads back, as `repr` has it.

With orjson, which spells ordinary numbers as Python does, many times as fast; the bytes are the same.
"""

from __future__ import annotations

import csv
import io

import numpy as np

from gradcli.text import JSON_WORDS, json_string

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    Rows = np.ndarray[Any, np.dtype[np.float64]]

SMALLEST, LARGEST = 1e-4, 1e16  # between them nobody writes an exponent
AT_ONCE = 4096  # rows


def heading(names: Sequence[str], form: str) -> bytes:
    """The line with the names of the columns; nothing where every row says them."""
    if form == "jsonl":
        return b""
    text = io.StringIO()
    csv.writer(text, delimiter=DELIMITERS[form], lineterminator="\n").writerow(names)
    return text.getvalue().encode()


def writer(names: Sequence[str], form: str) -> Callable[[Rows], bytes]:
    """What turns rows into the lines of that form."""
    fast = _orjson()
    row = _template(names, form)

    def lines(rows: Rows) -> bytes:
        found = []
        for start in range(0, len(rows), AT_ONCE):
            part = rows[start : start + AT_ONCE]
            if fast is not None and form != "jsonl" and _is_ordinary(part):
                text: bytes = fast(part)[2:-2].replace(b"],[", b"\n")
                found.append(text.replace(b",", b"\t") if form == "tsv" else text)
                found.append(b"\n")
            elif form == "jsonl" and not np.isfinite(part).all():
                for numbers in part.tolist():
                    texts = [JSON_WORDS.get(text, text) for text in map(repr, numbers)]
                    found.append((row.replace("%r", "%s") % tuple(texts)).encode())
            else:
                found.append((row * len(part) % tuple(part.ravel().tolist())).encode())
        return b"".join(found)

    return lines


DELIMITERS = {"csv": ",", "tsv": "\t"}


def _template(names: Sequence[str], form: str) -> str:
    if form != "jsonl":
        return DELIMITERS[form].join(["%r"] * len(names)) + "\n"
    members = (f"{json_string(name).replace('%', '%%')}:%r" for name in names)
    return f"{{{','.join(members)}}}\n"


def _is_ordinary(rows: Rows) -> bool:
    """Whether no number is written with an exponent, or is none."""
    size = np.abs(rows)
    return bool((((size >= SMALLEST) & (size < LARGEST)) | (size == 0)).all())


def _orjson() -> Callable[[Rows], bytes] | None:
    try:
        import orjson
    except ImportError:
        return None
    return lambda rows: orjson.dumps(np.ascontiguousarray(rows), option=orjson.OPT_SERIALIZE_NUMPY)
