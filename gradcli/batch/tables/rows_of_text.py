"""A piece of CSV or TSV to columns of doubles."""

from __future__ import annotations

from contextlib import nullcontext
from threading import Lock

import numpy as np

from gradcli.batch.compiled_text import TEXT, Reader
from gradcli.batch.tables.blocks import Bad
from gradcli.batch.tables.cells import fault, number
from gradcli.batch.tables.decimals import MARGIN, decimals
from gradcli.batch.tables.quotes import QUOTE, is_blank, records, tidy
from gradcli.batch.tables.text import BLANK, NEWLINE, SPACE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from numpy.typing import NDArray

    Header = dict[str, Any]
    Bytes = NDArray[np.uint8]
    Places = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Found = tuple[Floats, list[Bad]]  # a line for each wanted column, and the bad rows
    Part = tuple[Floats, list[Bad], int]  # and how many lines of text it was

IN_CACHE = 1 << 17  # bytes
AT_ONCE = 1 << 14  # cells
LONG = 1 << 20  # bytes
ONE_LONG = Lock()  # what is made of a long line takes ten times its memory: one thread after the other


def parsed(header: Header, chunk: bytes) -> Found:
    """The wanted columns of a piece; nan and an entry in the list where a row is bad."""
    table = header["table"]
    delimiter = table["delimiter"]
    if b'"' in chunk:
        part = at_once(table, chunk, ord(delimiter)) if tidy(chunk, delimiter) is not None else carefully(table, chunk)
        parts = [part]
    elif (found := compiled(table, chunk) if header.get("compiled") else None) is not None:
        parts = [found]
    else:
        parts = []
        for lines in cut(chunk):
            with ONE_LONG if len(lines) > LONG else nullcontext():
                parts.append(at_once(table, lines, ord(delimiter)))
    bad: list[Bad] = []
    row, line = header["first"], header["line"]
    for values, faults, count in parts:
        bad += [fault._replace(row=row + fault.row, line=line + fault.line) for fault in faults]
        row, line = row + values.shape[1], line + count
    return parts[0][0] if len(parts) == 1 else np.concatenate([values for values, _, _ in parts], 1), bad


def compiled(table: Header, chunk: bytes) -> Part | None:
    """The same by compiled C; None where there is none, or too many cells are no plain decimal numbers."""
    width, wanted = table["width"], table["wanted"]
    library = TEXT.after(len(chunk))
    found = None if library is None else Reader(library, ord(table["delimiter"]), width, wanted).read(chunk)
    if found is None:
        return None
    values, odd, lines = found
    faults: dict[int, tuple[int, str]] = {}
    places: dict[int, int] = {}
    for row, column, begin, end, line in odd.tolist():
        places[row] = line
        if column < 0:
            faults[row] = -1, f"{cells(end)}, and the header has {width:,}"
            values[:, row] = np.nan
        else:
            cell = chunk[begin:end].decode("utf-8", "replace")
            values[wanted.index(column), row] = one(cell, row, column, faults)
    return values, listed(table, faults, [places[row] for row in sorted(faults)]), lines


def cut(chunk: bytes) -> Iterator[bytes]:
    """Whole lines, about as many as the cache holds with all that is computed from them."""
    begin = 0
    while begin < len(chunk):
        end = chunk.find(b"\n", begin + IN_CACHE) + 1 or len(chunk)
        yield chunk[begin:end] if end - begin < len(chunk) else chunk
        begin = end


def at_once(table: Header, chunk: bytes, delimiter: int) -> Part:
    """All cells by numpy; those that are not plain decimal numbers one by one."""
    width, wanted = table["width"], np.array(table["wanted"], np.int64)
    text = np.zeros(len(chunk) + 2 * MARGIN, np.uint8)
    text[MARGIN:-MARGIN] = np.frombuffer(chunk, np.uint8)
    marks = np.flatnonzero((text - np.uint8(48)) > 9)
    signs = text[marks]
    ends_line = signs == NEWLINE
    ends_cell = ends_line | (signs == delimiter)
    if b'"' in chunk:
        inside = np.cumsum(signs == QUOTE) % 2 == 1
        ends_line &= ~inside
        ends_cell &= ~inside
    stop_marks = np.flatnonzero(ends_cell)  # which of the marks end a cell
    stops = marks[stop_marks]
    last = np.flatnonzero(ends_line.take(stop_marks))  # among the stops, those that end a line
    counts = last + 1
    counts[1:] -= counts[:-1].copy()
    begins = np.concatenate((np.array([MARGIN], np.int64), stops[last[:-1]] + 1))
    begin_marks = np.concatenate((np.array([MARGIN], np.int64), stop_marks[last[:-1]] + 1))
    blank = blank_lines(text, begins, stops[last], counts, b" " if delimiter == 9 else BLANK)
    if blank.any():
        last, counts, begins, begin_marks = last[~blank], counts[~blank], begins[~blank], begin_marks[~blank]
    rows = len(last)
    ragged = np.flatnonzero(counts != width)
    faults: dict[int, tuple[int, str]] = {
        row: (-1, f"{cells(int(counts[row]))}, and the header has {width:,}") for row in ragged.tolist()
    }
    whole = np.flatnonzero(counts == width)
    stop = last[whole] - (width - 1) + wanted[:, None]  # a line for each wanted column
    before = np.maximum(stop, 1) - 1
    first = (wanted == 0)[:, None]
    starts = np.where(first, begins[whole], stops.take(before) + 1).ravel()
    at = np.where(first, begin_marks[whole], stop_marks.take(before) + 1).ravel()
    ends = stops.take(stop).ravel()
    bare, ends = stripped(text, starts, ends)
    if bare is not starts:
        starts, at = bare, np.searchsorted(marks, bare)
    found = np.empty(len(ends))
    for low in range(0, len(ends), AT_ONCE):
        part = slice(low, low + AT_ONCE)
        found[part], odd = decimals(text, starts[part], ends[part], marks, at[part])
        for place in (np.flatnonzero(odd) + low).tolist():
            cell = chunk[starts[place] - MARGIN : ends[place] - MARGIN].decode("utf-8", "replace")
            column, row = divmod(place, len(whole))
            found[place] = one(cell, int(whole[row]), int(wanted[column]), faults)
    values = found.reshape(len(wanted), len(whole))
    if len(whole) != rows:
        values = np.full((len(wanted), rows), np.nan)
        values[:, whole] = found.reshape(len(wanted), len(whole))
    lines = [chunk.count(b"\n", 0, int(begins[row]) - MARGIN) for row in sorted(faults)]
    return values, listed(table, faults, lines), chunk.count(b"\n")


def one(cell: str, row: int, column: int, faults: dict[int, tuple[int, str]]) -> float:
    """The number in a cell that is not plain, or nan and a fault, the first of the row."""
    try:
        return number(cell)
    except ValueError:
        if row not in faults or column < faults[row][0]:
            faults[row] = column, fault(cell)
        return np.nan


def stripped(text: Bytes, starts: Places, ends: Places) -> tuple[Places, Places]:
    """Cells without the blanks around them, and without quotes."""
    starts, ends = without_blanks(text, starts, ends)
    quoted = (text[starts] == QUOTE) & (ends - starts >= 2)
    if quoted.any():
        quoted &= text[ends - 1] == QUOTE
        starts, ends = without_blanks(text, starts + quoted, ends - quoted)
    return starts, ends


def without_blanks(text: Bytes, starts: Places, ends: Places) -> tuple[Places, Places]:
    while (blank := (text[starts] == SPACE) & (starts < ends)).any():
        starts = starts + blank
    while (blank := (text[ends - 1] == SPACE) & (starts < ends)).any():
        ends = ends - blank
    return starts, ends


def blank_lines(text: Bytes, begins: Places, ends: Places, counts: Places, blank: bytes) -> NDArray[np.bool_]:
    """Which lines hold nothing but blanks."""
    found: NDArray[np.bool_] = begins == ends
    first = text[begins]
    doubtful = np.flatnonzero(((first == SPACE) | (first == 9)) & (counts == 1) & ~found)
    for line in doubtful.tolist():
        found[line] = not text[begins[line] : ends[line]].tobytes().strip(blank)
    return found


def carefully(table: Header, chunk: bytes) -> Part:
    """The same by the csv module, for text in which quotes stand anywhere."""
    wanted: Sequence[int] = table["wanted"]
    rows: list[list[float]] = []
    faults: dict[int, tuple[int, str]] = {}
    begins: list[int] = []
    end = 0
    for row_cells, line in records(chunk.decode("utf-8", "replace").split("\n")[:-1], table["delimiter"]):
        begin, end = end, line
        if is_blank(row_cells):
            continue
        row = len(rows)
        begins.append(begin)
        if len(row_cells) != table["width"]:
            faults[row] = -1, f"{cells(len(row_cells))}, and the header has {table['width']:,}"
            rows.append([np.nan] * len(wanted))
        else:
            rows.append([one(row_cells[column], row, column, faults) for column in wanted])
    values = np.array(rows, np.float64).reshape(len(rows), len(wanted)).T
    return values, listed(table, faults, [begins[row] for row in sorted(faults)]), end


def listed(table: Header, faults: dict[int, tuple[int, str]], lines: list[int]) -> list[Bad]:
    """The bad rows, their numbers and lines from 0."""
    names = dict(zip(table["wanted"], table["names"], strict=True)) if faults else {}
    return [
        Bad(row, line, names.get(column, ""), fact)
        for (row, (column, fact)), line in zip(sorted(faults.items()), lines, strict=True)
    ]


def cells(count: int) -> str:
    return f"{count:,} cell{'s' * (count != 1)}"
